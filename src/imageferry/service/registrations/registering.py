"""Objects become images, change as such, and are no images any more; the objects themselves stay as they are."""

from __future__ import annotations

from dataclasses import dataclass, replace

from imageferry.domain.access import Act, Caller, allow, may
from imageferry.domain.errors import AlreadyExists, BadInput, Forbidden, StatusConflict
from imageferry.domain.image import Image, ImageId, Status, Visibility, checked_image
from imageferry.domain.object import StoredObject
from imageferry.domain.registration import (
    OPEN,
    Described,
    Place,
    Registration,
    Standing,
    Wish,
    check_promises,
    checked_name,
    container_format_of,
    disk_format_of,
    overridden,
    overridden_properties,
    status_of,
    updated,
    updated_properties,
    with_formats,
)
from imageferry.ports.clock import Clock
from imageferry.ports.records import Records, Session
from imageferry.service.image_quotas import ImageQuotas
from imageferry.service.objects.containers import held
from imageferry.service.objects.reading import state_in
from imageferry.service.registrations.judging import Judged, Judging, try_to_settle, with_bytes
from imageferry.service.registrations.looking import described_in
from imageferry.service.registrations.members import Members, own
from imageferry.service.registrations.opening import set_visibility, share_anew
from imageferry.service.registrations.readers import hold_object
from imageferry.service.sharing import ProjectLookup

_TRIES = 5  # of who registers an object that others overwrite meanwhile


@dataclass(frozen=True, kw_only=True, slots=True)
class _Draft:
    """What is to become of an image: made once for its bytes to be judged, and once more when it is kept."""

    known: Image | None  # the image there
    was: Registration
    image: Image
    registration: Registration


