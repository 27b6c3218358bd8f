"""Exports that do not go straight: things vanish, somebody cancels, the power fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from imageferry.domain.image import ImageId
from imageferry.ports.tasks import Interrupted
from imageferry.service.sweeping import Sweeper
from tests.dialects.k5_service import K5, PART, as_raw, cancel, code_of, exported, no_parts, small_raw, started


def test_an_image_that_is_gone_before_its_turn(k5: K5) -> None:
    image_id = k5.image()
    export_id = started(k5, image_id)
    k5.house.services.images.delete(k5.caller, ImageId(image_id))
    k5.walker.walk()
    done = k5.status(export_id, kind="imageexport")
    assert (done["export_status"], done["error_message"]) == ("failed", "Specified id is not found.")
    assert k5.names("out") == []


@pytest.mark.parametrize("step", ["convert", "store", "finish"])
def test_an_image_deleted_and_swept_while_it_is_exported_is_exported_to_its_end(
    k5: K5, step: str, tmp_path: Path
) -> None:
    image_id = k5.image()
    export_id = started(k5, image_id)
    sweeper = Sweeper(k5.house.records, k5.house.store, k5.house.clock)

    def delete(name: str) -> None:
        if name == step:
            k5.house.services.images.delete(k5.caller, ImageId(image_id))
            k5.house.services.objects.delete(k5.caller, k5.caller.project, "images", "for-export.vmdk")
        sweeper.sweep(older_than_s=0)

    k5.walker.before = delete
    k5.walker.walk()
    assert k5.status(export_id, kind="imageexport")["export_status"] == "succeeded"
    assert as_raw(k5.read("web base 3.vmdk", container="out"), tmp_path) == small_raw()


def test_a_name_taken_meanwhile_is_not_written_over(k5: K5) -> None:
    export_id = started(k5, k5.image())
    k5.put("web base 3.vmdk", b"mine", container="out")
    k5.walker.walk()
    done = k5.status(export_id, kind="imageexport")
    assert done["export_status"] == "failed"
    assert "web base 3.vmdk" in done["error_message"]
    assert k5.names("out") == ["web base 3.vmdk"]
    assert k5.read("web base 3.vmdk", container="out") == b"mine"
    assert no_parts(k5)


def test_a_container_deleted_meanwhile_ends_the_export(k5: K5) -> None:
    export_id = started(k5, k5.image())
    k5.house.services.objects.delete_container(k5.caller, k5.caller.project, "out")
    k5.walker.walk()
    done = k5.status(export_id, kind="imageexport")
    assert done["export_status"] == "failed"
    assert "container 'out'" in done["error_message"]
    assert no_parts(k5)


# -- cancelling --------------------------------------------------------------


def test_cancelling_is_answered_empty_and_once(k5: K5) -> None:
    export_id = started(k5, k5.image())
    reply = cancel(k5, export_id)
    assert (reply.status, reply.body, reply.headers["content-length"]) == (200, b"", "0")
    assert k5.status(export_id, kind="imageexport")["export_status"] == "cancelling"
    assert code_of(cancel(k5, export_id)) == "40010"
    k5.walker.walk()
    done = k5.status(export_id, kind="imageexport")
    assert (done["export_status"], k5.names("out")) == ("canceled", [])
    assert code_of(cancel(k5, export_id)) == "40402"


@pytest.mark.parametrize("step", ["locate", "convert", "store", "finish"])
def test_whenever_it_is_cancelled_nothing_is_left(k5: K5, step: str) -> None:
    image_id = k5.image()
    export_id = started(k5, image_id)

    def cancel_at(name: str) -> None:
        if name == step:
            cancel(k5, export_id)

    k5.walker.before = cancel_at
    k5.walker.walk()
    assert k5.status(export_id, kind="imageexport")["export_status"] == "canceled"
    assert k5.names("out") == []
    assert no_parts(k5)
    work = Path(k5.house.settings.data) / "work"
    assert not list(work.iterdir())
    k5.walker.before = lambda _: None
    assert exported(k5, image_id)["export_status"] == "succeeded"


def test_what_has_ended_cannot_be_cancelled(k5: K5) -> None:
    export_id = started(k5, k5.image())
    k5.walker.walk()
    assert code_of(cancel(k5, export_id)) == "40402"
    assert k5.status(export_id, kind="imageexport")["export_status"] == "succeeded"


# -- cut off -----------------------------------------------------------------


class CutOff:
    """kill -9, once, at a step."""

    def __init__(self, step: str) -> None:
        self.step: str | None = step

    def __call__(self, step: str) -> None:
        if step == self.step:
            self.step = None
            raise Interrupted


@pytest.mark.parametrize("step", ["locate", "convert", "store", "finish"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_cut_off_anywhere_it_ends_as_if_nothing_had_happened(k5: K5, step: str, when: str, tmp_path: Path) -> None:
    export_id = started(k5, k5.image())
    setattr(k5.walker, when, CutOff(step))
    k5.walker.walk()
    assert k5.status(export_id, kind="imageexport")["export_status"] == "processing" or step == "locate"
    assert k5.names("out") == [] or (step, when) == ("finish", "after")
    k5.walker.walk()
    assert k5.status(export_id, kind="imageexport")["export_status"] == "succeeded"
    assert len(k5.names("out")) == 3
    assert as_raw(k5.read("web base 3.vmdk", container="out"), tmp_path) == small_raw()
    running = len(k5.names("out_segments"))
    assert running == -(-len(k5.read("web base 3.vmdk", container="out")) // PART)


def test_after_a_restart_on_another_machine_the_file_is_made_again(k5: K5, tmp_path: Path) -> None:
    export_id = started(k5, k5.image())

    def lose(step: str) -> None:
        if step == "store":
            (Path(k5.house.settings.data) / "work" / export_id / "disk.vmdk").unlink()

    k5.walker.before = lose
    k5.walker.walk()
    assert k5.status(export_id, kind="imageexport")["export_status"] == "succeeded"
    assert as_raw(k5.read("web base 3.vmdk", container="out"), tmp_path) == small_raw()
