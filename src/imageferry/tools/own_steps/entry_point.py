"""The program in the cage that calls a provider's Python step.

python -I -m imageferry.tools.own_steps.entry_point NAME [PATH-OF-THE-RAW-DISK]
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from contextlib import redirect_stdout
from importlib.metadata import entry_points

from imageferry.steps import Accepted, Disk, Image, Refused

_GROUP = "imageferry.steps"


def main() -> int:
    name, *paths = sys.argv[1:]
    image = Image(json.load(sys.stdin))
    try:
        with redirect_stdout(sys.stderr):  # whatever it prints is no answer
            (found,) = entry_points(group=_GROUP, name=name)
            step = found.load()
            disk = Disk(os.open(paths[0], os.O_RDONLY)) if paths else None
            answer = (step() if isinstance(step, type) else step)(image, disk)
    except Refused as refused:
        answer = refused
    except Exception as error:
        traceback.print_exc()
        sys.stderr.write(f"{type(error).__name__}: {error}\n".replace("\n", " ") + "\n")
        return 2
    told: dict[str, object]
    match answer:
        case None:
            told = {"ok": True}
        case Accepted():
            told = {"ok": True, "properties": dict(answer.properties)}
        case Refused():
            told = {"ok": False, "expected": answer.expected, "found": answer.found, "hint": answer.hint}
        case _:
            sys.stderr.write(f"expected None, Accepted or Refused, found a {type(answer).__name__}\n")
            return 2
    sys.stdout.write(json.dumps(told) + "\n")
    return 0 if told["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
