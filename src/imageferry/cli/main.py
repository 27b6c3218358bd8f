"""The command line's front door: finds the command that is named, and loads no other.

``main`` alone catches FerryError: the sentence goes to stderr, the class's code is the exit
code. ``docs/exit-codes.md`` lists them.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Mapping
from importlib import import_module

import click

from imageferry.cli.run import ReaderGone, Run, debug_option

_COMMANDS: Mapping[str, tuple[str, str]] = {
    "admin": ("imageferry.cli.admin:admin", "Users, projects and roles of the local service."),
    "gc": ("imageferry.cli.keeping:gc", "Remove bytes that nothing refers to (local service)."),
    "check": ("imageferry.cli.check:check", "Say what a disk is, and whether it is safe."),
    "cloud": ("imageferry.cli.cloud:cloud", "Clouds that commands can work with."),
    "container": ("imageferry.cli.object:container_group", "Containers of a cloud."),
    "export": ("imageferry.cli.export:export", "Turn an image back into an object."),
    "image": ("imageferry.cli.image:image", "Images of a cloud: list, show, set, share, pull ..."),
    "object": ("imageferry.cli.object:object_group", "Objects in the containers of a cloud."),
    "push": ("imageferry.cli.push:push", "Bring a disk into a cloud."),
    "shell": ("imageferry.cli.shell:shell", 'Type commands one after the other, without "imageferry".'),
    "serve": ("imageferry.cli.serve:serve", "Run the image service."),
    "task": ("imageferry.cli.task:task", "Imports and exports that a cloud works on."),
    "verify": ("imageferry.cli.keeping:verify", "Prove every stored block (local service)."),
}
"""Name: where the command is, and its line in ``--help`` (so that help loads none of them)."""


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in sorted(_COMMANDS.items())])


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--cloud", help="Cloud of clouds.yaml that commands work with, unless they name another.")
@debug_option
@click.version_option(package_name="imageferry")
@click.pass_obj
def cli(run: Run, cloud: str | None) -> None:
    """Bring disk images into clouds: check, convert, push, share, export. Or serve them."""
    run.cloud = cloud or run.cloud  # the shell has chosen one already


def main() -> None:
    """Entry point. Exit codes: docs/exit-codes.md."""
    run = Run()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name that the terminal has no letters for is no error
    try:
        code = run.code_of(_main_of(run))
    except (BrokenPipeError, ReaderGone):
        # The reader of our output has gone (| head): nothing to say, and nobody to say it to.
        _give_up_stdout()
        sys.exit(0)
    if code:
        _give_up_stdout()
    sys.exit(code)


def _main_of(run: Run) -> Callable[[], object]:
    def act() -> object:
        code: object = cli.main(prog_name="imageferry", standalone_mode=False, obj=run)
        sys.stdout.flush()  # a full disk, or a reader who has gone, shows here
        return code

    return act


def _give_up_stdout() -> None:
    """Let what cannot be written any more go, or Python says so again on its way out."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
