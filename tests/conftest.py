"""For all tests."""

from __future__ import annotations

import signal

# Who starts the tests in the background of a shell hands "ignore Ctrl-C" down to every program that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
