# shellcheck shell=bash
# What the scripts share; sourced, never run. Leaves the working directory at the repository's root.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

# What is downloaded for the tests. Outside of it and `target` nothing of ours is written.
PERMDEX_CACHE_DIR=$(realpath -m "${PERMDEX_CACHE_DIR:-.cache}")
export PERMDEX_CACHE_DIR

# cargo's progress is for people.
# shellcheck disable=SC2034 # for those who source this
if [ -t 2 ]; then QUIET=; else QUIET=--quiet; fi

# One line a step, on stderr: stdout belongs to what a script answers.
say() { printf 'permdex: %s\n' "$*" >&2; }

die() {
    say "$*"
    exit 1
}
