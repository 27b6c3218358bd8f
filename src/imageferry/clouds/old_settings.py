"""Settings of the old K5 tools: k5contractsettings.py, and scripts that export OS_* variables.

Such files were programs. Here they are text: a Python file is parsed and only plain assignments of
literals are taken, a shell script only plain assignments. Whatever else a line does is refused by
its number, never run, and no value is repeated in a message.
"""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from imageferry.domain.errors import BadInput
from imageferry.settings import Secret

MAX_BYTES = 1 << 20

_ASSIGNMENT = re.compile(r"\s*(?:export\s+|set\s+|typeset\s+-x\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_RUNS = re.compile(r"[$`]")  # outside single quotes the shell would do something with it

_WORDS: Mapping[str, str] = {
    "adminuser": "username",
    "user": "username",
    "username": "username",
    "osusername": "username",
    "adminpassword": "password",
    "password": "password",
    "ospassword": "password",
    "contract": "contract",
    "contractnumber": "contract",
    "domain": "contract",
    "domainname": "contract",
    "osuserdomainname": "contract",
    "osdomainname": "contract",
    "osprojectdomainname": "contract",
    "contractid": "contract_id",
    "domainid": "contract_id",
    "osuserdomainid": "contract_id",
    "defaultid": "default_project_id",
    "defaultprojectid": "default_project_id",
    "projectid": "project_id",
    "targetprojectid": "project_id",
    "osprojectid": "project_id",
    "ostenantid": "project_id",
    "defaultproject": "default_project",
    "targetproject": "project",
    "project": "project",
    "projectname": "project",
    "osprojectname": "project",
    "ostenantname": "project",
    "region": "region",
    "regionname": "region",
    "osregionname": "region",
    "osauthurl": "auth_url",
    "authurl": "auth_url",
}
"""The spellings that are about, without case and underscores, and what they mean."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OldSettings:
    """What was found. Fields that the file does not have are empty."""

    username: str = ""
    password: Secret = field(default=Secret(""), repr=False)
    contract: str = ""
    contract_id: str = ""
    default_project_id: str = ""
    default_project: str = ""
    project_id: str = ""
    project: str = ""
    region: str = ""
    auth_url: str = ""


def read_old_settings(text: str, *, python: bool) -> OldSettings:
    """Read a file of settings.

    Args:
        python: whether it is a Python file; else a shell script.

    Raises:
        BadInput: a line that is more than a plain value (by number), or the needed values are not there.
    """
    found = _python(text) if python else _shell(text)
    values: dict[str, str] = {}
    for name, value in found.items():
        word = _WORDS.get(name.replace("_", "").lower())
        if word is not None and value:
            values.setdefault(word, value)
    missing = [word for word in ("username", "password") if word not in values]
    if missing or not (values.get("region") or values.get("auth_url")):
        missing += [] if values.get("region") or values.get("auth_url") else ["region"]
        raise BadInput("file", f"no value for {', '.join(missing)}", "user, password and region of a K5 contract")
    password = Secret(values.pop("password"))
    return OldSettings(password=password, **values)


def entry_for(old: OldSettings, region: str = "") -> dict[str, object]:
    """The entry of clouds.yaml that says the same."""
    auth: dict[str, str] = {"username": old.username, "password": str(old.password)}
    if old.auth_url:
        auth["auth_url"] = old.auth_url
    if old.contract:
        auth["user_domain_name"] = old.contract
    elif old.contract_id:
        auth["user_domain_id"] = old.contract_id
    project_id = old.project_id or ("" if old.project else old.default_project_id)
    project = old.project or old.default_project
    if project_id:
        auth["project_id"] = project_id
    elif project:
        auth["project_name"] = project
        domain = {"project_domain_name": old.contract} if old.contract else {"project_domain_id": old.contract_id}
        auth |= domain
    entry: dict[str, object] = {"type": "k5", "region_name": region or old.region}
    return {**entry, **({"contract": old.contract} if old.contract else {}), "auth": auth}


def _python(text: str) -> dict[str, str]:
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _refused(getattr(error, "lineno", None) or 1, "no Python") from None
    found: dict[str, str] = {}
    for node in module.body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue  # a docstring
        names = _names(node)
        value = getattr(node, "value", None)
        if not names or value is None:
            raise _refused(node.lineno, "more than a plain assignment")
        if not (isinstance(value, ast.Constant) and isinstance(value.value, str | int | None)):
            raise _refused(node.lineno, f"{names[0]} is given by an expression")
        for name in names:
            found[name] = "" if value.value is None else str(value.value)
    return found


def _names(node: ast.stmt) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    return names if len(names) == len(targets) else []


def _shell(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _ASSIGNMENT.fullmatch(stripped.rstrip(";"))
        if match is None:
            raise _refused(number, "more than a plain assignment")
        name, rest = match.groups()
        if _RUNS.search(re.sub(r"'[^']*'", "", rest)):
            raise _refused(number, f"{name} is given by an expression")
        try:
            words = shlex.split(rest, comments=True)
        except ValueError:
            raise _refused(number, f"{name} has a quote without its pair") from None
        if len(words) > 1:
            raise _refused(number, "more than a plain assignment")
        found[name] = words[0] if words else ""
    return found


def _refused(line: int, what: str) -> BadInput:
    return BadInput("file", f"line {line}: {what}", 'lines such as region = "uk-1"; write the value out and try again')
