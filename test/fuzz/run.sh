#!/usr/bin/env bash
# Builds the fuzz targets and runs each for a while (seconds, 20 by default), from its corpus.
# What it finds new stays in build/fuzz/; a crash is kept there too, and fails.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds="${1:-20}"
cmake -S . -B build/fuzz -DWSUV_FUZZ=ON -DWSUV_SANITIZE=ON -DCMAKE_CXX_COMPILER=clang++ > build/fuzz.log 2>&1 || {
  cat build/fuzz.log
  exit 1
}
cmake --build build/fuzz -j2
for target in build/fuzz/*_fuzz; do
  name="$(basename "$target" _fuzz)"
  mkdir -p "build/fuzz/corpus/$name"
  echo "== $name"
  "$target" -max_total_time="$seconds" -max_len=2000 -print_final_stats=0 -verbosity=0 \
    -artifact_prefix="build/fuzz/" "build/fuzz/corpus/$name" "test/fuzz/corpus/$name"
done