class Registrations(Members):
    """The use-cases of images in Plankton's way. An image's id is that of its object."""

    def __init__(
        self, records: Records, judging: Judging, clock: Clock, projects: ProjectLookup, quotas: ImageQuotas
    ) -> None:
        super().__init__(records, judging, clock, projects)
        self._quotas = quotas

    def register(self, caller: Caller | None, location: str, wish: Wish) -> Described:
        """Make an object an image, or set all that can be set of the image that it is to what is said now.

        Whom the object was shared with before it is shared with no longer; everybody reads it if it is public.

        Raises:
            BadInput: no name, no location, or what is said does not fit.
            BadDisk, TooLarge, Infected, StepRefused: nor do the bytes.
            Unavailable, TimedOut: somebody who must be asked about them cannot say.
            NotFound: no such object.
            Forbidden: it is another account's.
            OverLimit: the project has as many images as it may have.
        """
        place = Place.parse(location)
        caller = allow(caller, Act.WRITE_IMAGES, owner=place.project_id)
        checked_name(wish.name)
        visibility = _visibility(caller, public=bool(wish.public))
        for _ in range(_TRIES):
            with self._records.reading() as session:
                item = self._object(session, place)
                top = session.blobs.tops([item.blob_id])[item.blob_id]
                draft = self._registered(session, place, item, wish)
            check_promises(wish, size=item.size, checksum=top)
            shall_be = replace(draft.image, visibility=visibility)
            judged = self._judging.judged(place, item, shall_be, draft.registration)
            with self._records.writing() as session:
                held(session, place.project_id, place.container)
                there = self._object(session, place)
                if (there.id, there.blob_id) != (item.id, item.blob_id):
                    continue  # what was judged is not what is there
                draft = self._registered(session, place, there, wish)
                if draft.known is None:
                    self._quotas.check(session, place.project_id, images=1)
                self._keep(session, draft, there, judged)
                share_anew(session, there, visibility, self._clock())
                return described_in(session, [own(session, caller, draft.image.id)])[0]
        raise StatusConflict("object", place.name, found="overwritten again and again", wanted="registering it")

    def _object(self, session: Session, place: Place) -> StoredObject:
        item, _ = state_in(session, place.project_id, place.container, place.name, self._clock())
        return item

    def _registered(self, session: Session, place: Place, item: StoredObject, wish: Wish) -> _Draft:
        image_id, now = ImageId(item.id), self._clock()
        known, was = session.images.get(image_id), session.registrations.get(image_id)
        if known is not None and was is None:
            raise AlreadyExists("image", image_id)  # somebody has made one with the id of this object
        image = known or Image(
            id=image_id, owner=place.project_id, status=Status.ACTIVE, created_at=now, updated_at=now
        )
        was = was or Registration(image_id=image_id)
        registration = overridden(was, wish)
        named = replace(image, name=wish.name, properties=overridden_properties(image.properties, wish))
        return _Draft(known=known, was=was, image=with_formats(named, registration), registration=registration)

    def change(self, caller: Caller | None, image_id: ImageId, wish: Wish) -> Described:
        """Change of an image what something is said of, and nothing else.

        Raises:
            BadInput: what is said does not fit.
            BadDisk, Infected, StepRefused: nor do the bytes, as what they are said to be now.
            Unavailable, TimedOut: somebody who must be asked about them cannot say.
            NotFound: no such image.
            Forbidden: it is another account's.
        """
        caller = allow(caller, Act.WRITE_IMAGES)
        if wish.name is not None:
            checked_name(wish.name)
        try_to_settle(self._judging.settle, image_id)
        for _ in range(_TRIES):
            with self._records.reading() as session:
                draft = self._changed(session, caller, image_id, wish)
                found = session.registrations.object(image_id)
            judged = None
            if draft is not None and found is not None and draft.registration.formats != draft.was.formats:
                judged = self._judging.judged(*found, _published(caller, draft.image, wish), draft.registration)
            with self._records.writing() as session:
                hold_object(session, image_id)
                again = self._changed(session, caller, image_id, wish)
                if draft is None or again is None:
                    self._keep_elsewhere(session, caller, image_id, wish)
                elif again.was != draft.was or session.registrations.object(image_id) != found:
                    continue  # what was judged is not what is there
                elif found is not None and judged is not None:
                    self._keep(session, again, found[1], judged)
                else:
                    self._keep_words(session, again)
                self._publish(session, caller, image_id, wish)
                kept = described_in(session, [own(session, caller, image_id)])[0]
            return self.show(caller, image_id) if session.registrations.left_unjudged else kept
        raise StatusConflict("image", image_id, found="changed again and again", wanted="changing it")

    def _changed(self, session: Session, caller: Caller, image_id: ImageId, wish: Wish) -> _Draft | None:
        """None: the image is no object."""
        known, was = own(session, caller, image_id), session.registrations.get(image_id)
        if was is None:
            return None
        registration = updated(was, wish)
        return _Draft(
            known=known, was=was, image=with_formats(_named(known, wish), registration), registration=registration
        )

    def _keep(self, session: Session, draft: _Draft, item: StoredObject, judged: Judged) -> None:
        """With bytes that were judged."""
        filled = with_bytes(draft.image, draft.was, item, judged)
        fresh = checked_image(replace(filled, updated_at=self._clock()))
        if draft.known is None:
            session.images.add(fresh, again=True)
        else:
            session.images.update(fresh, was=draft.known.status)
        session.registrations.put(replace(draft.registration, standing=Standing.GOOD, reason=""))

    def _keep_words(self, session: Session, draft: _Draft) -> None:
        fresh = checked_image(replace(draft.image, updated_at=self._clock()))
        session.images.update(fresh, was=draft.image.status)
        registration = draft.registration
        if self._judging.examine is not None and registration.standing is Standing.REFUSED:
            # What a step of the provider's had missed may be there now.
            registration = replace(registration, standing=Standing.UNJUDGED, reason="")
        session.registrations.put(registration)

    def _keep_elsewhere(self, session: Session, caller: Caller, image_id: ImageId, wish: Wish) -> None:
        """Of an image that is no object, what Plankton has words of its own for cannot be changed."""
        image = own(session, caller, image_id)
        for field, said, there in (
            ("status", wish.status, status_of(image, None)),
            ("disk-format", wish.disk_format, disk_format_of(image, None)),
            ("container-format", wish.container_format, container_format_of(image, None)),
        ):
            if said is not None and said.lower() != there:
                raise BadInput(
                    field, said, f"'{there}', of an image that was not registered by the location of an object"
                )
        fresh = checked_image(replace(_named(image, wish), updated_at=self._clock()))
        session.images.update(fresh, was=image.status)

    def _publish(self, session: Session, caller: Caller, image_id: ImageId, wish: Wish) -> None:
        image = own(session, caller, image_id)
        visibility = _published(caller, image, wish).visibility
        if visibility is not image.visibility:
            set_visibility(session, image, visibility, self._clock())

    def unregister(self, caller: Caller | None, image_id: ImageId) -> None:
        """Let an object be no image any more. It stays, with its versions and whom it is shared with.

        Raises:
            NotFound: no such image.
            Forbidden: it is another account's, protected, or no object: its bytes would go with it.
        """
        caller = allow(caller, Act.WRITE_IMAGES)
        with self._records.writing() as session:
            hold_object(session, image_id)
            image = own(session, caller, image_id)
            if session.registrations.get(image_id) is None:
                advice = "It was not registered by the location of an object; delete it where it was made."
                raise Forbidden("take an image away together with its bytes", advice)
            if image.protected:
                raise Forbidden("unregister a protected image", "Set protected to false first.")
            session.images.delete(image_id, self._clock())


def _named(image: Image, wish: Wish) -> Image:
    name = image.name if wish.name is None else wish.name
    return replace(image, name=name, properties=updated_properties(image.properties, wish))


def _published(caller: Caller, image: Image, wish: Wish) -> Image:
    """With the visibility that is wished for; as it is where that makes no difference in Plankton's words."""
    if wish.public is None or wish.public == (image.visibility in OPEN):
        return image
    return replace(image, visibility=_visibility(caller, public=wish.public))


def _visibility(caller: Caller, *, public: bool) -> Visibility:
    """Published by somebody who may fill everybody's lists it stands in them; else it is there for who knows of it."""
    if not public:
        return Visibility.SHARED
    return Visibility.PUBLIC if may(caller, Act.PUBLISH_IMAGES) else Visibility.COMMUNITY
