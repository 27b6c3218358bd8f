"""Steps of a provider's own: the examples of docs/pipeline.md, and packages and programs made for tests."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "pipeline.md"


def example(first_words: str) -> str:
    """The code on the page that begins with a line that has those words in it."""
    blocks: list[str] = re.findall(r"^```\w+\n(.*?)^```$", PAGE.read_text(), flags=re.MULTILINE | re.DOTALL)
    (found,) = [block for block in blocks if first_words in "\n".join(block.splitlines()[:2])]
    return found


def service_settings(step: str) -> str:
    """The settings on the page that belong to a step."""
    blocks = re.findall(r"^```toml\n(# of the service\n.*?)^```$", PAGE.read_text(), flags=re.MULTILINE | re.DOTALL)
    (found,) = [str(block) for block in blocks if f"[steps.{step}]" in block]
    return found


def program(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def python_of_the_page(folder: Path) -> str:
    """A Python with the package that the page shows."""
    points = example('[project.entry-points."imageferry.steps"]').split("]\n", 1)[1].replace('"', "")
    return python_with(folder, "acme_steps", example("acme_steps.py"), f"[imageferry.steps]\n{points}")


def python_with(folder: Path, module: str, source: str, entry_points: str) -> str:
    """A Python that has all that this one has, and one package more."""
    place = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    info = place / f"{module}-1.0.dist-info"
    info.mkdir(parents=True)
    (place / f"{module}.py").write_text(source)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entry_points)
    (place / "all.pth").write_text("".join(f"{path}\n" for path in sys.path if path and Path(path).is_dir()))
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(base)
    (folder / "pyvenv.cfg").write_text(f"home = {base.parent}\n")
    assert os.access(folder / "bin" / "python", os.X_OK)
    return str(folder / "bin" / "python")
