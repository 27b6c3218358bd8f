"""The steps from an object or a URL to an image, each repeatable, each refusing with a sentence.

    locate or fetch -> verify -> unpack -> inspect -> convert -> check -> publish

The image record appears in the last one only, when everything that can refuse has passed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from imageferry.domain.access import Caller, ProjectId, Role
from imageferry.domain.blob import BlobDraft, can_join
from imageferry.domain.digest import Algorithm, Digest
from imageferry.domain.errors import AlreadyExists, DigestMismatch, PreconditionFailed
from imageferry.domain.image import ContainerFormat, DiskFormat, Image, ImageId, Status, checked_image
from imageferry.domain.image_quota import Resource
from imageferry.domain.task import Lane, State, Task
from imageferry.formats.judge import Limits
from imageferry.ports.clock import Clock
from imageferry.ports.disk_tools import DiskTools
from imageferry.ports.records import Records
from imageferry.service.blobs import Blobs, Section, pinned, whole
from imageferry.service.image_quotas import Bound, ImageQuotas
from imageferry.service.image_upload import IMAGE_DIGESTS
from imageferry.service.importing.conversion import Announced, converted, size_found
from imageferry.service.importing.fetching import Fetching, Wanted
from imageferry.service.importing.inspection import inspected
from imageferry.service.importing.material import (
    sections_of_state,
    sections_to_state,
)
from imageferry.service.importing.own import with_own_properties
from imageferry.service.importing.request import ImportRequest
from imageferry.service.importing.unpack import Asked, Unpacker
from imageferry.service.objects import Objects
from imageferry.service.plans import Plan, Step, StepContext


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportSteps:
    """The steps over what they work with."""

    records: Records
    blobs: Blobs
    objects: Objects
    tools: DiskTools
    clock: Clock
    limits: Limits
    quotas: ImageQuotas
    fetching: Fetching
    unpacker: Unpacker

    def plan(self) -> Plan:
        """For an object."""
        return self._plan(Step(name="locate", run=self.locate))

    def plan_of_url(self) -> Plan:
        """For what is to be fetched."""
        return self._plan(Step(name="fetch", run=self.fetch, lane=Lane.NETWORK))

    def _plan(self, first: Step) -> Plan:
        runs: dict[str, Callable[[StepContext], State]] = {
            "verify": self.verify,
            "unpack": self.unpack,
            "inspect": self.inspect,
            "convert": self.convert,
            "check": self.check,
            "publish": self.publish,
        }
        return Plan(
            steps=(first, *(Step(name=name, run=run) for name, run in runs.items())),
            result=lambda state: {"image_id": state["image_id"]},
        )

    def locate(self, context: StepContext) -> State:
        """Find the object and hold on to its bytes, whatever becomes of its name from now on."""
        asked = context.task.input
        opened = self.objects.open(
            _on_behalf_of(context.task), ProjectId(asked["account"]), asked["container"], asked["object"]
        )
        if opened.etag != asked["etag"]:
            name = f"object {asked['container']}/{asked['object']}"
            raise PreconditionFailed(name, "unchanged since the import was asked for")
        with self.records.writing() as session:
            session.blobs.pin(context.task.id, {section.blob.id for section in opened.sections})
        return {**context.state, "image_id": asked["image_id"], "source": sections_to_state(opened.sections)}

    def fetch(self, context: StepContext) -> State:
        """Bring what lies behind the URL."""
        request = ImportRequest.of_state(context.task.input)

        def room(size: int | None) -> Bound:
            with self.records.reading() as session:
                return self.quotas.bound(session, context.task.project_id, Resource.BYTES, size)

        unpack = self.unpacker.wanted(request.unpack, request.source_format)
        wanted = Wanted(name=request.file, unpack=unpack, format=request.source_format)
        algorithms = () if request.digest is None else (request.digest.algorithm,)
        blob = self.fetching.fetch(context, request.url, wanted, room=room, algorithms=algorithms)
        image_id = context.task.input["image_id"]
        return {**context.state, "image_id": image_id, "source": sections_to_state([whole(blob)])}

    def verify(self, context: StepContext) -> State:
        """The digest that the caller promised, if any."""
        request = ImportRequest.of_state(context.task.input)
        self._check_digest(context, self._source(context), request.digest, _source_of(request))
        return context.state

    def unpack(self, context: StepContext) -> State:
        """What is packed is taken for the disk inside, where that is wanted."""
        request = ImportRequest.of_state(context.task.input)
        sections = self._source(context)
        if self.unpacker.wanted(request.unpack, request.source_format):
            with self.records.reading() as session:
                room = self.quotas.bound(session, context.task.project_id, Resource.BYTES, None)
            asked = Asked(
                what=request.file,
                format=request.source_format,
                member=request.member,
                algorithms=() if request.convert_to else IMAGE_DIGESTS,
                room=room,
            )
            sections = self.unpacker.unpack(context, sections, asked)
        self._check_digest(context, sections, request.unpacked_digest, f"{request.file}, unpacked")
        return {**context.state, "source": sections_to_state(sections)}

    def inspect(self, context: StepContext) -> State:
        """It must be a safe disk, of the format that was said."""
        request = ImportRequest.of_state(context.task.input)
        sections = self._source(context)
        most = min(self.limits.virtual_size_bytes, request.max_virtual_size or self.limits.virtual_size_bytes)
        facts = inspected(
            context,
            self.blobs,
            self.tools,
            replace(self.limits, virtual_size_bytes=most),
            sections,
            request.source_format,
            name=request.file,
        )
        return {
            **context.state,
            "format": facts.format.value,
            "sub_format": facts.sub_format,
            "virtual_size": facts.virtual_size,
        }

    def convert(self, context: StepContext) -> State:
        """To the format that is asked for; what is in it already is taken as it lies, without copying
        where block bounds allow.
        """
        sections = self._source(context)
        there = DiskFormat(context.state["format"])
        wanted = ImportRequest.of_state(context.task.input).convert_to
        if wanted is None or there is DiskFormat.ISO:
            wanted = there
        if there is wanted:
            return {**context.state, "blob": self._as_it_is(context, sections), "disk_format": there.value}
        sub_format = "monolithicSparse" if wanted is DiskFormat.VMDK else ""
        draft = converted(context, self.blobs, self.tools, sections, _announced(context), wanted, sub_format=sub_format)
        return {**context.state, "blob": self._keep(context, draft), "disk_format": wanted.value}

    def check(self, context: StepContext) -> State:
        """What came out must be what was announced: of that size, and a safe disk of that format."""
        with self.records.reading() as session:
            blob = pinned(session, context.state["blob"])
        made = DiskFormat(context.state["disk_format"])
        size = size_found(self.blobs, blob, made, _announced(context), self.limits)
        return {**context.state, "virtual_size": size}

    def publish(self, context: StepContext) -> State:
        """The image appears, whole and active."""
        request = ImportRequest.of_state(context.task.input)
        image_id = ImageId(context.state["image_id"])
        now = self.clock()
        with self.records.writing() as session:
            blob = pinned(session, context.state["blob"])
            there = session.images.get(image_id)
            if there is not None and there.blob_id == blob.id:
                return context.state  # published already, before this step was cut off
            if there is not None:
                raise AlreadyExists("image", image_id)
            self.quotas.check(session, context.task.project_id, images=1, bytes=blob.size)
            image = Image(
                id=image_id,
                owner=context.task.project_id,
                name=request.name,
                status=Status.ACTIVE,
                visibility=request.visibility,
                disk_format=DiskFormat(context.state["disk_format"]),
                container_format=ContainerFormat.BARE,
                size=blob.size,
                virtual_size=context.state["virtual_size"],
                checksum=blob.digests[Algorithm.MD5],
                hash_value=blob.digests[Algorithm.SHA512],
                min_disk=request.min_disk,
                min_ram=request.min_ram,
                properties=request.properties,
                tags=request.tags,
                protected=request.protected,
                hidden=request.hidden,
                blob_id=blob.id,
                created_at=now,
                updated_at=now,
            )
            session.images.add(checked_image(with_own_properties(image, context.state)))
        return context.state

    def _source(self, context: StepContext) -> tuple[Section, ...]:
        with self.records.reading() as session:
            return sections_of_state(session, context.state["source"])

    def _check_digest(
        self, context: StepContext, sections: tuple[Section, ...], promised: Digest | None, what: str
    ) -> None:
        if promised is None:
            return
        context.begin(sum(section.size for section in sections))
        values = self.blobs.digests(sections, [promised.algorithm], context.advance)
        found = Digest(promised.algorithm, values[promised.algorithm])
        if found != promised:
            raise DigestMismatch(what, promised=promised, found=found)

    def _as_it_is(self, context: StepContext, sections: tuple[Section, ...]) -> str:
        if len(sections) == 1 and sections[0] == whole(sections[0].blob):
            blob = sections[0].blob
        elif all(part == whole(part.blob) for part in sections) and can_join([part.size for part in sections]):
            draft = self.blobs.join([section.blob for section in sections])
            self._keep(context, draft)
            blob = draft.blob
        else:
            return self._keep(context, self._rewritten(context, sections))
        context.begin(blob.size)
        self.blobs.digests([whole(blob)], IMAGE_DIGESTS, context.advance)
        return blob.id

    def _rewritten(self, context: StepContext, sections: tuple[Section, ...]) -> BlobDraft:
        context.begin(sum(section.size for section in sections))
        return self.blobs.rewrite(sections, IMAGE_DIGESTS, context.advance)

    def _keep(self, context: StepContext, draft: BlobDraft) -> str:
        return self.blobs.keep(draft, held_by=context.task.id).id


def _announced(context: StepContext) -> Announced:
    return Announced(
        name=ImportRequest.of_state(context.task.input).file,
        format=DiskFormat(context.state["format"]),
        virtual_size=context.state["virtual_size"],
    )


def _source_of(request: ImportRequest) -> str:
    """What a message about the bytes calls them."""
    return request.file if request.url else f"object {request.object}"


def _on_behalf_of(task: Task) -> Caller:
    """Who started the task, as far as reading goes."""
    return Caller(user_id=task.user_id, project_id=task.project_id, roles=frozenset({Role.READER}))
