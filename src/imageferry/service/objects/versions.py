"""Earlier states of objects: listed, deleted for good, and made current again."""

from __future__ import annotations

from imageferry.domain.access import Act, Caller, ProjectId, allow
from imageferry.domain.errors import BadInput
from imageferry.domain.object import Container, ListingQuery, ObjectVersion, StoredObject, Subdir
from imageferry.domain.versioning import NO_VERSION, VersionId
from imageferry.service.objects.containers import container_of, held
from imageferry.service.objects.keeping import Deletion, remove_version, restore
from imageferry.service.objects.quotas import within_quotas
from imageferry.service.objects.reading import versioned
from imageferry.service.objects.segment_lists import SegmentLists


class Versions(SegmentLists):
    """The use-cases on versions. Reading one is ``open`` with its number."""

    def versions(
        self,
        caller: Caller | None,
        project: ProjectId,
        name: str,
        query: ListingQuery,
        *,
        behind: VersionId | None = None,
    ) -> tuple[Container, list[ObjectVersion | Subdir]]:
        """A page of all versions in a container, as ``VersionRecords.versions`` orders them."""
        self.may(caller, Act.READ_OBJECTS, project, name, listing=True)
        with self._records.reading() as session:
            container = container_of(session, project, name)
            return container, session.versions.versions(container.id, query, self._clock(), behind=behind)

    def delete_version(
        self, caller: Caller | None, project: ProjectId, container: str, name: str, version: VersionId
    ) -> Deletion:
        """Delete one version for good; NO_VERSION only takes the current object away.

        Raises:
            NotFound: no such version; NoVersions if the container never kept any.
        """
        if version == NO_VERSION:
            self.may(caller, Act.WRITE_OBJECTS, project, container, name, by_share=False)
        else:
            allow(caller, Act.WRITE_OBJECTS, owner=project)
        with self._records.writing() as session:
            place = held(session, project, container)
            return remove_version(
                session, place if version == NO_VERSION else versioned(place), name, version, self._clock()
            )

    def restore(
        self, caller: Caller | None, project: ProjectId, container: str, name: str, version: VersionId
    ) -> StoredObject:
        """Let a version be the current object again. No byte is lost: what was current stays a version.

        Raises:
            NotFound: no such version; NoVersions if the container never kept any.
            BadInput: the number is none, or the mark of a deletion.
        """
        self.may(caller, Act.WRITE_OBJECTS, project, container, name, by_share=False)
        with self._records.writing() as session:
            place = versioned(container_of(session, project, container))
            if version == NO_VERSION:
                raise BadInput("version", "null", "a version's id: Invalid version parameter")
            with within_quotas(session, project, place, self._clock()):
                place = held(session, project, container)
                return restore(session, place, name, version, self._clock())
