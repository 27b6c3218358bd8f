"""``python -m tests.comparison [SCENARIO ...]``: what differs and is not decided, with IMAGEFERRY_PEERS set."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import yaml

from tests.comparison.comparing import alone, both, compare_all, judged
from tests.comparison.scenarios import SCENARIOS
from tests.running import RunningService


def main() -> int:
    peers = Path(os.environ["IMAGEFERRY_PEERS"])
    clouds = yaml.safe_load((peers / "clouds.yaml").read_text())["clouds"]
    chosen = [one for one in SCENARIOS if not sys.argv[1:] or one.name in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as folder:
        service = RunningService(data=Path(folder) / "data").start()
        try:
            with alone(peers), both(clouds["peer-admin"]["auth"], service.cloud["auth"]) as sides:
                found = compare_all(chosen, sides)
        finally:
            service.stop()
    wrong = judged(found, chosen)
    print("\n".join(wrong))  # noqa: T201
    asked, unlike = sum(len(one.steps) for one in chosen), len({(one.scenario, one.step) for one in found})
    print(f"{asked} requests, {asked - unlike} equal; {len(found)} differences, {len(wrong)} to look at")  # noqa: T201
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
