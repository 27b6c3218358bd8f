"""One run of the command line: what holds for all commands, and how a run that failed says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from imageferry.cli.clouds import OpenClouds


class ReaderGone(Exception):
    """Nobody reads our stdout any more. Not BrokenPipeError: click would end the run itself, with 1."""


@dataclass
class Run:
    """What the person asked of all commands alike."""

    cloud: str | None = None
    debug: bool = False
    container: str = ""  # that commands of the shell work in, and need not be told
    clouds: OpenClouds | None = None  # those that the shell keeps open from one command to the next

    def say(self, sentence: str) -> None:
        """A line for the person, on stderr. It may quote strangers."""
        from imageferry.cli.text import escaped
        from imageferry.logs import redacted

        click.echo(f"imageferry: {escaped(redacted(sentence))}", err=True)

    def code_of(self, act: Callable[[], object]) -> int:
        """Do it; whatever goes wrong is said. Returns the exit code, also where ``act`` returns one."""
        try:
            code = act()
        except click.ClickException as error:
            error.show()
            return error.exit_code
        except (click.Abort, KeyboardInterrupt):
            self.say("interrupted")
            return 130
        except (BrokenPipeError, ReaderGone):
            raise
        except Exception as error:
            return self.failed(error)
        return code if isinstance(code, int) else 0

    def failed(self, error: Exception) -> int:
        """Say what went wrong; the exit code."""
        from imageferry.domain.errors import FerryError

        if self.debug:
            _show_traceback(error)
        if isinstance(error, FerryError):
            self.say(str(error))
            return error.exit_code
        self.say(f"{type(error).__name__}: {error}")
        if not self.debug:
            self.say("this should not happen; run it again as 'imageferry --debug ...' to see where")
        return FerryError.exit_code


def _show_traceback(error: Exception) -> None:
    import traceback

    from imageferry.cli.text import escaped
    from imageferry.logs import redacted

    text = "".join(traceback.format_exception(error))
    click.echo(escaped(redacted(text), keep="\n"), err=True, nl=False)


def exit_with_first(codes: Iterable[int]) -> None:
    """End an act of many parts: with the code of the first that failed, if one did."""
    code = next((code for code in codes if code), 0)
    if code:
        click.get_current_context().exit(code)


def warn(sentence: str) -> None:
    """Say something beside the data; see ``Run.say``."""
    click.get_current_context().ensure_object(Run).say(sentence)


F = TypeVar("F", bound="Callable[..., Any]")


def debug_option(command: F) -> F:
    """``--debug``, before or after the command's name."""
    return click.option(
        "--debug",
        is_flag=True,
        expose_value=False,
        callback=_debug,
        help="Say on stderr what is asked and answered, and where an error came from; no secrets.",
    )(command)


def _debug(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    run = ctx.ensure_object(Run)
    if wanted and not run.debug:
        run.debug = True
        _log_everything()


def _log_everything() -> None:
    import logging

    from imageferry.cli.text import escaped
    from imageferry.logs import redacted

    class Lines(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return escaped(redacted(super().format(record)), keep="\n")

    handler = logging.StreamHandler()
    handler.setFormatter(Lines("%(asctime)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG)
    logging.getLogger("stevedore").setLevel(logging.WARNING)  # its cache is nobody's trouble
