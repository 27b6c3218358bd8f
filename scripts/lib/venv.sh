# Virtual environments at pinned versions. Sourced after words.sh and debian.sh.
#
# pip is used as the machine has it configured (PIP_* variables, pip.conf): nothing here names
# a registry.

# Prints the Python to make environments with: 3.11 by name if there is one, else any from 3.11 on.
find_python() {
    local name
    for name in python3.11 python3; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s\n' "$name"
            return
        fi
    done
    return 1
}

# make_venv FOLDER CONSTRAINTS GROUP [PIP ARGUMENT...]
#
# Makes FOLDER an environment with the packages of pyproject.toml's dependency group GROUP ("none":
# of no group) and what the further arguments name, all at the versions in CONSTRAINTS. At once
# when that is so already.
make_venv() {
    local folder=$1 constraints=$2 group=$3 stamp wanted requirements python
    shift 3
    stamp=$folder/made-of
    wanted=$(cat pyproject.toml "$constraints" | sha256sum)
    if [ -f "$stamp" ] && _stands_here "$folder" && [ "$(cat "$stamp")" = "$wanted" ]; then
        return 0
    fi

    if ! _stands_here "$folder"; then
        python=$(find_python) || need_packages python3
        python=$(find_python) || die "Python 3.11 or later is needed"
        # Debian's python3 comes without the part that puts pip into an environment.
        "$python" -c 'import ensurepip, venv' 2>/dev/null || need_packages python3-venv
        "$python" -m venv --clear "$folder"
        say "$folder: made with $("$python" -V)"
    fi
    rm -f "$stamp"
    requirements=$("$folder/bin/python" scripts/lib/group.py "$group")
    # Ourselves are built with what is in the environment, so that this too is pinned.
    "$folder/bin/pip" install -qq -c "$constraints" setuptools
    "$folder/bin/pip" install -qq -c "$constraints" --no-build-isolation -r /dev/stdin "$@" <<<"$requirements"
    printf '%s\n' "$wanted" >"$stamp"
    say "$folder: ready, every package at the version in $constraints"
}

# Whether FOLDER is a whole environment made at this very place: one that was moved leads elsewhere.
_stands_here() {
    [ -x "$1/bin/pip" ] && "$1/bin/python" -c '' 2>/dev/null && grep -qsF " $PWD/$1" "$1/pyvenv.cfg"
}
