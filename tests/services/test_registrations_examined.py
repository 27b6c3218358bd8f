"""The provider's own steps look at objects that are registered, and at what overwrites them."""

from __future__ import annotations

import hashlib
import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imageferry.domain.errors import BadInput, Infected, NotFound, StepRefused, TimedOut, TooLarge, Unavailable
from imageferry.domain.image import ImageId
from imageferry.domain.registration import Filters, Standing, Wish
from imageferry.settings import DoorSettings, ImportSettings, StepSettings
from tests.disks import mbr_disk, qcow2
from tests.file_systems import EICAR
from tests.own_steps import example, program
from tests.scanners import yara_rules
from tests.services.registration_desk import GOOD, Desk
from tests.services.test_own_steps import as_qcow2

OTHER = mbr_disk(2 << 20)
OWNED = Wish(name="web", properties={"os_owner": [("web team", False)]})
OWNER = """
import json, sys
told = json.load(sys.stdin)
if not told["image"]["properties"].get("os_owner"):
    print(json.dumps({"ok": False, "expected": "the property os_owner", "found": "an image without it"}))
    raise SystemExit(1)
print(json.dumps({"ok": True, "properties": {"seen_by": "the provider", "seen_bytes": str(told["disk"]["size"])}}))
"""
TELLING = """
import hashlib, json, sys
found = hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest()
print(json.dumps({"ok": True, "properties": {"told": sys.stdin.read().strip(), "sha256": found}}))
"""
Stepping = Callable[..., Desk]


@pytest.fixture
def stepping(build: Callable[..., Desk], tmp_path: Path) -> Stepping:
    """A service that asks the step ``mine``, given as Python."""

    def make(
        code: str, *, steps: str = "locate inspect mine publish", door: dict[str, Any] | None = None, **more: Any
    ) -> Desk:
        path = program(tmp_path / "mine", f"#!{sys.executable}\n{code}\n")
        keys = {name: more.pop(name) for name in ("disk", "limit_s") if name in more}
        told = DoorSettings(steps=tuple(steps.split()), **(door or {}))
        own = {"mine": StepSettings(command=(str(path),), **keys)}
        return build(steps=own, imports=ImportSettings(plankton=told), **more)

    return make


def assert_nothing_is_registered(desk: Desk, image_id: ImageId, folder: Path) -> None:
    with pytest.raises(NotFound):
        desk.images.show(desk.us, image_id)
    assert desk.registrations.listing(desk.us, Filters()) == []
    assert list((folder / "data").glob("work/*")) == []


def settled(desk: Desk, image_id: ImageId) -> Standing:
    """How an image stands that is judged behind the answer."""
    for _ in range(600):
        if desk.standing(image_id) is not Standing.UNJUDGED:
            break
        threading.Event().wait(0.05)
    return desk.standing(image_id)


def test_what_a_step_refuses_is_not_registered_and_what_it_takes_has_its_properties(
    stepping: Stepping, tmp_path: Path
) -> None:
    desk = stepping(OWNER, disk=False)
    image_id = desk.put(GOOD)
    with pytest.raises(StepRefused, match="web: expected the property os_owner, found an image without it"):
        desk.register(Wish(name="web"))
    assert_nothing_is_registered(desk, image_id, tmp_path)
    forged = Wish(name="web", properties={"os_owner": [("me", False)], "seen_by": [("nobody", False)]})
    assert desk.register(forged).properties == {
        "os_owner": "me",
        "seen_by": "the provider",
        "seen_bytes": str(len(GOOD)),
    }
    assert desk.bytes_of(image_id) == GOOD


def test_what_overwrites_is_shown_as_well_and_withheld_when_refused(stepping: Stepping, tmp_path: Path) -> None:
    desk = stepping(OWNER, disk=False)
    image_id = desk.registered(wish=OWNED)
    desk.put(OTHER)
    assert settled(desk, image_id) is Standing.GOOD
    assert desk.image(image_id).properties["seen_bytes"] == str(len(OTHER))
    desk.registrations.change(desk.us, image_id, Wish(properties={"os_owner": [("", False)]}))
    desk.put(GOOD)
    assert settled(desk, image_id) is Standing.REFUSED
    shown = desk.registrations.show(desk.us, image_id)
    assert shown.status == "error"
    assert "expected the property os_owner, found an image without it" in shown.description
    assert desk.bytes_of(image_id, desk.admin) is None
    assert list((tmp_path / "data").glob("work/*")) == []


