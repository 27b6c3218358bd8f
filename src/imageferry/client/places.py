"""Where an object is, in the ways that people write it.

/container/path                       kamaki from 0.12 on
container:path                        kamaki to 0.11
container/path
pithos://account/container/path       everywhere; its parts may be percent-encoded
path                                  in the default container
"""

from __future__ import annotations

import re

from imageferry.domain.access import ProjectId
from imageferry.domain.errors import BadInput
from imageferry.domain.registration import STORE, Place

_FORMS = "/container/path, container:path, container/path or pithos://account/container/path"
_SEPARATOR = re.compile(r"[:/]")


def read_place(text: str, *, project: str, container: str) -> Place:
    """Where ``text`` points.

    Args:
        project: whose objects are meant where it does not say.
        container: the one that is meant where it does not say.

    Raises:
        BadInput: no object's place, or one without a path.
    """
    if text.startswith(f"{STORE}://"):
        return Place.parse(text)
    named, name = container, text
    if text.startswith("/"):
        named, _, name = text[1:].partition("/")
    elif found := _SEPARATOR.search(text):
        named, name = text[: found.start()], text[found.end() :]
    if not named or not name:
        raise BadInput("location", text, _FORMS)
    return Place(ProjectId(project), named, name)


def shown_place(place: Place) -> str:
    """As people write it."""
    return f"/{place.container}/{place.name}"
