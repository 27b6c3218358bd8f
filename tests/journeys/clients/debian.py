"""What Debian has: rclone and restic, each with its swift back end, and curl."""

from __future__ import annotations

from tests.journeys.clients.table import Group, Row

GROUPS = [
    Group(
        "rclone",
        "The swift back end",
        [
            Row("mkdir ferry:box"),
            Row("copy tree ferry:box/tree"),
            Row("copyto disk.raw ferry:box/one.raw"),
            Row("copyto big.raw ferry:box/big.raw --swift-chunk-size 1Mi  # three segments"),
            Row("ls ferry:box", "3000000 one.raw"),
            Row("lsl ferry:box/tree", r"one\.txt"),
            Row("lsd ferry:", "box"),
            Row("lsf ferry:box -R", "tree/two/three.txt"),
            Row("lsjson ferry:box", '"Name":"big.raw"'),
            Row("tree ferry:box", "three.txt"),
            Row("size ferry:box", "Total objects: 5"),
            Row("md5sum ferry:box/one.raw", "one.raw"),
            Row("about ferry:", "Used"),
            Row("check tree ferry:box/tree", "0 differences found"),
            Row("check . ferry:box --include /big.raw --download", "0 differences found"),
            Row("cat ferry:box/tree/one.txt", "one of the tree"),
            Row("rcat ferry:box/streamed.raw --swift-chunk-size 1Mi < big.raw  # nobody knows how long it is"),
            Row("copyto ferry:box/streamed.raw back.raw", same="back.raw big.raw"),
            Row("copyto ferry:box/big.raw back.raw --multi-thread-streams 4 --multi-thread-cutoff 1M"),
            Row("cat ferry:box/big.raw --offset 1000000 --count 10", "0123456789"),
            Row("copyto ferry:box/one.raw ferry:box/copy.raw  # on the side of the server"),
            Row("moveto ferry:box/copy.raw ferry:other/moved.raw", "^$"),
            Row("touch ferry:box/one.raw -t 2020-02-02T02:02:02"),
            Row("lsl ferry:box/one.raw", "2020-02-02"),
            Row("sync tree ferry:box/tree --delete-after"),
            Row("move ferry:box/tree ferry:other/tree"),
            Row("lsf ferry:other -R", "tree/two/three.txt"),
            Row("dedupe ferry:other --dedupe-mode skip"),
            Row("cleanup ferry:box", "cleanup", why="rclone's swift back end has no clean-up."),
            Row("deletefile ferry:box/one.raw"),
            Row("delete ferry:box"),
            Row("ls ferry:box_segments", "^$"),
            Row("purge ferry:other"),
            Row("rmdir ferry:box"),
            Row("lsf ferry:", "^box_segments/$"),
        ],
    ),
    Group(
        "restic",
        "The swift back end",
        [
            Row("init", "created restic repository"),
            Row("backup tree disk.raw", r"snapshot (\S+) saved", keep="first"),
            Row("backup tree big.raw --tag more", r"snapshot (\S+) saved", keep="second"),
            Row("snapshots", "2 snapshots"),
            Row("ls latest", "one.txt"),
            Row("find three.txt", "three.txt"),
            Row("check --read-data", "no errors were found"),
            Row("restore latest --target restored --include big.raw", "restoring"),
            Row("dump latest big.raw", ""),
            Row("stats", "Total Size"),
            Row("diff $first $second", "Added:"),
            Row("key list", "reading|Created|ID"),
            Row("forget --keep-last 1 --prune --group-by host", "done"),
            Row("prune --max-unused 0", "done"),
            Row("rebuild-index", "done"),
            Row("unlock"),
            Row("check", "no errors were found"),
        ],
    ),
    Group(
        "curl",
        "An image by a task, as the guides write it",
        [
            Row(
                "-sS -f -i $auth_url/auth/tokens -H 'Content-Type: application/json' -d '"
                '{"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "$user", '
                '"domain": {"id": "default"}, "password": "$password"}}}, '
                '"scope": {"project": {"name": "$project", "domain": {"id": "default"}}}}}\'',
                r"x-subject-token: (\S+)",
                keep="token",
            ),
            Row("-sS -f -X PUT $storage_url/disks -H 'X-Auth-Token: $token'"),
            Row("-sS -f -X POST $storage_url/disks -H 'X-Auth-Token: $token' -H 'X-Container-Read: .r:*'"),
            Row("-sS -f -T disk.qcow2 $storage_url/disks/web.qcow2 -H 'X-Auth-Token: $token'"),
            Row(
                "-sS -f -X POST $image_url/v2/tasks -H 'X-Auth-Token: $token' -H 'Content-Type: application/json' -d '"
                '{"type": "import", "input": {"import_from": "$swift/disks/web.qcow2", '
                '"import_from_format": "qcow2", "image_properties": {"name": "by-curl", "os_distro": "debian"}}}\'',
                r'"id": ?"([^"]+)"',
                keep="task",
            ),
            Row(
                "-sS -f $image_url/v2/tasks/$task -H 'X-Auth-Token: $token'",
                r'"success".*"image_id": ?"([^"]+)"|"image_id": ?"([^"]+)".*"success"',
                until=True,
            ),
            Row(
                "-sS -f -X POST $image_url/v2/tasks -H 'X-Auth-Token: $token' -H 'Content-Type: application/json' -d '"
                '{"type": "import", "input": {"import_from": "$storage_url/disks/web.qcow2", '
                '"import_from_format": "qcow2", "image_properties": {"name": "by-url", "tags": ["guide"]}}}\'',
                r'"id": ?"([^"]+)"',
                keep="fetching",
            ),
            Row("-sS -f $image_url/v2/tasks/$fetching -H 'X-Auth-Token: $token'", '"success"', until=True),
            Row("-sS -f '$image_url/v2/images?name=by-url' -H 'X-Auth-Token: $token'", '"tags": ?."guide".'),
            Row("-sS -f '$image_url/v2/images?name=by-curl' -H 'X-Auth-Token: $token'", '"os_distro": ?"debian"'),
        ],
    ),
]
