"""Finished imports over time, of two projects that share a service: one queues many, the other few and later.

    python -m benchmarks.fairness [--imports 1000] [--kills 10] [--out docs/fairness.svg]

The service is killed (-9) again and again meanwhile. What has to hold is checked first, then the picture is drawn.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.crowd import (
    Crowd,
    check_that_each_was_done_once,
    check_that_nothing_is_left_over,
    killed_at_work,
    wait_until,
)
from tests.running import RunningService

FEW = 10
WIDTH, HEIGHT, EDGE = 760, 380, 56  # pixels
COLOURS = ("#2a6f97", "#c1121f")


@dataclass(frozen=True, kw_only=True)
class Curve:
    """When the imports of a project ended, in seconds since the run began."""

    label: str
    ends: Sequence[float]


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--imports", type=int, default=1000)
    words.add_argument("--kills", type=int, default=10)
    words.add_argument("--out", type=Path, default=Path("docs/fairness.svg"))
    asked = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        service = RunningService(data=Path(folder) / "data").start()
        try:
            picture = run(service, asked.imports, asked.kills)
        finally:
            if service.process is not None:
                service.kill()
    asked.out.write_text(picture)


def run(service: RunningService, count: int, kills: int) -> str:
    """Let both queue, kill, wait, check; returns the picture."""
    chance = random.Random(1)
    many, few = Crowd("many", service), Crowd("few", service)
    began = time.time()
    many.queue(count - FEW)
    queued = time.time() - began
    apart = count // (kills + 2)
    killed = killed_at_work(service, [many], kills // 3, chance, apart=apart)
    few.queue(FEW)
    killed += killed_at_work(service, [few], 1, chance, apart=FEW // 2)
    killed += killed_at_work(service, [many, few], kills - len(killed), chance, apart=apart)
    wait_until(lambda: len(many.ends()) + len(few.ends()) == count)
    whole = time.time() - began
    for crowd in (many, few):
        check_that_each_was_done_once(crowd)
    check_that_nothing_is_left_over(service)
    waited = few.ends()[-1] - few.asked_at
    print(f"{count} imports, {kills} times killed: queued within {queued:.1f} s, all ended after {whole:.1f} s")
    print(f"the {FEW} waited {waited:.1f} s, in which {many.ended_while(few)} of the others ended")
    curves = [
        Curve(label=f"{len(many.asked)} of one project", ends=[end - began for end in many.ends()]),
        Curve(label=f"{len(few.asked)} of another, asked for later", ends=[end - began for end in few.ends()]),
    ]
    return drawn(curves, [moment - began for moment in killed], asked_at=few.asked_at - began)


def drawn(curves: Sequence[Curve], killed: Sequence[float], *, asked_at: float) -> str:
    """An SVG: for each project the share of its imports that have ended. ``killed``: moments of a grey line."""
    until = max(curve.ends[-1] for curve in curves)

    def x(moment: float) -> float:
        return EDGE + (WIDTH - 2 * EDGE) * moment / until

    def y(share: float) -> float:
        return HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * share

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">',
        '<g font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    parts += [_line(x(moment), y(0), x(moment), y(1), "#bbb", dashed=True) for moment in killed]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts += [
            _line(x(0), y(share), x(until), y(share), "#e5e5e5"),
            _text(EDGE - 8, y(share) + 4, f"{share:.0%}", "end"),
        ]
    step = max(1, round(until / 8))
    for second in range(0, int(until) + 1, step):
        parts.append(_text(x(second), y(0) + 18, f"{second} s", "middle"))
    for number, (curve, colour) in enumerate(zip(curves, COLOURS, strict=True)):
        share, points = 0.0, [f"{x(asked_at if number else 0):.1f},{y(0):.1f}"]
        for done, end in enumerate(curve.ends, start=1):
            points.append(f"{x(end):.1f},{y(share):.1f}")
            share = done / len(curve.ends)
            points.append(f"{x(end):.1f},{y(share):.1f}")
        parts.append(f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(_text(EDGE + 12 + 330 * number, EDGE - 24, curve.label, "start", colour))
    parts.append(
        _text(EDGE + 12, EDGE - 8, "share of the imports that have ended; dashed: the service was killed", "start")
    )
    return "\n".join([*parts, "</g></svg>", ""])


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, *, dashed: bool = False) -> str:
    dash = ' stroke-dasharray="3 4"' if dashed else ""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{dash}/>'


def _text(x: float, y: float, text: str, anchor: str, colour: str = "#333") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{text}</text>'


if __name__ == "__main__":
    main()
