# The parts of scripts/demo. Sourced, after words.sh.

root=$PWD
service=  # its process id

# A folder of our own, left and removed at the end whatever happens.
begin() {
    folder=$(mktemp -d "${TMPDIR:-/tmp}/imageferry-demo.XXXXXX")
    trap finish EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    cd "$folder"
    # Nobody else's clouds, settings or passwords.
    unset "${!OS_@}" "${!IMAGEFERRY_@}"
    export IMAGEFERRY_DATA=$folder/data XDG_DATA_HOME=$folder XDG_CONFIG_HOME=$folder
    bold=
    plain=
    progress=none
    if [ -t 1 ]; then
        bold=$'\e[1m'
        plain=$'\e[0m'
        [ ! -t 2 ] || progress=bar
    fi
    began=$SECONDS
    IMAGEFERRY_NEW_PASSWORD=$(head -c 18 /dev/urandom | base64)
    export IMAGEFERRY_NEW_PASSWORD  # what "imageferry admin user add" takes instead of asking
}

finish() {
    local code=$?
    trap - EXIT INT TERM HUP
    if [ -n "$service" ]; then
        kill "$service" 2>/dev/null || true
        wait "$service" 2>/dev/null || true
    fi
    if [ "$code" -ne 0 ]; then
        say
        say "${bold}The demonstration stopped here, with exit code $code.${plain}"
        if grep -qsv '"level": "info"' service.log; then
            say "From the service's log:"
            grep -v '"level": "info"' service.log | tail -n 5
        fi
    fi
    cd "$root"
    if [ "$keep" = yes ]; then
        say "Left for you: $folder"
    else
        rm -rf "$folder"
    fi
    [ "$code" -ne 0 ] || say "Done in $((SECONDS - began)) s; the service is stopped, nothing is left behind."
    exit "$code"
}

chapter() {
    say
    say "${bold}== $*${plain}"
}

imageferry() {
    "$root/.venv/bin/imageferry" "$@"
}

# Shows a command, runs it, and keeps how long it took in $took.
run() {
    local from to
    say "${bold}\$ $*${plain}"
    case "$*" in
        'imageferry push '* | 'imageferry export '* | 'imageferry image pull '* | 'imageferry object get '*)
            set -- "$@" --progress "$progress"
            ;;
    esac
    from=$(date +%s%N)
    "$@"
    to=$(date +%s%N)
    took=$(((to - from) / 100000000))
    took=${took%?}.${took: -1}
    case $took in .*) took=0$took ;; esac
    [ "$((to - from))" -lt 2000000000 ] || say "  ($took s)"
}

# make_installer_disk DISK GRUB TREE: GRUB's disk, made $disk_gib long, with a second partition in its table,
# and a file system with TREE and some data in it.
make_installer_disk() {
    local disk=$1 grub=$2 tree=$3 start=$((16 << 20)) size
    size=$(numfmt --from=iec-i "${disk_gib}Gi")
    cp "$grub" "$disk"
    truncate -s "$size" "$disk"
    # The second of the four rows of the partition table: type 0x83 (Linux); where it starts and how long
    # it is, in sectors of 512 bytes.
    "$root/.venv/bin/python" - "$disk" "$start" "$size" <<'PYTHON'
import struct
import sys

disk, start, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with open(disk, "r+b") as file:
    file.seek(446 + 16)
    file.write(struct.pack("<B3sB3sII", 0, b"\xfe\xff\xff", 0x83, b"\xfe\xff\xff", start // 512, (size - start) // 512))
PYTHON
    mkdir tree
    cp -r "$tree/." tree
    head -c "${data_mib}M" /dev/urandom >tree/data.bin
    # mke2fs is in a folder that only root's PATH has.
    PATH=$PATH:/usr/sbin:/sbin mke2fs -q -t ext4 -L debian -d tree -E "offset=$start" "$disk" "$(((size - start) >> 10))k"
    rm -rf tree
}

make_vmdk() {
    run qemu-img convert -f raw -O vmdk -o subformat=streamOptimized "$1" "$2"
}

# Sets $service and $url.
start_service() {
    mkfifo said
    # Not through the function: $! must be the service itself, not a shell around it.
    "$root/.venv/bin/imageferry" serve --data "$IMAGEFERRY_DATA" --listen 127.0.0.1:0 >said 2>service.log &
    service=$!
    say "${bold}\$ imageferry serve --data data${plain}"
    # Ends with the first line, or when the service ends without one. The reader stays, so that nothing it
    # says later finds a closed pipe.
    exec 3<said
    local line=
    read -r line <&3 || die "the service did not start: $(tail -n 3 service.log)"
    url=${line#*answers at }
    url=${url%%,*}
    rm said
}

# clouds.yaml, with an entry for each of the two people. Passwords are the demonstration's own.
write_clouds() {
    umask 077
    cat >clouds.yaml <<YAML
clouds:
  mira-k5:
    type: k5
    k5_profile: B
    region_name: RegionOne
    auth: {auth_url: $url/v3, username: mira, password: $IMAGEFERRY_NEW_PASSWORD, project_name: web,
           user_domain_name: Default, project_domain_name: Default}
  jon:
    region_name: RegionOne
    auth: {auth_url: $url/v3, username: jon, password: $IMAGEFERRY_NEW_PASSWORD, project_name: shop,
           user_domain_name: Default, project_domain_name: Default}
YAML
    export OS_CLIENT_CONFIG_FILE=$folder/clouds.yaml
}

# Fails unless two files have the same bytes.
same() {
    cmp "$1" "$2" || die "$1 and $2 differ"
    say "$1 and $2: all $(stat -c %s "$1") bytes are the same"
}

size_of() {
    numfmt --to=iec-i --suffix=B --format=%.1f "$(stat -c %s "$1")"
}

# What a file or folder takes on the disk: holes are free.
data_in() {
    numfmt --to=iec-i --suffix=B --format=%.1f "$(du -s --block-size=1 "$1" | cut -f1)"
}

row() {
    printf '%-40s %12s %12s\n' "$@"
}
