"""Metadata definitions: a dashboard's catalogue of the properties that images may have."""

from __future__ import annotations

from tests.journeys.clients.table import Group, Row

_SIZE = '\'{"type": "integer", "title": "Size"}\''

_KIND = '\'{"properties": {"kind": {"type": "string", "title": "Kind"}}}\''
_APPEND = "glanceclient 4.13 trips over its own header before it sends anything, with every Glance."

GROUPS = [
    Group(
        "openstack",
        "Metadata definitions",
        [
            Row("image metadef namespace create disks-$run --display-name Disks --private", who="admin"),
            Row("image metadef namespace list", "disks-$run", who="admin"),
            Row("image metadef namespace set disks-$run --description 'of all kinds' --tag x", who="admin"),
            Row("image metadef namespace show disks-$run", "of all kinds", who="admin"),
            Row("image metadef namespace unset disks-$run --tag x", who="admin"),
            Row("image metadef object create bus --namespace disks-$run", "bus", who="admin"),
            Row("image metadef object list disks-$run", "bus", who="admin"),
            Row("image metadef object update disks-$run bus --name wire", who="admin"),
            Row("image metadef object show disks-$run wire", "wire", who="admin"),
            Row(f"md-object-update disks-$run wire --schema {_KIND}", client="glance", who="admin"),
            Row("image metadef object property show disks-$run wire kind", "Kind", who="admin"),
            Row(
                f"image metadef property create disks-$run --name size --title Size --type integer --schema {_SIZE}",
                who="admin",
            ),
            Row("image metadef property list disks-$run", "size", who="admin"),
            Row("image metadef property set disks-$run size --title Length", who="admin"),
            Row("image metadef property show disks-$run size", "Length", who="admin"),
            Row("image metadef property delete disks-$run size", who="admin"),
            Row("image metadef resource type list", who="admin"),
            Row("image metadef resource type association create disks-$run OS::Glance::Image", who="admin"),
            Row("image metadef resource type association list disks-$run", "OS::Glance::Image", who="admin"),
            Row("image metadef resource type association delete disks-$run OS::Glance::Image", who="admin"),
            Row("image metadef object delete disks-$run wire", who="admin"),
            Row("image metadef namespace delete disks-$run", who="admin"),
        ],
    ),
    Group(
        "glance",
        "Metadata definitions",
        [
            Row("md-namespace-create disks-$run --display-name Disks", "disks-$run", who="admin"),
            Row("md-namespace-list", "disks-$run", who="admin"),
            Row("md-namespace-update disks-$run --visibility public --protected False", "public", who="admin"),
            Row("md-namespace-show disks-$run", "Disks", who="member"),
            Row(f"md-property-create disks-$run --name size --title Size --type integer --schema {_SIZE}", who="admin"),
            Row("md-property-update disks-$run size --title Length", "Length", who="admin"),
            Row("md-property-list disks-$run", "size"),
            Row("md-property-show disks-$run size", "Length"),
            Row(f"md-object-create disks-$run --name bus --schema {_KIND}", who="admin"),
            Row("md-object-update disks-$run bus --name wire", "wire", who="admin"),
            Row("md-object-list disks-$run", "wire"),
            Row("md-object-show disks-$run wire", "kind"),
            Row("md-object-property-show disks-$run wire kind", "Kind"),
            Row("md-tag-create-multiple disks-$run --names big,small", "small", who="admin"),
            Row("md-tag-create-multiple disks-$run --names red --append", "bytes", why=_APPEND, who="admin"),
            Row("md-tag-create disks-$run --name fast", "fast", who="admin"),
            Row("md-tag-update disks-$run fast --name quick", "quick", who="admin"),
            Row("md-tag-list disks-$run", "quick"),
            Row("md-tag-show disks-$run quick", "quick"),
            Row("md-tag-delete disks-$run quick", who="admin"),
            Row("md-resource-type-list"),
            Row("md-resource-type-associate disks-$run --name OS::Glance::Image", who="admin"),
            Row("md-namespace-resource-type-list disks-$run", "OS::Glance::Image"),
            Row("md-resource-type-deassociate disks-$run OS::Glance::Image", who="admin"),
            Row("md-property-delete disks-$run size", who="admin"),
            Row("md-object-delete disks-$run wire", who="admin"),
            Row("md-namespace-tags-delete disks-$run", who="admin"),
            Row("md-namespace-objects-delete disks-$run", who="admin"),
            Row("md-namespace-properties-delete disks-$run", who="admin"),
            Row("md-namespace-delete disks-$run", who="admin"),
            Row("md-namespace-import --file namespace.json", "imported-$run", who="admin"),
            Row("md-namespace-delete imported-$run", who="admin"),
        ],
    ),
]
