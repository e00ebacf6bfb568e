#!/usr/bin/env bash
# The diffusion models trained on a GPU that is there for a quarter of an hour, on a machine without a network.
#
#   gpu.sh prepare FOLDER LANGUAGE=CORPUS ...     here: training sets as token ids, and the packages that lack there
#   gpu.sh run FOLDER OUT [SCALE [LANGUAGE ...]]  there: train each for its time, measure, write models and gpu.json
#   gpu.sh unpack OUT FOLDER                      here again: a checkpoint's folder for each language
#
# Python is trained for 140 seconds, PowerShell for 110, Excel for 50, all times SCALE (1); judging comes on top. The
# first one compiles for all: half a minute of its time.
# OUT gets at most eight files below 16 MiB. Interrupted work is lost, but for the languages that are finished.
#
# PYTHON         the Python with PyTorch (python3)
# TARGET_PYTHON  for `prepare`: the version of the Python there (3.12)
# OPTIONS        for `prepare`: more options of gpu.py, such as "--set training.optimiser=muon"
#
# To rehearse on a CPU: OPTIONS=--tiny gpu.sh prepare ..., then gpu.sh run FOLDER OUT 0.4 for boxes from 20 seconds.
set -euo pipefail

HERE=$(cd "$(dirname "$0")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
PYTHON=${PYTHON:-python3}
LIMIT_MIB=64
# What the trainings import and machines with PyTorch often lack.
PACKAGES="pydantic pydantic_core annotated-types typing-inspection formualizer rapidfuzz tree-sitter
tree-sitter-pwsh safetensors tokenizers"
MODULES="pydantic, formualizer, rapidfuzz, tree_sitter, tree_sitter_pwsh, safetensors, tokenizers"

usage() { sed -n '2,17s/^# \{0,1\}//p' "$0" >&2; exit 2; }

prepare() {
    local folder=$1; shift
    mkdir -p "$folder"
    # shellcheck disable=SC2086  # OPTIONS are several words
    "$PYTHON" "$HERE/gpu.py" prepare "$folder" ${OPTIONS:-} "$@"
    local platforms=()
    for glibc in 39 35 34 31 28 27 24 17 12 5; do platforms+=(--platform "manylinux_2_${glibc}_x86_64"); done
    # shellcheck disable=SC2086  # PACKAGES are several words
    "$PYTHON" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
        --python-version "${TARGET_PYTHON:-3.12}" --implementation cp "${platforms[@]}" --platform manylinux2014_x86_64 \
        --constraint "$ROOT/constraints.txt" --dest "$folder/wheels" $PACKAGES
    local checkout kib  # files that are tracked but deleted are no error
    checkout=$( (cd "$ROOT" && git ls-files -z | du -ck --files0-from=- 2>/dev/null || true) | tail -n 1 | cut -f1)
    kib=$(( $(du -sk "$folder" | cut -f1) + checkout ))
    echo "$folder and the checkout: $(( kib / 1024 )) MiB"
    if (( kib > LIMIT_MIB * 1024 )); then echo "that is more than $LIMIT_MIB MiB: give fewer corpora" >&2; exit 1; fi
}

run() {
    local folder=$1 out=$2 scale=${3:-1}; shift $(( $# < 3 ? $# : 3 ))
    local work; work=$(mktemp -d)
    # shellcheck disable=SC2064  # the folder of this run
    trap "rm -rf '$work'" EXIT
    mkdir -p "$out"
    if ! "$PYTHON" -c "import $MODULES" 2>/dev/null; then
        "$PYTHON" -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-compile \
            --target "$work/site" "$folder"/wheels/*.whl
        export PYTHONPATH="$work/site${PYTHONPATH:+:$PYTHONPATH}"
    fi
    for language in ${*:-python powershell excel}; do
        if [ ! -f "$folder/$language/run.json" ]; then echo "$language: was not prepared and is skipped"; continue; fi
        case $language in excel) box=50 ;; powershell) box=110 ;; *) box=140 ;; esac
        "$PYTHON" "$HERE/gpu.py" run "$folder/$language" "$work/$language" "$out" \
            "$("$PYTHON" -c "print($box * $scale)")"
        tar -C "$work" --exclude "$language/training" -cz "$language" | split -b 15m - "$out/$language.tar.gz."
    done
    ls -l "$out"
}

unpack() {
    mkdir -p "$2"
    for first in "$1"/*.tar.gz.aa; do
        cat "${first%aa}"* | tar -C "$2" -xz
    done
    ls "$2"
}

case ${1:-} in
    prepare) [ $# -ge 3 ] || usage; shift; prepare "$@" ;;
    run) [ $# -ge 3 ] || usage; shift; run "$@" ;;
    unpack) [ $# -eq 3 ] || usage; shift; unpack "$@" ;;
    *) usage ;;
esac
