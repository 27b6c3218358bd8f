"""Print a dependency group of pyproject.toml, one requirement a line; nothing for the group "none".

For a pip older than 25.1, which does not know groups; Debian 12 has 23.0.
"""

import sys
import tomllib
from pathlib import Path

groups = tomllib.loads(Path("pyproject.toml").read_text())["dependency-groups"]
sys.stdout.writelines(f"{line}\n" for line in {"none": [], **groups}[sys.argv[1]])
