#!/usr/bin/env bash
# Make the virtual environment VENV and install alfgraph in it for development: called by `make setup`.
# Usage: tools/setup.sh PYTHON VENV TORCH_REQUIREMENT
set -euo pipefail
cd "$(dirname "$0")/.."
python=$1 venv=$2 torch=$3

refuse() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}

command -v "$python" >/dev/null ||
    refuse "'$python' is not installed; on Debian: apt-get install python3 python3-venv"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    refuse "alfgraph needs Python 3.11 or newer, '$python' is older; try: make setup PYTHON=python3.12"

# Debian packs venv's pip (ensurepip) apart from Python. Without it: virtualenv, which brings its own.
make_venv() {
    "$python" -m venv "$venv" 2>/dev/null && return
    rm -rf "$venv"
    "$python" -m virtualenv --quiet "$venv" 2>/dev/null && return
    local bootstrap status=0
    bootstrap=$(mktemp -d)
    "$python" -m pip install --quiet --target "$bootstrap" virtualenv 2>/dev/null &&
        PYTHONPATH=$bootstrap "$python" -m virtualenv --quiet "$venv" || status=$?
    rm -rf "$bootstrap"
    return $status
}
if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    make_venv || refuse "'$python -m venv $venv' fails; on Debian: apt-get install python3-venv"
fi
pip=("$venv/bin/python" -m pip --disable-pip-version-check install)
[ -t 1 ] || pip+=(-qq)  # a person sees the downloads move, a log stays short

# First: a later requirement on a range of torch would take the newest, with gigabytes of CUDA.
echo "setup: installing $torch"
"${pip[@]}" "$torch"

echo "setup: installing alfgraph with the extras dev and box2d"
if ! "${pip[@]}" -e '.[dev,box2d]'; then
    echo "setup: trying again, with Box2D built from source (needs a C++ compiler)"
    "${pip[@]}" 'swig>=4,<5' setuptools wheel
    # swig is a Python wheel too, so the build must see this environment.
    PATH="$PWD/$venv/bin:$PATH" "${pip[@]}" --no-build-isolation 'box2d-py>=2.3.8,<3' ||
        refuse "Box2D could not be built; on Debian: apt-get install g++ python3-dev"
    "${pip[@]}" -e '.[dev,box2d]'
fi
# As pip does for every other package, so that the first command starts as fast as the second.
"$venv/bin/python" -m compileall -q alfgraph/ components/
echo "setup: done; every command is in $venv/bin, for example: $venv/bin/alfgraph --help"
