"""python-openstackclient: containers and objects."""

from __future__ import annotations

from tests.journeys.clients.table import Group, Row

GROUPS = [
    Group(
        "openstack",
        "Containers, objects, the account",
        [
            Row("container create box", "box"),
            Row("container create open --public", "open"),
            Row("container list", "box"),
            Row("container list --long --prefix b --limit 5", "box"),
            Row("container set box --property colour=blue"),
            Row("container show box", "blue"),
            Row("container unset box --property colour"),
            Row("object create box disk.raw tree/one.txt", "disk.raw"),
            Row("object create box disk.raw --name other.raw", "other.raw"),
            Row("object list box", "tree/one.txt"),
            Row("object list box --long --prefix tree", "tree/one.txt"),
            Row("object set box disk.raw --property colour=red"),
            Row("object show box disk.raw", "red"),
            Row("object unset box disk.raw --property colour"),
            Row("object save box disk.raw --file back.raw", same="back.raw disk.raw"),
            Row("object delete box other.raw"),
            Row("container save open"),
            Row("object store account set --property colour=green"),
            Row("object store account show", "green"),
            Row("object store account unset --property colour"),
            Row("container delete open"),
            Row("container delete box --recursive"),
        ],
    ),
]
