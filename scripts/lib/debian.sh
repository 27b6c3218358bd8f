# Debian packages: which are missing, and how they come onto the machine. Sourced after words.sh.

# Prints those of the named packages that are not installed, one a line.
missing_packages() {
    local package
    for package in "$@"; do
        # "ii" and a blank: wanted, installed, no error. Unknown packages make dpkg-query fail.
        [ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null)" = "ii " ] || printf '%s\n' "$package"
    done
}

# Installs what is missing of the named packages: as root, or through sudo where it asks no password.
# Otherwise says which command to run, and fails.
need_packages() {
    local missing as_root
    if ! command -v dpkg-query >/dev/null; then
        say "packages: no Debian here; what of Debian's $* is missing will be missed later"
        return 0
    fi
    mapfile -t missing < <(missing_packages "$@")
    [ "${#missing[@]}" -gt 0 ] || return 0

    if [ "$(id -u)" -eq 0 ]; then
        as_root=()
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        as_root=(sudo -n)
    else
        die "Debian packages are missing, and only root can install them. Run this, then try again:
    sudo apt-get install --yes --no-install-recommends ${missing[*]}"
    fi

    # The lists of packages are fetched only when those at hand do not do: absent, or too old.
    _install "${missing[@]}" >/dev/null 2>&1 || {
        say "packages: the machine's lists do not do, updating them"
        _quietly _apt_get update
        _quietly _install "${missing[@]}"
    }
    say "packages: installed ${missing[*]}"
}

_install() {
    _apt_get install --yes --no-install-recommends "$@"
}

# What apt and dpkg say is of interest only when they fail.
_quietly() {
    local told
    told=$("$@" 2>&1) || die "apt-get failed:
$told"
}

# Uses need_packages' own ``as_root``. Servers that a package starts must not keep setup's lock (9).
_apt_get() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 "$@" </dev/null 9<&-
}
