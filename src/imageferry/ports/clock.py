"""Time and sleep, handed in so that tests decide them."""

from __future__ import annotations

import time
from collections.abc import Callable

from imageferry.domain.moment import Moment

Clock = Callable[[], Moment]
"""Now, in microseconds since 1970."""

Sleep = Callable[[float], None]
"""Wait so many seconds."""


def system_clock() -> Moment:
    return Moment(time.time_ns() // 1000)
