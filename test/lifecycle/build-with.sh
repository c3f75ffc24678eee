#!/usr/bin/env bash
# Builds the addon with sanitizers, in a folder of its own that has lib/ and test/ beside it:
# build-with.sh FOLDER SANITIZERS [FLAGS].
set -euo pipefail
cd "$(dirname "$0")/../.."

out="$1"
sanitizers="-fsanitize=$2"
flags="$sanitizers ${3:-} -fno-omit-frame-pointer -g -O1 -DWSUV_ASSERTIONS"
rm -rf "$out"
mkdir -p "$out"
cp -r src lib test binding.gyp package.json "$out"
ln -s "$PWD/node_modules" "$out/node_modules"
sed -i 's/"-static-libstdc++", //' "$out/binding.gyp"
cd "$out"
CFLAGS="$flags" CXXFLAGS="$flags" LDFLAGS="$sanitizers" npx node-gyp rebuild --jobs 2 > build.log 2>&1 || {
  cat build.log
  exit 1
}
