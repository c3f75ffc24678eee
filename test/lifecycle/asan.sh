#!/usr/bin/env bash
# Builds the addon with AddressSanitizer and UndefinedBehaviorSanitizer in a folder of its own, and
# runs the lifecycle scripts, an echo of everything and random operations on it: `npm run test:asan`.
set -euo pipefail
cd "$(dirname "$0")/../.."

out=build/asan
# The addon has no type information, which one of the checks would need.
bash test/lifecycle/build-with.sh "$out" address,undefined \
  "-fno-sanitize=vptr -fno-sanitize-recover=undefined"
preload="$(gcc -print-file-name=libasan.so):$(gcc -print-file-name=libubsan.so)"

failed=0
check() {
  echo "== $*"
  # Leaks are for the leak test: Node itself frees little at its end.
  if ! LD_PRELOAD="$preload" ASAN_OPTIONS=detect_leaks=0 \
    timeout 120 node --expose-gc "$@" > "$out/output.log" 2>&1 ||
    grep -qE 'ERROR: AddressSanitizer|runtime error:' "$out/output.log"; then
    head -60 "$out/output.log"
    failed=1
  fi
}

scripts="$out/test/lifecycle/scripts"
for script in workers two-evaluations collect-contexts throwing-handler echo-all; do
  check "$scripts/$script.js"
done
check "$scripts/stale-handle.js" WSUV_STALE_HANDLE
for stage in listening connected upgraded connection message ping close 'client closed' 'server closed' end; do
  check "$scripts/leave.js" "$stage"
done
# Random operations, with the collector at work between any two of them.
check --gc-interval=500 "$out/test/stress/index.js" 40
check --gc-interval=500 "$out/test/stress/own-servers.js" 20
exit "$failed"
