#!/usr/bin/env bash
# Compiles every source of the addon for Windows, as far as that goes without Windows: names, types, sizes
# and warnings, with Debian's g++-mingw-w64-x86-64-posix. The release's workflow builds and tests it there.
set -euo pipefail
cd "$(dirname "$0")/.."

# Node's headers are where the last build found them.
nodedir="$(sed -n 's/^ *"nodedir": "\(.*\)",*$/\1/p' build/config.gypi)"
git ls-files 'src/*.cc' | xargs -P "$(nproc)" -I '{}' x86_64-w64-mingw32-g++-posix -fsyntax-only \
  -std=c++17 -fno-rtti -fno-exceptions -Wall -Wextra -Werror -D_WIN32_WINNT=0x0A00 -DNAPI_VERSION=8 \
  -DNODE_ADDON_API_DISABLE_CPP_EXCEPTIONS -Isrc -Inode_modules/node-addon-api \
  -I"$(node src/version.js)" -I"$nodedir/include/node" '{}'