def test_saying_what_was_missing_has_refused_bytes_judged_once_more(stepping: Stepping) -> None:
    desk = stepping(OWNER, disk=False)
    image_id = desk.registered(wish=OWNED)
    desk.registrations.change(desk.us, image_id, Wish(properties={"os_owner": [("", False)]}))
    desk.put(OTHER)
    assert settled(desk, image_id) is Standing.REFUSED
    assert desk.registrations.change(desk.us, image_id, Wish(name="still nobody's")).status == "error"
    changed = desk.registrations.change(desk.us, image_id, OWNED)
    assert (changed.status, changed.properties["seen_bytes"]) == ("available", str(len(OTHER)))
    assert desk.bytes_of(image_id) == OTHER


def test_a_step_is_told_of_the_image_that_is_to_be_and_of_no_task(stepping: Stepping, tmp_path: Path) -> None:
    desk = stepping(TELLING)
    disk = as_qcow2(GOOD, tmp_path)
    desk.put(disk)
    shown = desk.register(Wish(name="web", disk_format="qcow2", public=True, properties={"os_owner": [("me", False)]}))
    told = json.loads(desk.image(shown.id).properties["told"])
    page = json.loads(example('"step": "partitioned"'))
    assert told.keys() == page.keys() - {"task", "user"}
    assert (told["step"], told["door"]) == ("mine", "plankton")
    image = told["image"]
    assert image.keys() == page["image"].keys()
    assert (image["id"], image["owner"], image["name"]) == (shown.id, desk.us.project, "web")
    assert (image["visibility"], image["properties"]) == ("community", {"os_owner": "me"})
    assert told["disk"].keys() == page["disk"].keys()
    assert (told["disk"]["format"], told["disk"]["size"]) == ("qcow2", len(disk))
    assert told["source"] == {"account": desk.us.project, "container": "c", "object": "disk"}
    assert told["disk"]["virtual_size"] == len(GOOD)
    assert shown.properties["sha256"] == hashlib.sha256(GOOD).hexdigest(), "it reads a raw disk"


def test_a_step_reads_the_bytes_of_a_dump(stepping: Stepping) -> None:
    desk = stepping(TELLING)
    image_id = desk.registered()
    assert desk.image(image_id).properties["sha256"] == hashlib.sha256(GOOD).hexdigest()


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import os; os.abort()", "by signal 6"),
        ("raise RuntimeError('no licence server')", "no licence server"),
        ("print('fine')", "not one JSON object"),
        ("print('{\"ok\": true}')\nraise SystemExit(1)", 'ended with 1 and said "ok": true'),
        ("", "said nothing"),
    ],
)
def test_a_step_without_an_answer_is_an_error_and_nothing_is_registered(
    stepping: Stepping, tmp_path: Path, code: str, why: str
) -> None:
    desk = stepping(code)
    image_id = desk.put(GOOD)
    with pytest.raises(Unavailable) as caught:
        desk.register()
    assert why in str(caught.value)
    assert str(caught.value).startswith("the provider's step mine cannot be used now:")
    assert_nothing_is_registered(desk, image_id, tmp_path)


@pytest.mark.parametrize(("own", "door"), [({"limit_s": 1}, {}), ({}, {"step_s": 1})])
def test_one_that_hangs_is_ended_by_its_own_limit_and_by_the_doors(
    stepping: Stepping, tmp_path: Path, own: dict[str, Any], door: dict[str, Any]
) -> None:
    desk = stepping("import time; time.sleep(600)", door=door, **own)
    image_id = desk.put(GOOD)
    before = time.monotonic()
    with pytest.raises(TimedOut, match="did not end within 1 s"):
        desk.register()
    assert time.monotonic() - before < 20
    assert_nothing_is_registered(desk, image_id, tmp_path)


