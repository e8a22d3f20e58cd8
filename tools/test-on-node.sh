#!/usr/bin/env bash
# Runs the tests on another Node.js than the one that is installed, taken from the npm package `node`
# into a temporary folder: by default the newest release line with long-term support, the newest even
# one that the package has.
#
#   tools/test-on-node.sh                       all tests on the newest LTS
#   tools/test-on-node.sh lts src/engine test/serve
#   tools/test-on-node.sh 22 test/serve         on the newest 22
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

line=${1:-lts}
if [ "$#" -gt 0 ]; then shift; fi

# A release line gets long-term support where its number is even.
if [ "$line" = lts ]; then
  latest=$(npm view node dist-tags.latest)
  line=${latest%%.*}
  line=$((line - line % 2))
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# Its install script takes the binary for this machine out of a package of its own.
npm install --prefix "$folder" --no-audit --no-fund --no-package-lock --loglevel=error "node@$line" >&2
node="$folder/node_modules/node/bin/node"
printf 'test-on-node: Node.js %s\n' "$("$node" --version)" >&2

node tools/prepare.mjs --install
PATH="$folder/node_modules/node/bin:$PATH" "$node" tools/test.mjs "$@"
