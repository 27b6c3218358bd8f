"""Our shell scripts, run with stand-ins for the programs that would change the machine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Machine:
    """A PATH of its own: stand-ins first, which write down how they were called, then the real programs."""

    folder: Path

    def has(self, program: str, script: str = "") -> None:
        """``program`` exists, notes its arguments, and does ``script``."""
        (self.folder / "bin").mkdir(parents=True, exist_ok=True)
        path = self.folder / "bin" / program
        path.write_text(f'#!/bin/sh\necho "{program} $*" >>"{self._notes}"\n{script}\n')
        path.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        return self._notes.read_text().splitlines() if self._notes.exists() else []

    def run(self, *command: str | Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        return subprocess.run(
            [str(word) for word in command],
            env={**os.environ, "PATH": path, **(env or {})},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def bash(self, script: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return self.run("bash", "-euo", "pipefail", "-c", script, env=env)

    @property
    def _notes(self) -> Path:
        return self.folder / "calls"
