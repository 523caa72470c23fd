#!/bin/sh
# Rebuilds the hash-pinned locks from pyproject.toml. Needs `uv` on the PATH. The files name no download address.
set -eu
cd "$(dirname "$0")/.."
lock() {
  extra=$1; shift
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-package lintel \
    --no-header --no-annotate --extra "$extra" "$@" pyproject.toml --output-file "requirements/$extra.txt"
}
lock dev
for extra in edge server local bench; do lock "$extra" --constraint requirements/dev.txt; done
uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
  --group deploy --output-file requirements/deploy.txt
# picamera2 as the contract test of the adapter needs it; on a Pi it comes from Raspberry Pi OS
printf 'picamera2>=0.3.30\n' | uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
  --constraint requirements/dev.txt - --output-file requirements/picamera.txt
