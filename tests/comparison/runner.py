"""Walks a scenario at one side and brings back its answers, in a form that both sides share."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from string import Template
from typing import Any
from urllib.parse import quote, unquote

from tests.comparison.script import FORM_TYPE, JSON, At, Form, Scenario, Step
from tests.comparison.sides import Reply, Side

PATIENCE_S = 20.0


def walk(scenario: Scenario, side: Side) -> tuple[dict[str, Reply], dict[str, str]]:
    """The answers by the names of the steps, and all that was known in the end."""
    known = dict(side.names)
    found: dict[str, Reply] = {}
    for step in scenario.steps:
        assert step.name not in found, f"two steps are called {step.name}"
        try:
            reply = _asked(step, step.at or scenario.at, side, known)
            for name, place in step.keep.items():
                known[name] = _kept(reply, place)
        except Exception as error:
            error.add_note(f"{scenario.name}: {step.name}, at {side.identity}")
            raise
        found[step.name] = reply
    return found, known


def _asked(step: Step, at: At, side: Side, known: dict[str, str]) -> Reply:
    known["now"] = str(int(time.time()))
    url = side.url(at) + _filled(step.path, known)
    headers = {name: _filled(value, known) for name, value in step.headers.items()}
    if step.as_.startswith("$"):
        headers["X-Auth-Token"] = _filled(step.as_, known)
    elif step.as_:
        headers["X-Auth-Token"] = known[f"{step.as_}_token"]
    if step.signed:
        url += _signature(step, url.removeprefix(side.storage), known)
    body, more = _body(step.body, known, path=url.removeprefix(side.storage))
    headers = {**more, **headers}
    end = time.monotonic() + PATIENCE_S
    while True:
        reply = side.send(step.method, url, headers, body)
        if all(_kept(reply, place) == value for place, value in step.until.items()) or time.monotonic() > end:
            return reply
        time.sleep(0.1)


def _body(body: object, known: Mapping[str, str], *, path: str) -> tuple[bytes | list[bytes] | None, Mapping[str, str]]:
    if body is None or isinstance(body, bytes):
        return body, {}
    if isinstance(body, Form):
        return _form(body, path, int(known["now"]) + 600), FORM_TYPE
    if isinstance(body, list) and body and isinstance(body[0], bytes):
        return body, {}
    if isinstance(body, str):
        return _filled(body, known).encode(), {}
    return json.dumps(_filled_in(body, known)).encode(), JSON


def _filled_in(value: Any, known: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _filled(value, known)
    if isinstance(value, Mapping):
        return {_filled(key, known): _filled_in(inner, known) for key, inner in value.items()}
    return [_filled_in(inner, known) for inner in value] if isinstance(value, list) else value


def _filled(text: str, known: Mapping[str, str]) -> str:
    return Template(text).substitute(known)


def _kept(reply: Reply, place: str) -> str:
    """The text at that place of an answer; "None" where there is nothing."""
    if place == "status":
        return str(reply.status)
    if place.startswith("header "):
        return str(reply.headers.get(place.removeprefix("header ")))
    value = reply.json
    for part in place.removeprefix("body.").split("."):
        if isinstance(value, list):
            value = dict(enumerate(value))
        value = value.get(int(part) if part.isdigit() else part) if isinstance(value, dict) else None
    return str(value)


def _form(form: Form, path: str, expires: int) -> bytes:
    rules = [form.redirect, str(form.max_file_size), str(form.max_file_count), str(expires)]
    signature = hmac.new(form.key.encode(), "\n".join([path, *rules]).encode(), hashlib.sha256).hexdigest()
    names = ("redirect", "max_file_size", "max_file_count", "expires", "signature")
    parts = [(f'name="{name}"', value.encode()) for name, value in zip(names, [*rules, signature], strict=True)]
    files = enumerate(form.files.items())
    parts += [(f'name="file{number}"; filename="{name}"', data) for number, (name, data) in files]
    rows = [b"--b\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % (head.encode(), data) for head, data in parts]
    return b"".join([*rows, b"--b--\r\n"])


def _signature(step: Step, path: str, known: Mapping[str, str]) -> str:
    """For ten minutes, with SHA-256."""
    path, _, query = path.partition("?")
    expires = str(int(known["now"]) + 600)
    text = f"{step.method}\n{expires}\n{unquote(path)}"
    signature = hmac.new(step.signed.encode(), text.encode(), hashlib.sha256).hexdigest()
    return f"{'&' if query else '?'}temp_url_sig={quote(signature)}&temp_url_expires={expires}"
