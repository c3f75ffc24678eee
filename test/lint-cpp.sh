#!/usr/bin/env bash
# Checks the layout of the C++ sources, or with --fix mends it; then runs clang-tidy where the
# compilation database of the C++ tests is there.
set -euo pipefail
cd "$(dirname "$0")/.."

mapfile -t files < <(git ls-files --cached --others --exclude-standard '*.c' '*.cc' '*.h')
if [[ "${1:-}" == --fix ]]; then
  clang-format -i "${files[@]}"
  exit
fi
clang-format --dry-run --Werror "${files[@]}"

if [[ -f build/cpp/compile_commands.json ]]; then
  # Of the binding, what is compiled for the tests.
  node -p 'require("./build/cpp/compile_commands.json").map(({ file }) => file).join("\n")' |
    grep "^$PWD/src/" | sort -u | xargs -P "$(nproc)" -n 6 clang-tidy --quiet -p build/cpp 2> /dev/null
fi
