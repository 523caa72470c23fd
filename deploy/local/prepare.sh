#!/bin/sh
# prepare.sh VENV REQUIREMENTS: make the environment that the other targets run in.
# Says which Debian packages are missing, and installs them itself when it may.
set -eu
venv=$1 requirements=$2
PYTHON=${PYTHON:-python3.11}

missing=""
command -v "$PYTHON" >/dev/null 2>&1 || { echo "Lintel needs Python 3.11 to 3.13; '$PYTHON' was not found. Say which one to use: make PYTHON=python3.12 ..." >&2; exit 1; }
"$PYTHON" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || { echo "Lintel needs Python 3.11 to 3.13; $PYTHON is $("$PYTHON" -V)." >&2; exit 1; }
"$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing $("$PYTHON" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
has_library() { "$PYTHON" -c 'import ctypes, sys; ctypes.CDLL(sys.argv[1])' "$1" 2>/dev/null; }
has_library libGL.so.1 || missing="$missing libgl1"
has_library libglib-2.0.so.0 || missing="$missing libglib2.0-0"

if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Debian packages:$missing" >&2
    apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >&2
  else
    echo "Some Debian packages are missing. Install them with: sudo apt-get install$missing" >&2
    exit 1
  fi
fi

[ -x "$venv/bin/python" ] || { echo "Creating $venv" >&2; "$PYTHON" -m venv "$venv"; }
echo "Installing $requirements into $venv (a minute or two the first time)" >&2
"$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$requirements" >&2
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . >&2
