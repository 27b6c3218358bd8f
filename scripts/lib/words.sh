# How our scripts speak: one line per thing done, troubles on stderr. Sourced, never run.

say() {
    printf '%s\n' "$*"
}

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}
