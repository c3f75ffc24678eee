#!/usr/bin/env bash
# Builds the fuzz targets and runs each for a while (seconds, 20 by default), from its corpus.
# What it finds new stays in build/fuzz/; a crash is kept there too, and fails. Then says how much
# of the files that it is about each target has reached, and fails below the floor beside it.
#
#   npm run test:fuzz -- [SECONDS [TARGET ...]]
set -euo pipefail
cd "$(dirname "$0")/../.."

# target; the longest input; the per cent of the regions in the files behind it that it reaches.
# The files are those of src/protocol/, unless they say where they are.
targets=(
  "frame_reader      4000  80  frame_parser.h frame_parser.cc message_assembler.h message_assembler.cc"
  "frame_sequence    1000  88  frame_parser.h frame_parser.cc message_assembler.h message_assembler.cc message_buffer.cc"
  "closing_handshake 1000  95  closing_handshake.h closing_handshake.cc"
  "stream_pool       1000  80  stream_pool.h"
  "deflate           4000  75  deflate.cc stream_pool.h"
  "message_stream    3000  85  piece_inflater.cc piece_inflater.h piece_inflation.cc"
  "request_head      4000  75  http_head.cc"
  "request_head_llhttp 500  65  http_head.cc upgrade.cc"
  "utf8              2000  95  utf8.cc"
  "write_queue       1000  85  transport/write_queue.cc transport/block_pool.cc"
  "context           3000  78  binding/context.cc binding/environment.cc binding/environment.h binding/event_ring.cc binding/staging.cc binding/staging.h binding/shared_memory.cc"
)

seconds="${1:-20}"
shift || true
wanted=" $* "

build() {
  cmake -S . -B "build/$1" -DWSUV_FUZZ=ON -DCMAKE_CXX_COMPILER=clang++ \
    -DCMAKE_C_COMPILER=clang "${@:2}" > "build/$1.log" 2>&1 &&
    cmake --build "build/$1" -j2 >> "build/$1.log" 2>&1 || {
    cat "build/$1.log"
    exit 1
  }
}
mkdir -p build
build fuzz -DWSUV_SANITIZE=ON
build fuzz-coverage -DWSUV_COVERAGE=ON

failed=0
for row in "${targets[@]}"; do
  read -r name length floor files <<< "$row"
  [[ "$wanted" == *" $name "* || -z "${wanted// /}" ]] || continue
  found="build/fuzz/corpus/$name"
  mkdir -p "$found" "test/fuzz/corpus/$name"
  echo "== $name"
  "build/fuzz/${name}_fuzz" -max_total_time="$seconds" -max_len="$length" -print_final_stats=1 \
    -verbosity=0 -artifact_prefix="build/fuzz/" "$found" "test/fuzz/corpus/$name" 2>&1 |
    grep -vE '^(#|"|$|INFO|\s+NEW_FUNC|stat::(average|new|slowest|peak))'

  sources=()
  for file in $files; do
    [[ "$file" == */* ]] && sources+=("src/$file") || sources+=("src/protocol/$file")
  done
  profile="build/fuzz-coverage/$name"
  LLVM_PROFILE_FILE="$profile.raw" "build/fuzz-coverage/${name}_fuzz" -runs=0 -verbosity=0 \
    "$found" "test/fuzz/corpus/$name" > /dev/null 2>&1
  llvm-profdata merge -o "$profile.data" "$profile.raw"
  reached="$(llvm-cov export -summary-only -instr-profile "$profile.data" \
    "build/fuzz-coverage/${name}_fuzz" "${sources[@]}" |
    node -e 'console.log(JSON.parse(require("fs").readFileSync(0)).data[0].totals.regions.percent.toFixed(1))')"
  echo "reaches $reached% of the regions of: $files"
  if (($(node -p "Number($reached < $floor)"))); then
    echo "that is less than $floor%"
    failed=1
  fi
done
exit "$failed"
