"""python-openstackclient: images."""

from __future__ import annotations

from tests.journeys.clients.table import Group, Row

_NO_CACHE = "Nothing is cached: images are kept once, and read from there."

GROUPS = [
    Group(
        "openstack",
        "Images",
        [
            Row(
                "image create first --file disk.raw --disk-format raw --tag a --property os_distro=debian "
                "-f value -c id",
                keep="image",
            ),
            Row("image list", "first"),
            Row("image list --name first --tag a --long --sort name:asc", "debian|first"),
            Row("image show first", "$image"),
            Row("image save first --file back.raw", same="back.raw disk.raw"),
            Row("image set first --name second --min-disk 1 --property os_version=13 --tag b"),
            Row("image unset second --property os_version --tag a"),
            Row("image set second --deactivate"),
            Row("image set second --activate"),
            Row("image set second --protected"),
            Row("image delete second", "rotected", why="As asked: a protected image is not deleted."),
            Row("image set second --unprotected --hidden"),
            Row("image list --hidden", "second"),
            Row("image set second --unhidden --shared"),
            Row("image add project second $friend_id", "pending"),
            Row("image member list second", "$friend_id"),
            Row("image member get second $friend_id", "pending"),
            Row("image set $image --accept", who="friend"),
            Row("image list --shared", "second", who="friend"),
            Row("image remove project second $friend_id"),
            Row("image delete second"),
            Row("image create open --public --file disk.raw --disk-format raw", who="admin"),
            Row("image list --public", "open"),
            Row("image delete open", who="admin"),
            Row("image create known --community --file disk.raw --disk-format raw"),
            Row("image list --community", "known", who="friend"),
            Row("image delete known"),
        ],
    ),
    Group(
        "openstack",
        "Image import, tasks, stores",
        [
            Row("image import info", "glance-direct"),
            Row("image stores list", "default", who="admin"),
            Row(
                "image create whole --import --file disk.qcow2 --disk-format qcow2 -f value -c id",
                keep="whole",
            ),
            Row("image show $whole -f value -c status -c virtual_size", "active", until=True),
            Row("image create staged --disk-format qcow2 -f value -c id", keep="image"),
            Row("image stage $image --file disk.qcow2"),
            Row("image import $image --method glance-direct"),
            Row("image show $image -f value -c status", "active", until=True),
            Row("image task list -f value -c ID -c Type", r"(\S+) api_image_import", keep="task"),
            Row("image task show $task", "success"),
            Row("container create open --public"),
            Row("object create open disk.qcow2"),
            Row("image create fetched --disk-format qcow2 -f value -c id", keep="fetched"),
            Row("image import fetched --method web-download --uri $storage_url/open/disk.qcow2"),
            Row("image show $fetched -f value -c status", "active", until=True),
            Row("image import $fetched --method copy-image --all-stores", until=True),
            Row(
                "image import staged --method glance-download --remote-region two --remote-image $image",
                "glance-download",
                why="Images are fetched by URL from anywhere; another Glance is not asked.",
            ),
            Row("image delete $image $whole $fetched"),
        ],
    ),
    Group(
        "openstack",
        "What images have elsewhere",
        [
            Row("cached image list", why=_NO_CACHE, who="admin"),
            Row("cached image queue x", why=_NO_CACHE, who="admin"),
            Row("cached image delete x", why=_NO_CACHE, who="admin"),
            Row("cached image clear", why=_NO_CACHE, who="admin"),
        ],
    ),
]
