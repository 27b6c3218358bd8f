"""python-glanceclient."""

from __future__ import annotations

from tests.journeys.clients.table import Group, Row

_NO_CACHE = "Nothing is cached: images are kept once, and read from there."
_NO_LOCATIONS = "Where bytes lie is the service's own affair."
_ONE_STORE = "There is one store; an image is deleted as a whole."
_ID = r"\| id +\| (\S+)"
_RAW = "--disk-format raw --container-format bare"

GROUPS = [
    Group(
        "glance",
        "Images",
        [
            Row(f"image-create --name first {_RAW} --file disk.raw --property os_distro=debian", _ID, keep="image"),
            Row("image-list", "first"),
            Row("image-list --page-size 1 --limit 5 --sort name:asc --property-filter os_distro=debian", "first"),
            Row("image-show $image", "debian"),
            Row("image-download $image --file back.raw --progress", same="back.raw disk.raw"),
            Row("image-update $image --name second --min-ram 64 --remove-property os_distro", "second"),
            Row("image-tag-update $image b"),
            Row("image-tag-delete $image b"),
            Row("image-deactivate $image"),
            Row("image-reactivate $image"),
            Row("image-update $image --visibility shared", "shared"),
            Row("member-create $image $friend_id", "pending"),
            Row("member-list --image-id $image", "$friend_id"),
            Row("member-get $image $friend_id", "pending"),
            Row("member-update $image $friend_id accepted", "accepted", who="friend"),
            Row("member-delete $image $friend_id"),
            Row(f"image-create --name queued {_RAW}", _ID, keep="queued"),
            Row("image-upload $queued --file disk.raw --size 3000000"),
            Row("image-delete $image $queued"),
            Row("explain image", "virtual_size"),
            Row("help image-create", "disk-format"),
            Row("bash-completion", "image-create"),
        ],
    ),
    Group(
        "glance",
        "Import, tasks, stores",
        [
            Row("import-info", "import-methods.*direct"),
            Row("stores-info", "default"),
            Row(
                "image-create-via-import --import-method glance-direct --disk-format qcow2 --container-format bare "
                "--file disk.qcow2",
                _ID,
                keep="image",
            ),
            Row("image-show $image", "active", until=True),
            Row("image-tasks $image", "success"),
            Row("image-create --disk-format qcow2 --container-format bare", _ID, keep="staged"),
            Row("image-stage $staged --file disk.qcow2"),
            Row("image-import $staged --import-method glance-direct"),
            Row("image-show $staged", "active", until=True),
            Row("post open -r .r:*", client="swift"),
            Row("upload open disk.qcow2", client="swift"),
            Row(
                "image-create-via-import --import-method web-download --uri $storage_url/open/disk.qcow2 "
                "--disk-format qcow2 --container-format bare",
                _ID,
                keep="fetched",
            ),
            Row("image-show $fetched", "active", until=True),
            Row("post exports", client="swift"),
            Row(
                "task-create --type export "
                '--input \'{"image_uuid": "$image", "receiving_swift_container": "exports"}\'',
                "pending|processing",
            ),
            Row("task-list", r"\| (\S{36}) \| api_image_import \| success", keep="task"),
            Row("task-show $task", "success"),
        ],
    ),
    Group(
        "glance",
        "What images have elsewhere",
        [
            Row("usage", "Quota"),
            Row("stores-delete --store default x", why=_ONE_STORE, who="admin"),
            Row("location-add x --url http://127.0.0.1/x", why=_NO_LOCATIONS),
            Row("location-delete x --url http://127.0.0.1/x", why=_NO_LOCATIONS),
            Row("location-update x --url http://127.0.0.1/x", why=_NO_LOCATIONS),
            Row("add-location x --url http://127.0.0.1/x", why=_NO_LOCATIONS),
            Row("cache-list", why=_NO_CACHE, who="admin", family="cache-"),
        ],
    ),
]