def test_a_property_that_no_image_can_have_is_refused(stepping: Stepping, tmp_path: Path) -> None:
    desk = stepping(OWNER, disk=False)
    desk.put(GOOD, "first")
    taken = desk.register(OWNED, "first").id
    program(tmp_path / "mine", """#!/bin/sh\necho '{"ok": true, "properties": {"a\\u0000b": "x"}}'\n""")
    image_id = desk.put(GOOD)
    with pytest.raises(BadInput):
        desk.register(OWNED)
    with pytest.raises(NotFound):
        desk.images.show(desk.us, image_id)
    desk.put(OTHER, "first")
    assert settled(desk, taken) is Standing.REFUSED
    assert "property name" in desk.registrations.show(desk.us, taken).description


def test_bytes_that_nobody_can_be_asked_about_are_withheld_until_the_next_sweep(
    stepping: Stepping, tmp_path: Path
) -> None:
    desk = stepping(OWNER, disk=False)
    image_id = desk.registered(wish=OWNED)
    program(tmp_path / "mine", "#!/bin/sh\nexit 3\n")
    desk.put(OTHER)
    desk.services.judging.settle_all()
    assert desk.registrations.listing(desk.us, Filters())[0].status == "saving"
    assert desk.bytes_of(image_id, desk.admin) is None
    program(tmp_path / "mine", f"#!{sys.executable}\n{OWNER}")
    desk.services.judging.settle_all()
    assert (desk.standing(image_id), desk.bytes_of(image_id)) == (Standing.GOOD, OTHER)


def test_another_disk_format_is_shown_to_the_step_first(stepping: Stepping) -> None:
    desk = stepping(
        """
import json, sys
good = json.load(sys.stdin)["disk"]["format"] == "qcow2"
print(json.dumps({"ok": good, "expected": "a qcow2", "found": "something else"}))
raise SystemExit(not good)
"""
    )
    image_id = desk.registered(qcow2(), Wish(name="x", disk_format="qcow2"))
    with pytest.raises(StepRefused):
        desk.registrations.change(desk.us, image_id, Wish(container_format="ovf"))
    assert desk.registrations.show(desk.us, image_id).container_format == "bare"


@pytest.mark.parametrize(
    ("order", "wanted"),
    [
        ("locate inspect mine scan publish", StepRefused),
        ("locate inspect scan mine publish", Infected),
        ("locate inspect mine publish", StepRefused),
    ],
)
def test_steps_stand_in_the_order_that_is_set_and_the_scan_may_be_left_out(
    stepping: Stepping, tmp_path: Path, order: str, wanted: type[Exception]
) -> None:
    desk = stepping(OWNER, steps=order, disk=False, scan_yara=str(yara_rules(tmp_path / "rules")))
    desk.put(mbr_disk(1 << 20)[: 1 << 19] + EICAR + bytes((1 << 19) - len(EICAR)))
    with pytest.raises(wanted):
        desk.register()
    if "scan" in order:
        with pytest.raises(Infected):
            desk.register(OWNED)
    else:
        assert desk.register(OWNED).status == "available", "nobody scans it"


def test_the_limits_of_the_door_are_its_own(stepping: Stepping) -> None:
    desk = stepping(OWNER, door={"max_bytes": 1 << 20}, disk=False)
    desk.put(OTHER)
    with pytest.raises(TooLarge):
        desk.register(OWNED)


def test_whose_step_is_set_elsewhere_is_not_asked_here(build: Callable[..., Desk], tmp_path: Path) -> None:
    path = program(tmp_path / "mine", "#!/bin/sh\nexit 3\n")
    upload = DoorSettings(steps=("locate", "inspect", "mine", "publish"))
    desk = build(steps={"mine": StepSettings(command=(str(path),))}, imports=ImportSettings(upload=upload))
    assert desk.services.judging.examine is None
    desk.registered()


def test_an_order_that_is_not_safe_is_an_error_at_the_start(stepping: Stepping) -> None:
    for steps, complaint in (
        ("locate mine inspect publish", "mine behind inspect"),
        ("locate inspect scan mine publish", "a scanner beside it"),
        ("locate unpack inspect publish", "found 'unpack'"),
    ):
        with pytest.raises(BadInput, match=complaint):
            stepping(OWNER, steps=steps)
