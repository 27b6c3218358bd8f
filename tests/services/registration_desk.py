"""A service, and somebody with objects who makes images of them."""

from __future__ import annotations

from dataclasses import replace

from imageferry.bootstrap import House
from imageferry.domain.access import Act, Caller, ProjectId, Role, UserId
from imageferry.domain.errors import (
    Forbidden,
)
from imageferry.domain.image import Image, ImageId
from imageferry.domain.registration import Described, Standing, Wish
from imageferry.domain.sharing import SharingChange, sharing_of
from imageferry.service.objects import Traits
from tests.disks import jpeg, mbr_disk

PLAIN = Traits(metadata={}, headers={})
NAME = Wish(name="an image")
PUBLIC = Wish(name="an image", public=True)
GOOD, BAD = mbr_disk(1 << 20), jpeg()


class Desk:
    """A service, and a member of its project ``ours`` with a container ``c``."""

    def __init__(self, house: House) -> None:
        self.house, self.services = house, house.services
        self.objects, self.images = house.services.objects, house.services.images
        self.registrations = house.services.registrations
        self.projects = {name: house.services.admin.add_project(name).id for name in ("ours", "theirs", "others")}
        self.us, self.them = self.caller("ours"), self.caller("theirs")
        self.admin = Caller(user_id=UserId("root"), project_id=self.projects["others"], roles=frozenset(Role))
        self.objects.create_container(self.us, self.us.project, "c", {})

    def caller(self, project: str, *roles: Role) -> Caller:
        known = frozenset(roles or (Role.MEMBER, Role.READER))
        return Caller(user_id=UserId(f"user of {project}"), project_id=self.projects[project], roles=known)

    def put(self, data: bytes, name: str = "disk", container: str = "c", traits: Traits = PLAIN) -> ImageId:
        with self.objects.upload(self.us, self.us.project, container, name, traits=traits) as upload:
            upload.write(data)
            return ImageId(upload.commit().id)

    def delete(self, name: str = "disk", container: str = "c") -> None:
        self.objects.delete(self.us, self.us.project, container, name)

    def location(self, name: str = "disk", container: str = "c") -> str:
        return f"pithos://{self.us.project}/{container}/{name}"

    def register(self, wish: Wish = NAME, name: str = "disk", container: str = "c") -> Described:
        return self.registrations.register(self.us, self.location(name, container), wish)

    def registered(self, data: bytes = GOOD, wish: Wish = NAME) -> ImageId:
        """The object ``disk`` as an image."""
        self.put(data)
        return self.register(wish).id

    def image(self, image_id: ImageId) -> Image:
        with self.house.records.reading() as session:
            image = session.images.get(image_id)
        assert image is not None
        return image

    def standing(self, image_id: ImageId) -> Standing:
        with self.house.records.reading() as session:
            found = session.registrations.get(image_id)
        assert found is not None
        return found.standing

    def bytes_of(self, image_id: ImageId, caller: Caller | None = None) -> bytes | None:
        opened = self.images.open(caller or self.us, image_id)
        return None if opened is None else b"".join(self.images.read(opened))

    def members(self, image_id: ImageId) -> set[ProjectId]:
        with self.house.records.reading() as session:
            return {member.project_id for member in session.images.members(image_id)}

    def may_read(self, caller: Caller, name: str = "disk") -> bool:
        try:
            self.objects.may(caller, Act.READ_OBJECTS, self.us.project, "c", name)
        except Forbidden:
            return False
        return True

    def share(self, *readers: str, name: str = "disk") -> None:
        change = SharingChange(sharing=sharing_of(readers, ()))
        self.objects.restate(self.us, self.us.project, "c", name, lambda _: replace(PLAIN, sharing=change))
