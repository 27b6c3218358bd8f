"""The table of Pithos+: which path and method is whose."""

from __future__ import annotations

from collections.abc import Mapping

from imageferry.dialects.edge import synnefo
from imageferry.dialects.edge.http import Dialect, Handler, Path, Streamed
from imageferry.dialects.pithos import (
    account,
    container,
    copies,
    errors,
    object_read,
    object_write,
    public,
    sharing,
    updates,
)
from imageferry.dialects.pithos.asked import read_aloud
from imageferry.dialects.pithos.home import at_home
from imageferry.wire.pithos import ROOT
from imageferry.wire.pithos_sharing import PUBLIC_ROOT

_ACCOUNT: Mapping[str, Handler | Streamed] = {
    "HEAD": account.head,
    "GET": account.get,
    "POST": account.post,
}
_CONTAINER: Mapping[str, Handler | Streamed] = {
    "HEAD": at_home(container.head),
    "GET": at_home(container.get),
    "PUT": container.put,
    "POST": Streamed(at_home(container.post)),
    "DELETE": container.delete,
}
_OBJECT: Mapping[str, Handler | Streamed] = {
    "HEAD": object_read.get_or_head,
    "GET": object_read.get_or_head,
    "PUT": Streamed(at_home(object_write.put)),
    "POST": Streamed(updates.post),
    "COPY": copies.copy,
    "MOVE": copies.move,
    "DELETE": copies.delete,
}


def dialect(public_url: str = "") -> Dialect:
    """``public_url``: how clients reach the service; by default as each of them called it."""
    rows: Mapping[str, Mapping[str, Handler | Streamed]] = {
        "": {"GET": sharing.sharers},
        "{project}": _ACCOUNT,
        "{project}/": _ACCOUNT,
        "{project}/{container}": _CONTAINER,
        "{project}/{container}/": _CONTAINER,
        "{project}/{container}/{object:rest}": _OBJECT,
    }
    return Dialect(
        name="pithos",
        service="object-store",
        paths=[
            Path(ROOT, read_aloud(rows[""], public_url)),
            *(Path(f"{ROOT}/{path}", read_aloud(methods, public_url)) for path, methods in rows.items()),
            *public.paths(),
        ],
        error=errors.answer,
        refuse=synnefo.refuse,
        prefixes=["/object-store", PUBLIC_ROOT],
        token_of=synnefo.token_of,
    )
