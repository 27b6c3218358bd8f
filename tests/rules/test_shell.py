"""What a line of the shell means, what of it is kept, and commands that have their container already."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.history import InMemoryHistory

from imageferry.cli.bound import Bound
from imageferry.cli.main import cli
from imageferry.cli.run import Run
from imageferry.cli.shell import Session, words_of
from imageferry.cli.shell_prompt import Words, history_at, history_file, is_kept


@pytest.fixture
def session() -> Session:
    return Session(cli, Run(cloud="here"))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("# a remark 'with a quote", []),
        ("image list", ["image", "list"]),
        ("image show 'my web' # 1", ["image", "show", "my web", "#", "1"]),
        ("/task list", ["task", "list"]),
        ("/", []),
        ("?", ["?"]),
        ("? image list", ["?", "image", "list"]),
        ("?image", ["?", "image"]),
        ('image show "open', None),
        ("image show open\\", None),
    ],
)
def test_a_line_has_words(line: str, words: list[str] | None) -> None:
    assert words_of(line) == words


def test_the_name_of_a_group_enters_its_context_and_exit_leaves_it(session: Session) -> None:
    assert session.prompt == "here> "
    assert session.obey("image") == 0
    assert session.prompt == "here image> "
    assert session.obey("/object") == 0
    assert session.path == ("object",)
    assert session.obey("/admin quarantine") == 0
    assert session.path == ("admin", "quarantine")
    session.obey("exit")
    assert session.path == ("admin",)
    session.obey("/")
    assert (session.path, session.ended) == ((), False)
    session.obey("exit")
    assert session.ended


def test_exit_from_the_top_ends_the_shell_wherever_one_is(session: Session) -> None:
    session.obey("image")
    session.obey("/exit")
    assert session.ended


def test_a_container_is_chosen_and_let_go_of(session: Session) -> None:
    session.obey("container images")
    assert (session.prompt, session.run.container) == ("here:images> ", "images")
    session.obey("container -")
    assert session.run.container == ""
    session.obey("container")
    session.obey("'a b'")
    assert session.run.container == "a b"


def test_a_cloud_that_is_not_configured_is_not_chosen(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "clouds.yaml"
    file.write_text("clouds: {one: {auth: {auth_url: 'http://127.0.0.1:1/v3'}}}")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))
    session.obey("container images")
    assert session.obey("cloud nowhere\x1b[2J") == 4
    assert "\x1b" not in capsys.readouterr().err
    assert session.run.cloud == "here"
    assert session.obey("cloud one") == 0
    assert (session.run.cloud, session.run.container) == ("one", "")  # a container of another cloud


def test_a_name_cannot_command_the_terminal_from_the_prompt(session: Session) -> None:
    session.obey("container a\x1b]0;owned\x07")
    assert "\x1b" not in session.prompt


def test_a_shell_in_the_shell_is_refused(session: Session) -> None:
    assert session.obey("shell") == 2


@pytest.mark.parametrize("line", ["nonsense", "image nonsense", "image list --nonsense", 'image show "', "!exit 2"])
def test_a_wrong_line_says_so_and_the_shell_goes_on(session: Session, line: str) -> None:
    assert session.obey(line) == 2
    assert not session.ended


def test_a_system_command_with_nul_is_refused(session: Session) -> None:
    assert session.obey("!echo a\0b") == 2


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("image list", True),
        (" image list", False),
        ("!curl https://example.org", False),
        ("image set web --property password=pw", False),
        ("object show c 'x-auth-token: abc'", False),
        ("push http://mira:pw@example.org/web.img", False),
    ],
)
def test_what_looks_like_a_secret_is_not_kept(line: str, kept: bool) -> None:
    assert is_kept(line) is kept


def test_the_history_is_for_its_owner_alone(session: Session, tmp_path: Path) -> None:
    file = history_file({"XDG_STATE_HOME": str(tmp_path / "state")})
    before = os.umask(0)
    try:
        history = history_at(file, session)
    finally:
        os.umask(before)
    history.append_string("image list")
    history.append_string(" image list --name hidden")
    assert "image list" in file.read_text()
    assert "hidden" not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    file.chmod(0o644)
    history_at(file, session)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("what", ["folder", "link", "parent"])
def test_a_history_that_cannot_be_kept_is_no_trouble(
    session: Session, tmp_path: Path, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "state" / "history"
    if what == "parent":
        file.parent.write_text("a file")
    else:
        file.parent.mkdir()
        file.mkdir() if what == "folder" else file.symlink_to(tmp_path / "elsewhere")
    assert isinstance(history_at(file, session), InMemoryHistory)
    assert "not kept" in capsys.readouterr().err
    assert not (tmp_path / "elsewhere").exists()


def _completed(session: Session, line: str) -> list[str]:
    return [found.text for found in Words(session).get_completions(Document(line), CompleteEvent())]


def test_commands_options_and_values_are_completed(session: Session) -> None:
    assert _completed(session, "ima") == ["image"]
    assert "--status" in _completed(session, "image list --st")
    assert _completed(session, "image list -f js") == ["json"]
    assert _completed(session, "? image li") == ["list"]
    assert "exit" in _completed(session, "ex")
    session.obey("image")
    assert _completed(session, "li") == ["list"]
    assert _completed(session, "/obj") == ["object"]
    assert "exit" in _completed(session, "e")


@pytest.mark.parametrize("line", ["!ls ", "# x", "nonsense x", 'image show "open', "image list --nonsense ", "\x1b\0"])
def test_what_makes_no_sense_completes_to_nothing(session: Session, line: str) -> None:
    assert _completed(session, line) == []


def test_files_are_completed(session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "web.qcow2").touch()
    monkeypatch.chdir(tmp_path)
    assert _completed(session, "check we") == ["b.qcow2"]


@click.group()
def top() -> None: ...


@top.group()
def below() -> None: ...


@below.command()
@click.argument("file")
@click.argument("container")
@click.argument("name", required=False)
def put(file: str, container: str, name: str | None) -> None:
    click.echo(f"{file} {container} {name}")


@below.command()
@click.option("--container", default="images")
def push(container: str) -> None:
    click.echo(container)


@below.command("list")
def plain() -> None:
    click.echo("plain")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("put disk", "disk backups None"),
        ("put disk name", "disk backups name"),
        ("push", "backups"),
        ("push --container other", "other"),
        ("list", "plain"),
    ],
)
def test_a_chosen_container_need_not_be_named(words: str, said: str) -> None:
    done = CliRunner().invoke(Bound(top, "backups"), ["below", *words.split()])
    assert done.output.strip() == said
    assert "[CONTAINER]" not in CliRunner().invoke(Bound(top, "backups"), ["below", "put", "--help"]).output
    assert CliRunner().invoke(top, ["below", "put", "disk"]).exit_code == 2  # the commands themselves are as before
