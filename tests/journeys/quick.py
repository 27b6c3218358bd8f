"""Somebody at a shell whose commands run in the process of the test: the same words, no start of Python for each."""

from __future__ import annotations

import io
import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from unittest import mock

from imageferry.cli.main import cli
from imageferry.cli.run import Run
from tests.journeys.person import PASSWORD, Person


class Quick(Person):
    """A ``Person`` in a hurry; what is printed, the exit code and the environment are as for any other."""

    def __call__(
        self, *arguments: object, ends_with: int = 0, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        words = [str(argument) for argument in arguments]
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("OS_", "IMAGEFERRY_"))}
        surroundings = mock.patch.dict(os.environ, {**kept, **self.env, **(env or {})}, clear=True)
        run = Run()
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
        try:
            with surroundings, chdir(self.folder), redirect_stdout(out), redirect_stderr(err):
                code = run.code_of(lambda: cli.main(words, prog_name="imageferry", standalone_mode=False, obj=run))
        finally:  # commands end tidily; the tests' own process is none of their business
            for number, handler in before.items():
                signal.signal(number, handler)
        said, told = (stream.buffer.getvalue().decode() for stream in (out, err))  # type: ignore[attr-defined]
        assert code == ends_with, f"{words}: {code}\n{said}\n{told}"
        assert PASSWORD not in said + told
        return subprocess.CompletedProcess(words, code, said, told)


def quick(person: Person) -> Quick:
    return Quick(person.service, person.folder, person.project_id, person.env)
