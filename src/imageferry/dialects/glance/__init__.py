"""Glance, Image v2: the table of its paths, at the root and once more below ``/image``.

Why twice: docs/decisions/0003-one-port.md. Source: specs/openstack.md, section 4.
"""

from __future__ import annotations

from functools import partial
from uuid import UUID

from imageferry.dialects.edge.http import Answer, Dialect, Handler, Headers, Path, Request, Streamed
from imageferry.dialects.glance import data, errors, images, importing, info, members, metadefs, tasks
from imageferry.domain.errors import FerryError
from imageferry.service.services import Services
from imageferry.wire import glance

MOUNT = "/image"  # where the catalog sends clients that find all services on one host
HOST = "image"  # the first label of a host that is Glance's alone

_UNKNOWN = [f"v{number}" for number in (1, 3, 4, 5, 6, 7, 8, 9)]


def dialect(public_url: str = "", *, tasks_for: str = "members") -> Dialect:
    """Glance at ``/v2``, ``/versions`` and ``/image``; at ``/`` too on a host called ``image``.

    Args:
        public_url: how clients reach the service; by default as each of them called it.
        tasks_for: who may use the tasks API, "members" or "admins".
    """

    def base(request: Request) -> str:
        return public_url.rstrip("/") or request.base_url

    def error(error: FerryError, request: Request) -> Answer:
        return errors.answer(error, request, base(request))

    paths = []
    for mount in ("", MOUNT):

        def root(request: Request, mount: str = mount) -> str:
            return base(request) + mount

        def versions(request: Request, _: Services, mount: str = mount, status: int = 200) -> Answer:
            return Answer.of_json(status, glance.versions(base(request) + mount))

        choices = partial(versions, status=300)
        paths += _discovery(mount, versions, choices)
        rows = _table(images.create(root)) + tasks.paths(root, tasks_for) + metadefs.paths(root)
        paths += [Path(mount + row.path, row.methods) for row in rows]
    return Dialect(
        name="glance",
        service="image",
        mount=MOUNT,
        paths=paths,
        error=error,
        refuse=errors.refusal,
        prefixes=["/v2/", MOUNT],
        headers=_request_id,
    )


def _discovery(mount: str, versions: Handler, choices: Handler) -> list[Path]:
    """``choices`` answers an unknown version by naming the known ones.

    At the root that is possible on Glance's own host only: elsewhere ``/v1`` and ``/v3`` are other APIs'.
    """
    host = "" if mount else HOST
    paths = [Path(f"{mount}/versions", {"GET": versions}), Path(f"{mount}/", {"GET": choices}, host=host)]
    if mount:
        paths.append(Path(mount, {"GET": choices}))
    for version in _UNKNOWN:
        paths.append(Path(f"{mount}/{version}", {"GET": choices}, host=host))
        paths.append(Path(f"{mount}/{version}/{{rest:rest}}", {"GET": choices}, host=host))
    return paths


def _table(create: Handler) -> list[Path]:
    return [
        Path("/v2/images", {"POST": create, "GET": images.listing}),
        Path("/v2/images/{image_id}", {"GET": images.show, "PATCH": images.patch, "DELETE": images.delete}),
        Path("/v2/images/{image_id}/file", {"PUT": Streamed(data.upload), "GET": data.download}),
        Path("/v2/images/{image_id}/stage", {"PUT": Streamed(data.stage)}),
        Path("/v2/images/{image_id}/import", {"POST": importing.start}),
        Path("/v2/images/{image_id}/tasks", {"GET": importing.tasks_of_image}),
        Path("/v2/images/{image_id}/tags/{tag}", {"PUT": images.add_tag, "DELETE": images.remove_tag}),
        Path("/v2/images/{image_id}/actions/{action}", {"POST": images.act}),
        Path("/v2/images/{image_id}/members", {"POST": members.add, "GET": members.listing}),
        Path(
            "/v2/images/{image_id}/members/{member_id}",
            {"GET": members.show, "PUT": members.answer, "DELETE": members.remove},
        ),
        Path("/v2/schemas/{name}", {"GET": info.schema}),
        Path("/v2/info/import", {"GET": info.import_methods}),
        Path("/v2/info/stores", {"GET": info.stores}),
        Path("/v2/info/stores/detail", {"GET": info.stores_in_detail}),
        Path("/v2/info/usage", {"GET": info.usage}),
        Path("/v2/stores/{store}/{image_id}", {"DELETE": info.drop}),
        Path("/v2/images/{image_id}/locations", {"GET": info.locations, "POST": info.add_location}),
        Path("/v2/cache", {"GET": info.no_cache, "DELETE": info.no_cache}),
        Path("/v2/cache/{image_id}", {"PUT": info.no_cache, "DELETE": info.no_cache}),
    ]


def _request_id(request: Request) -> Headers:
    return [("x-openstack-request-id", f"req-{UUID(request.id)}")]
