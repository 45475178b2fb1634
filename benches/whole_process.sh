#!/usr/bin/env bash
# Wall time and memory of the whole program: many files, and one. Uses the corpus at $HARDEN_CORPUS or
# ../shared/corpus where there is one, else the fixtures; copies it up to N files.
#
# usage: benches/whole_process.sh [N]
set -euo pipefail
cd "$(dirname "$0")/.."
count=${1:-10000}
corpus=${HARDEN_CORPUS:-../shared/corpus/real}
[ -d "$corpus" ] || corpus=tests/fixtures
cargo build --release --locked --quiet
harden=$PWD/target/release/harden
facts=$PWD/examples/facts.json
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mapfile -t files < <(find "$corpus" -type f \( -name 'Dockerfile*' -o -name '*ockerfile' \) | sort)
for ((i = 0; i < count; i++)); do
    folder=$work/$((i / 100))/$i
    mkdir -p "$folder"
    cp "${files[i % ${#files[@]}]}" "$folder/Dockerfile"
done

measure() { # measure LABEL COMMAND...
    local label=$1
    shift
    for _ in 1 2 3; do
        /usr/bin/env python3 - "$label" "$@" <<'PY'
import os, resource, subprocess, sys, time
label, *command = sys.argv[1:]
start = time.perf_counter()
code = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
wall = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(f"{label:<28} {wall * 1000:8.1f} ms  {peak:6.1f} MiB  exit {code}")
PY
    done
}

measure "--diff, $count files" "$harden" --offline --facts "$facts" "$work"
measure "--diff --quiet, one file" "$harden" --quiet --offline --facts "$facts" "$work/0/0/Dockerfile"
