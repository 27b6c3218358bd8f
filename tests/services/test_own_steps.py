"""A provider's own steps in imports: asked once, contained whatever they do, and never taken for a yes."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from imageferry.bootstrap import House, build
from imageferry.domain.access import Caller, ProjectId, Role, UserId
from imageferry.domain.block import BLOCK_SIZE
from imageferry.domain.digest import Algorithm, Digest
from imageferry.domain.errors import BadInput
from imageferry.domain.image import ContainerFormat, DiskFormat, Image, new_image_id
from imageferry.domain.moment import Moment
from imageferry.domain.task import Task, TaskStatus
from imageferry.ports.records import ImageQuery
from imageferry.service.blobs import whole
from imageferry.service.importing.request import ImportRequest
from imageferry.service.objects import Traits
from imageferry.settings import read_settings
from tests import own_steps
from tests.disks import MIB, mbr_disk
from tests.walking import Walker

P = ProjectId("p")
ORDER = '["locate", "verify", "unpack", "inspect", "mine", "convert", "check", "publish"]'
YES = "print('{\"ok\": true}')"


@dataclass(kw_only=True)
class Yard:
    """One service without its doors: imports go in, images or refusals come out."""

    house: House
    walker: Walker
    caller: Caller

    def put(self, data: bytes) -> None:
        objects = self.house.services.objects
        objects.create_container(self.caller, P, "c", {})
        with objects.upload(self.caller, P, "c", "web.img", traits=Traits(metadata={}, headers={})) as upload:
            for start in range(0, len(data), BLOCK_SIZE):
                upload.write(data[start : start + BLOCK_SIZE])
            upload.commit()

    def begun(self, data: bytes, *, source: str = "k5", **options: Any) -> Task:
        self.put(data)
        request = ImportRequest(container="c", object="web.img", name="web", **options)
        return self.house.services.imports.start(self.caller, source, request)

    def done(self, data: bytes, **options: Any) -> Task:
        task = self.begun(data, **options)
        self.walker.walk()
        return self.ended(task)

    def ended(self, task: Task) -> Task:
        assert not (self.house.settings.folder / "work" / task.id).exists(), "nothing is left lying about"
        return self.house.services.tasks.show(self.caller, task.id)

    def images(self) -> list[Image]:
        with self.house.records.reading() as session:
            return session.images.page(ImageQuery(hidden=None))

    def passed(self, data: bytes, **options: Any) -> Image:
        task = self.done(data, **options)
        assert task.status is TaskStatus.SUCCEEDED, task.message
        (image,) = self.images()
        return image

    def failed(self, data: bytes, code: str, **options: Any) -> str:
        task = self.done(data, **options)
        assert (task.status, task.step, task.error_code) == (TaskStatus.FAILED, "mine", code), task.message
        assert self.images() == []
        return task.message


Opens = Callable[[str], Yard]


@pytest.fixture
def opens(tmp_path: Path) -> Iterator[Opens]:
    """Makes a service of settings; made anew, it stands on the same data."""
    houses: list[House] = []

    def make(settings: str) -> Yard:
        config = tmp_path / "service.toml"
        config.write_text(settings)
        house = build(read_settings({}, config=config, overrides={"data": str(tmp_path / "data")}))
        houses.append(house)
        walker = Walker(house.services.tasks)
        house.services.tasks.attach(walker)
        caller = Caller(user_id=UserId("u"), project_id=P, roles=frozenset({Role.MEMBER, Role.READER}))
        return Yard(house=house, walker=walker, caller=caller)

    yield make
    for house in houses:
        house.close()


@pytest.fixture
def with_step(opens: Opens, tmp_path: Path) -> Callable[..., Yard]:
    """A service that asks one step, given as Python that the cage runs."""

    def make(code: str, more: str = "", *, door: str = "k5") -> Yard:
        path = own_steps.program(tmp_path / "mine", f"#!{sys.executable}\n{code}\n")
        return opens(f'[imports.{door}]\nsteps = {ORDER}\n[steps.mine]\ncommand = ["{path}", "word"]\n{more}')

    return make


def disk(size: int = 5 * MIB) -> bytes:
    return mbr_disk(MIB) + random.Random(size).randbytes(size - MIB)


def as_qcow2(data: bytes, folder: Path) -> bytes:
    raw, target = folder / "disk.raw", folder / "disk.qcow2"
    raw.write_bytes(data)
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, target], check=True)
    return target.read_bytes()


class TestTheExamplesOfThePage:
    def test_the_program_takes_partitioned_disks_and_keeps_what_it_found(self, opens: Opens, tmp_path: Path) -> None:
        path = own_steps.program(tmp_path / "partitioned", own_steps.example("/usr/local/lib/imageferry/partitioned"))
        settings = own_steps.service_settings("partitioned")
        yard = opens(settings.replace("/usr/local/lib/imageferry/partitioned", str(path)))
        image = yard.passed(as_qcow2(disk(), tmp_path), properties={"partition_table": "forged", "os": "x"})
        assert image.properties == {"partition_table": "dos", "os": "x"}
        refused = yard.done(b"\xeb\x3c" + bytes(4 * MIB), source_format=DiskFormat.RAW)
        assert (refused.step, refused.error_code) == ("partitioned", "step-refused"), refused.message
        assert refused.message == (
            "web.img: expected a disk with a table of partitions, found none (the provider's step partitioned). "
            "Install onto a partitioned disk, and import that."
        )
        assert len(yard.images()) == 1

    def test_the_python_step_refuses_images_without_an_owner(
        self, opens: Opens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        python = own_steps.python_of_the_page(tmp_path / "venv")
        monkeypatch.setattr(sys, "executable", python)
        monkeypatch.syspath_prepend(str(next((tmp_path / "venv").rglob("site-packages"))))
        settings = own_steps.service_settings("owner").replace("glance-direct", "k5")
        yard = opens(
            settings.replace(
                '"unpack", "inspect", "owner"', '"verify", "unpack", "inspect", "owner", "convert", "check"'
            )
        )
        assert "acme_steps" not in sys.modules
        refused = yard.done(disk())
        assert (refused.step, refused.error_code) == ("owner", "step-refused"), refused.message
        assert (
            "expected the property os_owner, found an image without it (the provider's step owner)" in refused.message
        )
        assert yard.passed(disk(), properties={"os_owner": "web team"}).properties == {"os_owner": "web team"}
        assert "acme_steps" not in sys.modules, "strangers' code is loaded in the cage only"

    def test_what_a_step_is_told_is_what_the_page_says(self, with_step: Callable[..., Yard], tmp_path: Path) -> None:
        code = "import sys, json\nprint(json.dumps({'ok': True, 'properties': {'told': sys.stdin.read()}}))"
        options = {"convert_to": DiskFormat.RAW, "tags": frozenset({"nightly"})}
        description = json.loads(with_step(code).passed(as_qcow2(disk(), tmp_path), **options).properties["told"])
        page = json.loads(own_steps.example('"step": "partitioned"'))
        assert _keys(description) - {("source", "account")} == _keys(page) - {("image", "properties", "os_owner")}
        assert (description["disk"]["format"], description["disk"]["virtual_size"]) == ("qcow2", 5 * MIB)
        assert (description["door"], description["image"]["owner"]) == ("k5", "p")


def _keys(document: dict[str, Any], *above: str) -> set[tuple[str, ...]]:
    found = {(*above, key) for key in document}
    return found.union(*(_keys(value, *above, key) for key, value in document.items() if isinstance(value, dict)))


class TestItsDisk:
    @pytest.mark.parametrize("packed", [False, True])
    def test_is_raw_whatever_the_format_of_the_file(
        self, with_step: Callable[..., Yard], tmp_path: Path, packed: bool
    ) -> None:
        code = "import sys, json, hashlib\nfound = hashlib.sha256(open(sys.argv[2], 'rb').read()).hexdigest()\n"
        yard = with_step(code + "print(json.dumps({'ok': True, 'properties': {'sha256': found}}))")
        data = disk()
        image = yard.passed(as_qcow2(data, tmp_path) if packed else data)
        assert image.properties["sha256"] == hashlib.sha256(data).hexdigest()

    @pytest.mark.parametrize("harm", ["write", "truncate", "unlink", "replace"])
    def test_is_its_own_so_the_image_is_what_was_sent(
        self, with_step: Callable[..., Yard], tmp_path: Path, harm: str
    ) -> None:
        code = {
            "write": "open(disk, 'r+b').write(b'EVIL' * 4096)",
            "truncate": "os.truncate(disk, 10)",
            "unlink": "os.unlink(disk)",
            "replace": "os.unlink(disk); open(disk, 'wb').write(b'EVIL')",
        }[harm]
        attempt = f"try: {code}\nexcept OSError: pass"
        yard = with_step(f"import os, sys\ndisk = sys.argv[2]\n{attempt}\n{YES}", "scratch_bytes = 1048576")
        data = disk()
        image = yard.passed(data, convert_to=DiskFormat.QCOW2)
        assert image.blob_id is not None
        with yard.house.records.reading() as session:
            blob = session.blobs.get(image.blob_id)
        assert blob is not None
        made = tmp_path / "made.qcow2"
        yard.house.blobs.to_file([whole(blob)], made)
        back = tmp_path / "back.raw"
        subprocess.run(["qemu-img", "convert", "-f", "qcow2", "-O", "raw", made, back], check=True)
        assert back.read_bytes() == data

    def test_may_not_be_written_to_where_nothing_is_allowed(self, with_step: Callable[..., Yard]) -> None:
        yard = with_step(f"import sys\nopen(sys.argv[2], 'r+b').write(b'EVIL' * 4096)\n{YES}")
        assert "the provider's step mine cannot be used now: it ended with" in yard.failed(disk(), "unavailable")

    def test_is_not_made_for_a_step_that_does_not_want_it(self, with_step: Callable[..., Yard]) -> None:
        yard = with_step(
            f"import os, sys\nassert sys.argv[1:] == ['word'] and os.listdir('..') == ['work']\n{YES}", "disk = false"
        )
        yard.passed(disk())


def _processes_named(name: str) -> list[str]:
    found = []
    for comm in Path("/proc").glob("[0-9]*/comm"):
        with suppress(OSError):
            found += [comm.parent.name] if comm.read_text().strip() == name else []
    return found


class TestContained:
    @pytest.mark.parametrize(
        ("code", "why"),
        [
            ("", "said nothing"),
            ("print('{\"ok\": true')", "not one JSON object"),
            ("print('fine')", "not one JSON object"),
            (f"{YES}\n{YES}", "not one JSON object"),
            (f"{YES}\nraise SystemExit(1)", 'ended with 1 and said "ok": true'),
            (f"{YES}\nraise SystemExit(3)", "it ended with 3"),
            (f"{YES}\nimport sys; sys.stdout.flush()\nimport ctypes; ctypes.string_at(0)", "it ended by signal 11"),
            ("import os; os.abort()", "it ended by signal 6"),
            ("raise RuntimeError('no licence server')", "no licence server"),
            ("while True: print('x' * 65536)", "said more than 65536 bytes"),
            (f"data = bytearray(2 << 30)\n{YES}", "MemoryError"),
        ],
    )
    def test_what_is_no_answer_ends_the_import_and_says_why(
        self, with_step: Callable[..., Yard], code: str, why: str
    ) -> None:
        message = with_step(code).failed(disk(), "unavailable")
        assert message.startswith("the provider's step mine cannot be used now:")
        assert why in message

    def test_one_that_says_yes_and_no_has_said_no(self, with_step: Callable[..., Yard]) -> None:
        yard = with_step("""print('{"ok": false, "expected": "a licence", "found": "none"}')""")
        message = yard.failed(disk(), "step-refused")
        assert message.startswith("web.img: expected a licence, found none (the provider's step mine). ")

    @pytest.mark.parametrize(
        "code",
        [
            "import time; time.sleep(600)",
            "while True: pass",
            "import signal, time\nfor n in {*range(1, 32)} - {9, 19}: signal.signal(n, 1)\nwhile True: time.sleep(1)",
        ],
    )
    def test_one_that_hangs_is_ended(self, with_step: Callable[..., Yard], code: str) -> None:
        before = time.monotonic()
        message = with_step(code, "limit_s = 1").failed(disk(), "timed-out")
        assert message.startswith("the provider's step mine did not end within 1 s: it was stopped; nothing was")
        assert time.monotonic() - before < 20

    @pytest.mark.parametrize("ending", [YES, "import time; time.sleep(600)"])
    def test_what_it_has_started_ends_with_it(
        self, with_step: Callable[..., Yard], tmp_path: Path, ending: str
    ) -> None:
        name = f"orphan-{os.getpid()}"[:15]
        code = (
            "import os, time\n"
            "told, tell = os.pipe()\n"
            "if not os.fork():\n"
            "    os.setsid()\n"
            "    if os.fork(): os._exit(0)\n"
            f"    open('/proc/self/comm', 'w').write({name!r})\n"
            "    os.write(tell, b'.')\n"
            "    os.closerange(0, 10)\n"
            "    while True: time.sleep(1)\n"
            "os.read(told, 1)\n"
        )
        seen: list[str] = []
        watching = threading.Event()

        def look() -> None:
            while not watching.wait(0.02):
                seen.extend(_processes_named(name))

        thread = threading.Thread(target=look)
        thread.start()
        try:
            with_step(code + ending, "limit_s = 2\nscratch_bytes = 4096").done(disk())
        finally:
            watching.set()
            thread.join()
        assert seen or ending == YES, "it was there"
        assert _processes_named(name) == []

    def test_it_learns_no_secret_from_its_surroundings(
        self, with_step: Callable[..., Yard], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("IMAGEFERRY_DATABASE_URL", "postgresql://u:secret@h/x")
        monkeypatch.setenv("OS_PASSWORD", "secret")
        code = (
            "import json, os, socket\n"
            "seen = sorted(os.environ)\n"
            "try: above = open(f'/proc/PARENT/environ', 'rb').read()\n"
            "except OSError: above = b''\n"
            "opened = sorted(int(n) for n in os.listdir('/proc/self/fd'))[:-1]\n"
            "try: socket.create_connection(('127.0.0.1', 1), 1); net = 'yes'\n"
            "except OSError as error: net = type(error).__name__ + str(error.errno)\n"
            "found = {'env': ' '.join(seen), 'above': str(len(above)), 'fds': str(opened), 'net': net}\n"
            "print(json.dumps({'ok': True, 'properties': found}))"
        ).replace("PARENT", str(os.getpid()))
        monkeypatch.delenv("IMAGEFERRY_DATABASE_URL")
        found = with_step(code).passed(disk()).properties
        assert found["env"].split() == ["HOME", "LC_ALL", "MALLOC_ARENA_MAX", "PATH", "TMPDIR"]
        assert (found["above"], found["fds"]) == ("0", "[0, 1, 2]")
        assert found["net"] == "OSError101", "the network cannot be reached"

    def test_it_is_cancelled_like_any_other(self, with_step: Callable[..., Yard]) -> None:
        yard = with_step("import time; time.sleep(600)")
        task = yard.begun(disk())
        tasks = yard.house.services.tasks
        yard.walker.before = lambda name: tasks.cancel(yard.caller, task.id) and None if name == "mine" else None
        yard.walker.walk()
        assert yard.ended(task).status is TaskStatus.CANCELLED

    @pytest.mark.parametrize("name", ["", "a\\u0000b", "x\\ud800"])
    def test_properties_that_no_image_may_have_end_the_import(self, with_step: Callable[..., Yard], name: str) -> None:
        yard = with_step('print(\'{"ok": true, "properties": {"' + name.replace("\\", "\\\\") + '": "x"}}\')')
        assert yard.done(disk()).status is TaskStatus.FAILED
        assert yard.images() == []

    def test_one_that_is_gone_meanwhile_is_no_yes(self, with_step: Callable[..., Yard], tmp_path: Path) -> None:
        yard = with_step(YES)
        (tmp_path / "mine").unlink()
        message = yard.failed(disk(), "unavailable")
        assert message.startswith("the provider's step mine cannot be used now: it cannot be run in its cage")


class TestDoors:
    def test_another_door_does_not_ask_it(self, with_step: Callable[..., Yard]) -> None:
        yard = with_step("raise SystemExit(2)", door="tasks")
        yard.passed(disk(), source="k5")
        yard.put(disk())
        assert yard.done(disk(), source="glance").step == "mine"

    def test_the_limits_of_a_door_are_its_own(self, opens: Opens) -> None:
        yard = opens("[imports.k5]\nmax_bytes = 2097152\n[imports.tasks]\nmax_virtual_bytes = 1048576\n")
        refused = yard.done(disk(), source="k5")
        assert (refused.step, refused.error_code) == ("locate", "too-large"), refused.message
        refused = yard.done(disk(), source="glance")
        assert (refused.step, refused.status) == ("inspect", TaskStatus.FAILED), refused.message
        assert "over the limit of 1 MiB" in refused.message
        yard.passed(disk(MIB + 512 * 3)[:MIB], source="glance")

    def test_a_door_without_unpacking_refuses_what_is_packed(self, opens: Opens) -> None:
        yard = opens('[imports.k5]\nsteps = ["locate", "verify", "inspect", "convert", "check", "publish"]\n')
        for unpack in (None, True):
            refused = yard.done(gzip.compress(disk()), unpack=unpack)
            assert (refused.step, refused.status) == ("inspect", TaskStatus.FAILED), refused.message
        promised = Digest(Algorithm.SHA256, "0" * 64)
        refused = yard.done(disk(), unpacked_digest=promised)
        assert "nothing is unpacked here" in refused.message
        yard.passed(disk())

    def test_time_over_ends_a_step(self, with_step: Callable[..., Yard]) -> None:
        yard = with_step("import time; time.sleep(600)", "[imports.tasks]\nstep_s = 1\nsteps = " + ORDER)
        refused = yard.done(disk(), source="glance")
        assert (refused.step, refused.error_code) == ("mine", "timed-out")
        assert refused.message == "step mine did not end within 1 s: its time limit is over."


class TestSettings:
    @pytest.mark.parametrize(
        ("settings", "complaint"),
        [
            ("[imports.k6]", "unknown field `k6` - at `\\$.imports`"),
            ("[imports.k5]\nstesp = []", "unknown field `stesp` - at `\\$.imports.k5`"),
            ('[imports.web-download]\nmax_bytes = "much"', "at `\\$.imports.web-download.max_bytes`"),
            ("[imports.k5]\nstep_s = -1", "0 or more as step_s"),
            ('[imports.k5]\nsteps = ["locate"]', "imports.k5.steps: expected publish as the last step"),
            (f"[imports.k5]\nsteps = {ORDER.replace('mine', 'scan')}", "set scan_clamav or scan_yara"),
            ("[steps.mine]", "steps.mine: .*either command or entry_point"),
            ('[steps.mine]\ncommand = ["/bin/true"]\nentry_point = "x"', "either command or entry_point"),
            ('[steps.mine]\ncommand = ["/bin/true"]\nlimit = 3', "steps.mine: .*unknown field `limit`"),
            ('[steps.mine]\ncommand = ["/bin/true"]\nlimit_s = 0', "steps.mine: .*positive limits"),
            ('[steps.mine]\ncommand = "/bin/true"', "steps.mine: .*Expected `array`"),
            ('[steps.mine]\ncommand = ["true"]', "steps.mine.command: expected the whole path"),
            ('[steps.mine]\ncommand = ["/no/such"]', "steps.mine.command: expected the whole path"),
            ('[steps.mine]\nentry_point = "nobody"', "steps.mine.entry_point: .*none is installed"),
            ('[steps.inspect]\ncommand = ["/bin/true"]', "that is a step that the service has already"),
            ('[steps.Mine]\ncommand = ["/bin/true"]', "lower-case letters"),
            ("steps = 3", "\\$.steps"),
        ],
    )
    def test_what_makes_no_sense_is_an_error_at_the_start_that_says_where(
        self, opens: Opens, settings: str, complaint: str
    ) -> None:
        with pytest.raises(BadInput, match=complaint):
            opens(settings)

    def test_they_may_stand_in_variables(self) -> None:
        env = {
            "IMAGEFERRY_IMPORTS": '{"glance-direct": {"max_bytes": 5}}',
            "IMAGEFERRY_STEPS": '{"mine": {"command": ["/bin/true"], "disk": false}}',
        }
        settings = read_settings(env)
        assert settings.imports.glance_direct.max_bytes == 5
        assert settings.steps["mine"].command == ("/bin/true",)
        with pytest.raises(BadInput, match="IMAGEFERRY_STEPS"):
            read_settings({"IMAGEFERRY_STEPS": "{"})


class TestRestarts:
    def test_an_import_goes_on_by_the_steps_it_began_with(self, with_step: Callable[..., Yard], opens: Opens) -> None:
        before = with_step(YES)
        task = before.begun(disk())
        after = opens("")
        after.walker.start(task.id)
        after.walker.walk()
        ended = after.ended(task)
        assert (ended.step, ended.error_code) == ("mine", "unavailable")
        assert ended.message == "step mine cannot be used now: the service is set without it since; start anew."

    def test_a_step_that_came_later_is_not_asked(self, with_step: Callable[..., Yard], opens: Opens) -> None:
        task = opens("").begun(disk())
        after = with_step("raise SystemExit(2)")
        after.walker.start(task.id)
        after.walker.walk()
        assert after.ended(task).status is TaskStatus.SUCCEEDED


class TestStagedBytes:
    def test_are_shown_with_what_the_record_says(self, opens: Opens, tmp_path: Path) -> None:
        code = (
            "import json, sys\n"
            "told = json.load(sys.stdin)\n"
            "found = {'by': told['door'] + ' ' + told['image']['properties']['os_owner'], 'os_owner': 'ours'}\n"
            "assert told['disk']['name'] == 'web'\n"
            "print(json.dumps({'ok': True, 'properties': found}))"
        )
        path = own_steps.program(tmp_path / "mine", f"#!{sys.executable}\n{code}\n")
        order = '["locate", "unpack", "inspect", "mine", "publish"]'
        yard = opens(f'[imports.glance-direct]\nsteps = {order}\n[steps.mine]\ncommand = ["{path}"]\ndisk = false\n')
        services, caller = yard.house.services, yard.caller

        def draft(project: ProjectId, now: Moment) -> Image:
            kinds = {"disk_format": DiskFormat.RAW, "container_format": ContainerFormat.BARE}
            made = Image(id=new_image_id(), owner=project, created_at=now, updated_at=now, **kinds)  # type: ignore[arg-type]
            return replace(made, name="web", properties={"os_owner": "web team"})

        image = services.images.create(caller, draft)
        with services.images.stage(caller, image.id) as upload:
            upload.write(disk(3 * MIB))
            upload.commit()
        services.staged.start(caller, "glance", image.id, {})
        yard.walker.walk()
        (filled,) = yard.images()
        assert (filled.status, filled.properties) == (
            "active",
            {"os_owner": "ours", "by": "glance-direct web team"},
        )
