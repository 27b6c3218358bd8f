"""What holds for the repository as a whole: its pages tell the truth, and it works on any machine."""

from __future__ import annotations

import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
LONGEST_MODULE = 500  # lines; one that grows past it is usually two


@cache
def _files() -> tuple[str, ...]:
    """Every file of the repository, those not yet committed too."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return tuple(name for name in listed.stdout.splitlines() if (ROOT / name).is_file())


def _texts() -> list[tuple[str, str]]:
    """(name, text) of every file that is text."""
    found = []
    for name in _files():
        data = (ROOT / name).read_bytes()
        if b"\0" not in data:
            found.append((name, data.decode(errors="replace")))
    return found


_MACHINE_PATHS = re.compile(
    r"(?<![\w.~}>/])/(?:wor[k]|roo[t]|hom[e]/\w+|op[t]|Use[r]s/\w+|mn[t])/\w"  # brackets: not to find itself
)


def test_no_file_leans_on_the_machine_it_was_written_on() -> None:
    found = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in _texts()
        for number, line in enumerate(text.splitlines(), 1)
        if _MACHINE_PATHS.search(line)
    ]
    assert not found, "\n".join(found)


def test_no_registry_is_named_for_pip_uses_the_machines_own() -> None:
    hosts = re.compile(r"pypi\.or[g]|pythonhosted\.or[g]|--index-ur[l]|--find-link[s]|ghcr\.i[o]|quay\.i[o]")
    found = [name for name, text in _texts() if hosts.search(text)]
    assert not found


def test_the_repository_speaks_of_the_product_only() -> None:
    """Not of whoever wrote it, with which tools, in which sitting."""
    words = re.compile(r"(?i)\b(claud[e]|copilo[t]|chatgp[t]|langua[g]e model|co-authored-b[y]|generated wit[h])\b")
    found = [f"{name}: {match[0]}" for name, text in _texts() if (match := words.search(text))]
    assert not found, found


def test_every_decision_has_a_number_of_its_own() -> None:
    names = sorted(path.name for path in (ROOT / "docs/decisions").iterdir())
    assert names
    assert all(re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", name) for name in names)
    numbers = [name[:4] for name in names]
    assert len(set(numbers)) == len(numbers), names


@pytest.mark.parametrize("part", ["The question", "Weighed", "The choice", "The price"])
def test_every_decision_tells_the_same_four_things(part: str) -> None:
    without = [path.name for path in (ROOT / "docs/decisions").iterdir() if f"\n## {part}\n" not in path.read_text()]
    assert not without


def test_the_first_pages_are_there() -> None:
    for name in ("README.md", "CHANGELOG.md", "LICENSE", "docs/ARCHITECTURE.md", "changelog.d/README.md"):
        assert len((ROOT / name).read_text()) > 300, name


def test_every_change_note_has_a_kind_and_a_sentence() -> None:
    for path in (ROOT / "changelog.d").iterdir():
        if path.name != "README.md":
            assert re.fullmatch(r"[a-z0-9-]+\.(added|changed|fixed|removed|security)\.md", path.name), path.name
            assert path.read_text().strip().endswith(".")


def test_what_the_pages_point_to_exists() -> None:
    """Links in pages, and docs/… named in pages, code and scripts."""
    missing = []
    for name, text in _texts():
        targets = {(ROOT, target) for target in re.findall(r"\bdocs/[\w./-]+\.md\b", text)}
        if name.endswith(".md"):
            folder = (ROOT / name).parent
            links: list[str] = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)
            targets |= {(folder, target) for target in links if "://" not in target}
        missing += [f"{name}: {target}" for folder, target in targets if not (folder / target).exists()]
    assert not missing, "\n".join(sorted(missing))


def test_no_module_has_grown_into_two() -> None:
    lengths = {name: len(text.splitlines()) for name, text in _texts() if name.endswith(".py")}
    assert not {name: lines for name, lines in lengths.items() if lines > LONGEST_MODULE}


def test_the_scripts_can_be_run() -> None:
    for name in _files():
        path = ROOT / name
        if name.startswith(("scripts/", ".ci/")) and path.read_bytes().startswith(b"#!"):
            assert path.stat().st_mode & 0o111, f"chmod +x {name}"


def test_every_package_we_ask_for_is_pinned() -> None:
    """Otherwise two set-ups of one commit differ. scripts/pin writes the versions down."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    for wanted, constraints in [
        (project["build-system"]["requires"] + project["project"]["dependencies"] + groups["dev"], "constraints.txt"),
        (groups["peers"], "constraints-peers.txt"),
    ]:
        lines = (ROOT / constraints).read_text().splitlines()
        pinned = {_package(line) for line in lines if "==" in line and not line.startswith("#")}
        assert not {_package(line) for line in wanted} - pinned


def _package(requirement: str) -> str:
    return re.split(r"[\s<>=!~\[;]", requirement, maxsplit=1)[0].lower().replace("_", "-").replace(".", "-")


def test_what_make_offers_is_what_the_readme_names() -> None:
    targets = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert {"demo", "test", "format", "lint", "types", "bench", "clean", "help"} <= targets
    named = set(re.findall(r"\bmake ([a-z]+)\b", (ROOT / "README.md").read_text()))
    assert {"demo", "test"} <= named <= targets
