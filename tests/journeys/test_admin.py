"""``imageferry admin`` while the service runs."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from imageferry.db.engine import open_engine
from imageferry.db.records import SqlRecords
from imageferry.domain.access import ProjectId, UserId
from imageferry.domain.moment import later
from imageferry.domain.quarantine import Quarantined
from imageferry.domain.task import TaskId
from imageferry.ports.clock import system_clock
from imageferry.service.blobs import Blobs
from imageferry.stores.files import FileBlocks
from tests.journeys.plain import Plain
from tests.running import RunningService


def test_users_projects_and_roles_are_made_changed_and_removed(service: RunningService) -> None:
    project_id = service.admin("project", "add", "rowing")
    service.admin("user", "add", "ruth", "--password", "first", "--project", "rowing", "--role", "reader")
    assert Plain(service).log_in("ruth", "first", "rowing").project_id == project_id
    service.admin("role", "add", "member", "--user", "ruth", "--project", "rowing")
    assert "ruth  rowing  member" in service.admin("role", "list")
    service.admin("role", "remove", "member", "--user", "ruth", "--project", "rowing")
    assert "ruth  rowing  member" not in service.admin("role", "list")
    assert "ruth" in service.admin("user", "list")


def test_a_new_password_ends_every_token_and_a_disabled_user_is_out(service: RunningService) -> None:
    service.add_user("otto", "otters")
    api = Plain(service).log_in("otto", "pw", "otters")
    assert api.call("GET", "/v2/images").status == 200
    service.admin("user", "password", "otto", input="second\n")
    assert api.call("GET", "/v2/images").status == 401
    api.token = ""
    api.log_in("otto", "second", "otters")
    service.admin("user", "set", "otto", "--disable")
    assert api.call("GET", "/v2/images").status == 401
    service.admin("user", "delete", "otto")
    assert "otto" not in service.admin("user", "list").split()


def test_a_token_is_handed_out_once_good_for_every_api_and_revoked(service: RunningService) -> None:
    service.add_user("tobias", "tokens")
    api = Plain(service)
    api.token = service.admin("token", "tobias", "--days", "30").strip()
    assert api.call("GET", "/v2/images").status == 200
    said = api.call("POST", "/identity/v2.0/tokens", {"auth": {"token": {"id": api.token}}})
    assert said.json()["access"]["token"]["tenant"]["name"] == "tokens"
    assert api.token.encode() not in (service.data / "records.sqlite").read_bytes()
    assert service.admin("token", "tobias", "--revoke").strip() == "1"
    assert api.call("GET", "/v2/images").status == 401


def test_a_token_that_cannot_be_is_refused_with_a_sentence(service: RunningService) -> None:
    service.admin("user", "add", "nora", "--password", "pw")
    service.admin("project", "add", "elsewhere")
    for code, *words in (
        (3, "nora"),
        (3, "nora", "--revoke", "--project", "elsewhere"),
        (2, "nora", "--days", "0"),
        (4, "unknown"),
        (4, "nora", "--project", "unknown"),
        (6, "nora", "--project", "elsewhere"),
    ):
        wrong = service.run("admin", "--data", str(service.data), "token", *map(str, words), check=False)
        assert (wrong.returncode, wrong.stdout) == (code, ""), wrong
        assert wrong.stderr


def test_what_a_project_may_keep_is_limited_while_the_service_runs(service: RunningService) -> None:
    service.add_user("lena", "limited")
    api = Plain(service).log_in("lena", "pw", "limited")
    shown = service.admin("project", "limit", "limited", "--images", "1", "--bytes", "2G")
    assert shown.splitlines() == [
        "images  0 of 1",
        f"bytes  0 of {2 << 30}",
        "staged  0 of any",
        "uploads  0 of any",
        "tasks  0 of any",
    ]
    assert api.call("POST", "/v2/images", {}).status == 201
    assert api.call("POST", "/v2/images", {}).status == 413
    service.admin("project", "limit", "limited", "--images", "default")
    assert api.call("POST", "/v2/images", {}).status == 201
    for words in (("--images", "many"), ("--bytes", "-1"), ("--uploads", "-1")):
        wrong = service.run("admin", "--data", str(service.data), "project", "limit", "limited", *words, check=False)
        assert wrong.returncode in (2, 3), wrong


def test_what_a_deleted_project_leaves_is_listed(service: RunningService) -> None:
    project_id = service.admin("project", "add", "short-lived")
    service.add_user("olga", "short-lived")
    api = Plain(service).log_in("olga", "pw", "short-lived")
    assert api.call("POST", "/v2/images", {}).status == 201
    assert project_id not in service.admin("orphans")
    engine = open_engine(f"sqlite:///{service.data / 'records.sqlite'}")
    with closing(SqlRecords(engine)) as records, records.writing() as session:
        session.identity.delete_project(ProjectId(project_id))
    assert f"{project_id}  1 images (0 bytes)  0 containers, 0 objects (0 bytes)" in service.admin("orphans")


def test_what_is_there_already_and_what_is_not_there_are_told(service: RunningService) -> None:
    service.admin("project", "add", "once")
    again = service.run("admin", "--data", str(service.data), "project", "add", "once", check=False)
    assert again.returncode == 5
    assert "exists already" in again.stderr
    nobody = service.run("admin", "--data", str(service.data), "user", "delete", "nobody", check=False)
    assert nobody.returncode == 4


def test_what_scanners_objected_to_is_listed_saved_and_let_go(service: RunningService, tmp_path: Path) -> None:
    content = b"bytes that a rule knows"
    with closing(SqlRecords(open_engine(f"sqlite:///{service.data / 'records.sqlite'}"))) as records:
        blobs = Blobs(FileBlocks(service.data / "blocks"), records, system_clock)
        writer = blobs.writer()
        writer.write(content)
        blob = blobs.keep(writer.finish())
        blobs.close()
        now = system_clock()
        item = Quarantined(
            task_id=TaskId("a-task"),
            project_id=ProjectId("a-project"),
            user_id=UserId("a-user"),
            what="web\x1b[31m.img",
            rule="Ferry.Test",
            place="the file /a",
            parts=((blob.id, 0, blob.size),),
            created_at=now,
            expires_at=later(now, seconds=3600),
        )
        with records.writing() as session:
            session.quarantine.add(item)
    (line,) = service.admin("quarantine", "list").splitlines()
    assert line.startswith("a-task  20")
    assert line.endswith(f"a-project  a-user  {len(content)}  web\\x1b[31m.img  Ferry.Test  the file /a")
    service.admin("quarantine", "save", "a-task", str(tmp_path / "out"))
    assert (tmp_path / "out").read_bytes() == content
    service.admin("quarantine", "delete", "a-task")
    assert service.admin("quarantine", "list") == ""
