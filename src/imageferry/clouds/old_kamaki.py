"""The settings of kamaki, the client of Synnefo: ``~/.kamakirc``.

    [global]
    default_cloud = old
    [cloud "old"]
    url = https://accounts.example.org/identity/v2.0
    token = ...

Read to the letter: a line that means nothing, or that means what is not taken over, is refused by its
number, and no value is repeated in a message.

Source: specs/synnefo.md, section 8.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from imageferry.domain.errors import BadInput
from imageferry.settings import Secret

_SECTION = re.compile(r"\[\s*(?P<kind>[^\]\"]*?)\s*(?:\"(?P<name>[^\"\]]*)\"\s*)?\]\s*(?:[#;].*)?")
_VALUE = re.compile(r"(?P<key>[A-Za-z_][\w.-]*)\s*[=:]\s*(?P<value>.*)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

_TRUE = frozenset({"on", "true", "yes", "1"})
_FALSE = frozenset({"off", "false", "no", "0", ""})

_WORDS: Mapping[str, str] = {
    "url": "url",
    "token": "token",
    "astakos_url": "astakos_url",
    "pithos_url": "pithos_url",
    "file_url": "pithos_url",
    "plankton_url": "plankton_url",
    "image_url": "plankton_url",
    "pithos_uuid": "account",
}
"""What is taken over of a cloud, and what it is called in clouds.yaml."""

_OWN_TOKEN = re.compile(r"(astakos|pithos|plankton|file|image)_token")


@dataclass(frozen=True, kw_only=True, slots=True)
class OldCloud:
    """One cloud of the file."""

    name: str
    url: str
    token: Secret = field(repr=False)
    more: Mapping[str, str] = field(default_factory=dict)  # other keys of the entry in clouds.yaml
    verify: bool = True
    ca_file: str = ""

    @property
    def entry(self) -> dict[str, object]:
        """The entry of clouds.yaml that says the same."""
        found: dict[str, object] = {"type": "synnefo", "url": self.url, "token": str(self.token), **self.more}
        if not self.verify:
            found["verify"] = False
        elif self.ca_file:
            found["cacert"] = self.ca_file
        return found


def is_kamakirc(text: str) -> bool:
    """Whether a file of settings is one of kamaki's: its first line that says something opens a section."""
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith(("#", ";")):
            return line.lstrip().startswith("[")
    return False


def read_kamakirc(text: str) -> list[OldCloud]:
    """All clouds of the file, in its order.

    Raises:
        BadInput: a line that means nothing, twice the same, or what cannot be taken over; by its number.
    """
    sections = _sections(text)
    general = {key: value for key, (_, value) in sections.pop(("global", ""), _Section(0)).values.items()}
    verify = not _switch(general.get("ignore_ssl", ""))
    found = [
        _cloud(name, section, verify=verify, ca_file=general.get("ca_certs", ""))
        for (kind, name), section in sections.items()
        if kind == "cloud"
    ]
    if not found:
        raise BadInput("file", "no section of a cloud", '[cloud "NAME"] with url and token')
    return found


@dataclass
class _Section:
    line: int
    values: dict[str, tuple[int, str]] = field(default_factory=dict)  # key: number of its line, value


def _sections(text: str) -> dict[tuple[str, str], _Section]:
    found: dict[tuple[str, str], _Section] = {}
    here: _Section | None = None
    for number, line in enumerate(text.splitlines(), 1):
        plain = line.strip()
        if not plain or plain.startswith(("#", ";")):
            continue
        if line[0].isspace() and not plain.startswith("["):
            raise _refused(number, "it goes on with the line before")
        if plain.startswith("["):
            match = _SECTION.fullmatch(plain)
            kind = match["kind"].lower() if match else ""
            name = (match["name"] or "") if match else ""
            if not kind or (kind == "cloud" and not name.strip()) or _CONTROL.search(name):
                raise _refused(number, "no section")
            if (kind, name) in found:
                raise _refused(number, "a section that was there before")
            here = found[kind, name] = _Section(number)
            continue
        value = _VALUE.fullmatch(plain)
        if value is None or here is None:
            raise _refused(number, "no key with a value" if here else "a value outside of a section")
        key = value["key"].lower()
        if key in here.values:
            raise _refused(number, f"{key} for the second time")
        here.values[key] = number, value["value"].strip()
    return found


def _cloud(name: str, section: _Section, *, verify: bool, ca_file: str) -> OldCloud:
    values: dict[str, str] = {}
    for key, (number, value) in section.values.items():
        if _CONTROL.search(value):
            raise _refused(number, f"{key} with a control character")
        word = _WORDS.get(key)
        if word is not None and value:
            values[word] = value
        if word is not None and word.endswith("url") and value and not value.startswith(("http://", "https://")):
            raise _refused(number, f"{key} is no address")
    token = values.pop("token", "")
    for key, (number, value) in section.values.items():
        if _OWN_TOKEN.fullmatch(key) and value not in ("", token):
            raise _refused(number, f"{key} is another than the cloud's token, which is not taken over")
    url = values.pop("url", "") or values.get("astakos_url", "")
    values.pop("astakos_url", "")
    if not url or not token:
        raise _refused(section.line, "a cloud without " + ("token" if url else "url"))
    return OldCloud(name=name, url=url, token=Secret(token), more=values, verify=verify, ca_file=ca_file)


def _switch(text: str) -> bool:
    if text.lower() not in _TRUE | _FALSE:
        raise BadInput("file", "another word for ignore_ssl", "on or off")
    return text.lower() in _TRUE


def _refused(line: int, what: str) -> BadInput:
    return BadInput("file", f"line {line}: {what}", 'a section [cloud "NAME"] with lines such as url = https://...')
