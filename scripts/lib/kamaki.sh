# The unchanged kamaki 0.16, Synnefo's client, for who has a Python 2.7 to run it with. Sourced after words.sh.

# Prints a Python 2.7: by name, or one that pyenv keeps.
find_python2() {
    local name
    for name in python2.7 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/2.7*/bin/python; do
        if "$name" -m pip --version >/dev/null 2>&1; then
            printf '%s\n' "$name"
            return
        fi
    done
    return 1
}

# make_kamaki FOLDER CONSTRAINTS: FOLDER/bin/kamaki, at the versions in CONSTRAINTS. At once when it is there.
make_kamaki() {
    local folder=$1 constraints=$2 python
    if [ -f "$folder/made-of" ] && cmp -s "$constraints" "$folder/made-of"; then
        return 0
    fi
    python=$(find_python2) || die "kamaki needs a Python 2.7 with pip; nothing else here does"
    rm -rf "$folder"
    # Into a folder of its own: Python 2.7 comes without venv.
    "$python" -m pip install -qq --disable-pip-version-check --target "$folder" -r "$constraints" 2>/dev/null ||
        die "$folder: pip could not install what is in $constraints"
    # What pip puts there finds its packages only in Python's own folders.
    mv "$folder/bin/kamaki" "$folder/bin/program"
    printf '#!/bin/sh\nPYTHONPATH=%q exec %q %q "$@"\n' "$PWD/$folder" "$python" "$PWD/$folder/bin/program" \
        >"$folder/bin/kamaki"
    chmod +x "$folder/bin/kamaki"
    cp "$constraints" "$folder/made-of"
    say "$folder: ready, every package at the version in $constraints"
}
