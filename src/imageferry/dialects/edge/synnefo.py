"""What the dialects of Synnefo share at the edge: how errors are said, and where a token is found."""

from __future__ import annotations

import json

from imageferry.dialects.edge.http import Answer, Headers, Request, header_token, status_for
from imageferry.dialects.edge.statuses import STATUSES
from imageferry.domain.errors import FerryError
from imageferry.wire import synnefo


def answer(status: int, document: object, headers: Headers = ()) -> Answer:
    """JSON, of the content type that Synnefo sends."""
    body = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
    return Answer(status=status, headers=[("content-type", synnefo.JSON), *headers], body=body)


def error(error: FerryError, _: Request) -> Answer:
    status, _title = status_for(error, STATUSES)
    return answer(status, synnefo.fault(status, str(error)))


def refuse(status: int, sentence: str, _: Request, headers: Headers) -> Answer:
    """What the path table itself refuses. A path that no API has is a 400 there: 404 speaks of things."""
    said = 400 if status == 404 else status
    return answer(said, synnefo.fault(said, sentence), headers)


def token_of(request: Request) -> str:
    """The token of the query, which wins, or of the header, which may be percent-encoded."""
    return request.query.get(synnefo.TOKEN) or synnefo.decoded(header_token(request))
