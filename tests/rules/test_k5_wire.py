"""What the K5 calls say on paper: pinned to the samples of the specification, and read back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from imageferry.dialects.k5.codes import COMMON, EXPORT, FAILURES, IMPORT, failure_code
from imageferry.domain.access import ProjectId, UserId
from imageferry.domain.blob import BlobId
from imageferry.domain.image import ContainerFormat, DiskFormat, Image, ImageId, Status
from imageferry.domain.moment import Moment
from imageferry.domain.task import Progress, Task, TaskId, TaskKind, TaskStatus
from imageferry.formats.reasons import Reason
from imageferry.wire import k5, k5_calls
from imageferry.wire.dates import parse_iso

PROJECT = "5e1c0a7d94b04c2fa7d2c4b1f0a93e6d"
IMAGE = "51f2c5b7-5a0c-4f3e-8f0e-3b7f0a1d9e22"
LOCATION = f"/v1/AUTH_{PROJECT}/images/web.vmdk"


def a_task(kind: TaskKind = TaskKind.IMPORT, **changes: Any) -> Task:
    echo = {
        "name": "web base 3",
        "location": LOCATION,
        "os_type": "centos",
        "min_ram": 512,
        "min_disk": 12,
        "ovf_location": "",
    }
    task_input: dict[str, Any] = {"image_id": IMAGE, "echo": echo}
    if kind is TaskKind.EXPORT:
        task_input |= {
            "image_name": "web base 3",
            "echo": {"storage_container": f"/v1/AUTH_{PROJECT}/exports"},
        }
    task = Task(
        id=TaskId("e2b1a0a4-53c9-4d0e-9a0f-6f6e2f7c1d55"),
        kind=kind,
        project_id=ProjectId(PROJECT),
        user_id=UserId("u-41"),
        source="k5",
        input=task_input,
        step_count=5,
        created_at=parse_iso("2017-07-06T10:00:00Z"),
        updated_at=Moment(0),
    )
    return replace(task, **changes)


RUNNING: dict[str, Any] = {"status": TaskStatus.RUNNING, "step_number": 3, "progress": Progress(done=0, total=10)}


def an_image(**changes: Any) -> Image:
    image = Image(
        id=ImageId(IMAGE),
        owner=ProjectId(PROJECT),
        name="web base 3",
        status=Status.ACTIVE,
        disk_format=DiskFormat.RAW,
        container_format=ContainerFormat.BARE,
        size=12884901888,
        min_disk=12,
        min_ram=512,
        properties={"fcx.centos": "true"},
        blob_id=BlobId("b"),
        created_at=parse_iso("2017-07-05T09:10:11Z"),
        updated_at=parse_iso("2017-07-05T09:12:40Z"),
    )
    return replace(image, **changes)


def test_an_import_at_work_is_the_sample_of_the_specification() -> None:
    assert k5.import_status(a_task(**RUNNING)) == {
        "import_status": "processing",
        "progress": 40,
        "name": "web base 3",
        "id": IMAGE,
        "location": LOCATION,
        "os_type": "centos",
        "conversion": True,
        "disk_format": "raw",
        "container_format": "bare",
        "min_ram": 512,
        "min_disk": 12,
        "ovf_location": "",
    }


def test_an_import_that_succeeded_is_the_sample_of_the_specification() -> None:
    done = a_task(status=TaskStatus.SUCCEEDED)
    assert k5.import_status(done, an_image()) == {
        "import_status": "succeeded",
        "progress": 100,
        "status": "active",
        "id": IMAGE,
        "name": "web base 3",
        "size": 12884901888,
        "owner": PROJECT,
        "visibility": "private",
        "protected": False,
        "tags": [],
        "self": f"/v2/images/{IMAGE}",
        "file": f"/v2/images/{IMAGE}/file",
        "schema": "/v2/schemas/image",
        "created_at": "2017-07-05T09:10:11Z",
        "updated_at": "2017-07-05T09:12:40Z",
        "location": LOCATION,
        "os_type": "centos",
        "conversion": True,
        "disk_format": "raw",
        "container_format": "bare",
        "min_ram": 512,
        "min_disk": 12,
        "ovf_location": "",
        "fcx.centos": "true",
    }


def test_a_property_of_the_image_cannot_pass_for_the_state_of_the_import() -> None:
    image = an_image(properties={"import_status": "failed", "progress": "7", "id": "x", "error_code": "40050"})
    document = k5.import_status(a_task(status=TaskStatus.SUCCEEDED), image)
    assert (document["import_status"], document["progress"], document["id"]) == ("succeeded", 100, IMAGE)


def test_the_old_spelling_of_numbers_is_text_until_success() -> None:
    def numbers(task: Task) -> list[Any]:
        document = k5.import_status(task, text_numbers=True)
        return [document[name] for name in ("progress", "min_ram", "min_disk")]

    assert numbers(a_task()) == ["0", "512", "12"]
    assert numbers(a_task(**RUNNING)) == [40, "512", "12"]
    assert numbers(a_task(status=TaskStatus.SUCCEEDED)) == [100, 512, 12]


def test_profile_a_repeats_who_asked_and_a_star_for_the_password() -> None:
    task = a_task()
    echo = {**task.input["echo"], "user_name": "mira", "domain_name": "Ab3dEfgh"}
    document = k5.import_status(replace(task, input={**task.input, "echo": echo}))
    assert (document["user_name"], document["domain_name"], document["password"]) == ("mira", "Ab3dEfgh", "*")
    assert "password" not in k5.import_status(task)


def test_an_export_is_the_sample_of_the_specification() -> None:
    task = a_task(TaskKind.EXPORT, **RUNNING)
    assert k5.export_status(task) == {
        "export_status": "processing",
        "progress": 40,
        "image_id": IMAGE,
        "image_name": "web base 3",
        "storage_container": f"/v1/AUTH_{PROJECT}/exports",
        "request_time": "2017-07-06T10:00:00Z",
    }
    assert k5.export_list([task]) == {
        "exports": [
            {
                "export_id": task.id,
                "export_status": "processing",
                "status": f"/v1/imageexport/{task.id}/status",
                "image_id": IMAGE,
                "request_time": "2017-07-06T10:00:00Z",
            }
        ]
    }


@pytest.mark.parametrize(
    ("status", "cancel_requested", "word"),
    [
        (TaskStatus.QUEUED, False, "queued"),
        (TaskStatus.RUNNING, False, "processing"),
        (TaskStatus.SUCCEEDED, False, "succeeded"),
        (TaskStatus.FAILED, False, "failed"),
        (TaskStatus.QUEUED, True, "cancelling"),
        (TaskStatus.RUNNING, True, "cancelling"),
        (TaskStatus.CANCELLED, True, "canceled"),
        (TaskStatus.SUCCEEDED, True, "succeeded"),
        (TaskStatus.FAILED, True, "failed"),
    ],
)
def test_the_states_of_an_export(status: TaskStatus, cancel_requested: bool, word: str) -> None:
    task = a_task(TaskKind.EXPORT, status=status, cancel_requested=cancel_requested)
    assert k5.export_job_status(task) == word


def test_an_import_knows_four_states() -> None:
    words = [k5.import_job_status(a_task(status=status)) for status in TaskStatus]
    assert words == ["queued", "processing", "succeeded", "failed", "failed"]


# -- what a client reads -----------------------------------------------------


def test_a_client_reads_what_the_service_writes() -> None:
    failure = k5.Failure("40050", "Checksum of the object does not match.")
    job = k5_calls.read_job(k5.import_status(a_task(status=TaskStatus.FAILED), failure=failure))
    assert job is not None
    assert (job.status, job.image_id, job.failure) == (k5.JobStatus.FAILED, IMAGE, failure)
    assert job.number("min_disk") == 12
    job = k5_calls.read_job(k5.export_status(a_task(TaskKind.EXPORT, **RUNNING)))
    assert job is not None
    assert (job.status, job.image_id, job.progress, job.failure) == (k5.JobStatus.PROCESSING, IMAGE, 40, None)


def test_a_client_reads_the_old_spelling_and_missing_keys() -> None:
    job = k5_calls.read_job({"import_status": "queued", "progress": "0", "min_ram": "512"})
    assert job is not None
    assert (job.progress, job.number("min_ram"), job.number("min_disk"), job.image_id) == (0, 512, None, None)


@pytest.mark.parametrize(
    "answer",
    [None, [], "down", {}, {"import_status": None}, {"import_status": "asleep"}, {"import_status": []}, {"id": "x"}],
)
def test_what_is_no_status_is_read_as_none(answer: object) -> None:
    assert k5_calls.read_job(answer) is None


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        ({"error_code": "40004", "message": "a"}, "40004", "a"),
        ({"error_code": "40004", "error_message": "b"}, "40004", "b"),
        ({"error_code": 40004, "error_message": "b", "message": "a"}, "40004", "b"),
        ({"error": {"code": 401, "title": "Unauthorized", "message": "c"}}, "401", "c"),
        ("<html>", "", "<html>"),
        (None, "", ""),
        ({"error": "x"}, "", ""),
    ],
)
def test_every_known_form_of_an_error_is_read(body: object, code: str, text: str) -> None:
    assert k5_calls.read_error(body) == k5.Failure(code, text)


@pytest.mark.parametrize("body", [{"import_id": ""}, {"import_id": 5}, {}, [], None, {"error_code": "40001"}])
def test_an_answer_without_the_key_is_a_refusal(body: object) -> None:
    assert k5_calls.read_id(body, "import_id") is None


def test_the_body_of_profile_a_and_of_the_others() -> None:
    account = k5_calls.Account(user_name="mira", password="pw", domain_name="Ab3dEfgh")
    asked: dict[str, Any] = {
        "name": "web base 3",
        "location": k5_calls.location("A", PROJECT, "images", "web.vmdk"),
        "os_type": "ubuntu",
        "image_id": IMAGE,
        "min_disk": 12,
        "min_ram": 512,
    }
    body = k5_calls.import_body("A", **asked, account=account)
    assert body == {
        "id": IMAGE,
        "name": "web base 3",
        "location": LOCATION,
        "os_type": "ubuntu",
        "min_disk": 12,
        "min_ram": 512,
        "conversion": True,
        "disk_format": "raw",
        "container_format": "bare",
        "user_name": "mira",
        "password": "cHc=",
        "domain_name": "Ab3dEfgh",
    }
    short = k5_calls.import_body("B", **asked, account=account, checksum="0" * 40)
    assert set(short) == {"id", "name", "location", "os_type", "min_disk", "min_ram", "checksum"}
    assert k5_calls.location("C", PROJECT, "images", "web.vmdk") == f"/v2/AUTH_{PROJECT}/images/web.vmdk"
    assert "pw" not in repr(account)


# -- the tables --------------------------------------------------------------


def test_codes_are_five_digits_and_begin_with_a_status_of_the_reference() -> None:
    for table in (IMPORT, EXPORT, COMMON):
        for code, text in table.items():
            assert len(code) == 5
            assert code[:3] in {"400", "403", "404", "500", "503"}
            assert text.endswith(".")


def test_every_reason_to_refuse_a_disk_has_a_code_of_its_own() -> None:
    assert {reason.value for reason in Reason} <= set(FAILURES)
    assert set(FAILURES.values()) == {*(str(code) for code in range(40050, 40059)), "50001", "50301"}
    assert failure_code("a word of next year") == "40053"


def test_who_should_try_again_is_told_another_code_than_who_should_bring_another_disk() -> None:
    told = {
        word: failure_code(word) for word in ("infected", "step-refused", "cancelled", "malformed", "internal-error")
    }
    assert len(set(told.values())) == len(told)
    assert {failure_code(word)[0] for word in ("unavailable", "timed-out", "internal-error", "damaged")} == {"5"}
