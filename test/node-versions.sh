#!/usr/bin/env bash
# Runs the Jest suite, with the binary that was built here, on other versions of Node.js:
# `npm run test:nodes [-- 22 24 26]`. They come from npm.
set -euo pipefail
cd "$(dirname "$0")/.."

versions=("$@")
((${#versions[@]} > 0)) ||
  mapfile -t versions < <(node -p 'require("./lib/native/tested-versions.json").node.join("\n")')
for version in "${versions[@]}"; do
  folder="build/nodes/$version"
  node="$folder/node_modules/node-linux-$(node -p process.arch)/bin"
  if [[ ! -x "$node/node" ]]; then
    mkdir -p "$folder"
    echo '{ "private": true }' > "$folder/package.json"
    npm install --prefix "$folder" --no-audit --no-fund --loglevel error \
      "node-linux-$(node -p process.arch)@$version"
  fi
  echo "== $("$node/node" --version)"
  PATH="$PWD/$node:$PATH" "$node/node" node_modules/jest/bin/jest.js
done
