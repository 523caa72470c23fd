#!/bin/sh
# prepare.sh VENV REQUIREMENTS: make the environment that the other targets run in.
# Says which Debian packages are missing, and installs them itself when it may. Two at a time wait for each other.
set -eu
venv=$1 requirements=$2
PYTHON=${PYTHON:-python3.11}

say() { echo "$*" >&2; }
fail() { say "$*"; exit 1; }
fits() { command -v "$1" >/dev/null 2>&1 && "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; }

if ! fits "$PYTHON"; then
  # python3.11 is what `make` asks for when nobody said anything else: then any that fits will do
  [ "$PYTHON" = python3.11 ] || fail "'$PYTHON' is not a Python from 3.11 to 3.13. Say which one to use: make PYTHON=python3.12 ..."
  PYTHON=""
  for candidate in python3 python3.12 python3.13; do
    if [ -z "$PYTHON" ] && fits "$candidate"; then PYTHON=$candidate; fi
  done
  [ -n "$PYTHON" ] || fail "Lintel needs Python 3.11 to 3.13 and found none. Install one (sudo apt-get install python3 python3-venv) or name it: make PYTHON=/path/to/python3.12 ..."
fi

if [ -z "${LINTEL_PREPARING:-}" ] && command -v flock >/dev/null 2>&1; then
  mkdir -p .cache
  LINTEL_PREPARING=1 PYTHON=$PYTHON exec flock .cache/prepare.lock sh "$0" "$venv" "$requirements"
fi

missing=""
"$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing $("$PYTHON" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
has_library() { "$PYTHON" -c 'import ctypes, sys; ctypes.CDLL(sys.argv[1])' "$1" 2>/dev/null; }
has_library libGL.so.1 || missing="$missing libgl1"
has_library libglib-2.0.so.0 || missing="$missing libglib2.0-0"
case "$requirements" in
  */dev.txt)
    if ! command -v chromium >/dev/null 2>&1 || ! has_library libatomic.so.1; then
      if [ "$(id -u)" = 0 ]; then missing="$missing chromium fonts-dejavu-core libatomic1"
      else say "Without a browser the tests of the pages are skipped. To run them too: sudo apt-get install chromium libatomic1"; fi
    fi
    if ! command -v cc >/dev/null 2>&1 || ! [ -e /usr/include/stdio.h ]; then
      if [ "$(id -u)" = 0 ]; then missing="$missing gcc libc6-dev"
      else say "Without a C compiler the tests of a broken disk are skipped. To run them too: sudo apt-get install gcc libc6-dev"; fi
    fi ;;
esac
if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "Installing Debian packages:$missing"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } >&2 ||
      fail "apt-get could not install$missing; install them by hand and start again."
  else
    fail "Some Debian packages are missing. Install them with: sudo apt-get install$missing"
  fi
fi

# an environment whose Python is gone, or that was interrupted while it was made, is made again
if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
  say "Creating $venv"
  "$PYTHON" -m venv --clear "$venv"
fi
say "Installing $requirements into $venv (a minute or two the first time)"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$requirements" >&2 ||
  fail "The packages in $requirements could not be installed, see above. Start again once that is mended: what is there already is kept."
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . >&2
