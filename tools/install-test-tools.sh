#!/usr/bin/env bash
# Installs what `npm run clients`, `npm run status:browser` and continuous integration need besides
# Node.js: the S3 clients and Chromium of Debian, a Python environment with boto3, the AWS CLI and
# s3cmd, and the npm packages of test/clients and test/status-browser.
#
#   tools/install-test-tools.sh            installs what is missing; a second run changes nothing
#   tools/install-test-tools.sh --newest   also brings Python and npm clients to their newest
#
# The Python environment lies in $HOLDFAST_TEST_TOOLS (default: ~/.cache/holdfast-test-tools).
# Packages of Debian are installed as root only; without root, what is missing is named.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools=${HOLDFAST_TEST_TOOLS:-$HOME/.cache/holdfast-test-tools}
packages=(rclone restic openssl ca-certificates python3 python3-venv chromium)
python_clients=(boto3 awscli s3cmd)

newest=no
case "${1:-}" in
  '') ;;
  --newest) newest=yes ;;
  *) sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac

say() { printf 'install-test-tools: %s\n' "$*"; }
refuse() { say "$*" >&2; exit 1; }

is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

install_packages() {
  local missing=() package
  for package in "${packages[@]}"; do is_installed "$package" || missing+=("$package"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$(id -u)" = 0 ] || refuse "these Debian packages are missing, run as root: ${missing[*]}"
  say "Debian packages: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q
  apt-get install -y -q --no-install-recommends "${missing[@]}"
}

has_python_clients() {
  "$tools/venv/bin/python" -c 'import boto3' 2>/dev/null &&
    [ -x "$tools/venv/bin/aws" ] && [ -x "$tools/venv/bin/s3cmd" ]
}

install_python_clients() {
  if [ "$newest" = no ] && has_python_clients; then return 0; fi
  say "Python clients: ${python_clients[*]} in $tools/venv"
  mkdir -p "$tools"
  # A venv that another Python made, or one half made, does not run: begin again.
  "$tools/venv/bin/python" -m pip --version >/dev/null 2>&1 || python3 -m venv --clear "$tools/venv"
  "$tools/venv/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade \
    "${python_clients[@]}"
}

has_npm_clients() {
  node -e '
    const { readFileSync, existsSync } = require("node:fs")
    const read = (path) => JSON.parse(readFileSync(path, "utf8"))
    const isThere = ([name, wanted]) => {
      const path = `node_modules/${name}/package.json`
      return existsSync(path) && (wanted === "latest" || read(path).version === wanted)
    }
    process.exit(Object.entries(read("package.json").dependencies).every(isThere) ? 0 : 1)'
}

# install_npm_clients FOLDER
install_npm_clients() {
  cd "$repo/$1"
  if [ "$newest" = no ] && has_npm_clients; then return 0; fi
  say "npm packages in $1/node_modules"
  # "latest" is judged anew only where nothing is installed.
  [ "$newest" = no ] || rm -rf node_modules
  npm install --no-package-lock --no-audit --no-fund --ignore-scripts --loglevel=error
}

command -v node >/dev/null || refuse 'Node.js is missing; install 20.19 or newer'
command -v npm >/dev/null || refuse 'npm is missing; it comes with Node.js'
command -v dpkg-query >/dev/null || refuse "not Debian; install by hand: ${packages[*]}"
install_packages
install_python_clients
install_npm_clients test/clients
install_npm_clients test/status-browser
say 'done'
