"""Links: objects without bytes that stand for another object. Pure rules."""

from __future__ import annotations

from dataclasses import dataclass

from imageferry.domain.access import ProjectId

MAX_LINKS = 2  # one after the other
LINK_TYPE = "application/symlink"


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """Where a link leads.

    With ``md5`` it is *static*: it leads to those very bytes, and nowhere when others have
    taken their place. Size and tag are then those of the object at the time.
    """

    project_id: ProjectId
    container: str
    name: str
    md5: str | None = None  # hex; of a large object its list's
    size: int = 0  # bytes
    whole_etag: str | None = None  # of a static large object

    @property
    def path(self) -> str:
        return f"{self.container}/{self.name}"
