#!/usr/bin/env bash
# What uses threads, under ThreadSanitizer: the C++ tests of it, and the addon in workers:
# `npm run test:tsan`.
set -euo pipefail
cd "$(dirname "$0")/../.."

cmake -S . -B build/tsan-cpp -DWSUV_TSAN=ON > /dev/null
cmake --build build/tsan-cpp -j2 --target wsuv_thread_tests
ctest --test-dir build/tsan-cpp --output-on-failure -j2

out=build/tsan
bash test/lifecycle/build-with.sh "$out" thread
preload="$(gcc -print-file-name=libtsan.so)"
scripts="$out/test/lifecycle/scripts"
failed=0
check() {
  echo "== $*"
  rm -f "$out"/race.*
  # What Node.js does is not seen, but where it calls the C library: so there are reports of Node's
  # own, and its exit code says nothing.
  if ! LD_PRELOAD="$preload" TSAN_OPTIONS="log_path=$out/race exitcode=0 history_size=7" \
    timeout 240 node "$@" > "$out/output.log" 2>&1; then
    head -60 "$out/output.log"
    failed=1
  fi
  node test/lifecycle/races.js "$out"/race.* || failed=1
}

check "$scripts/workers.js" 1
check "$scripts/compress-in-threads.js"
exit "$failed"
