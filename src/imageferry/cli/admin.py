"""``imageferry admin``: users, projects and roles, on the machine of the service and with no token."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click

from imageferry.cli.quarantine import quarantine
from imageferry.cli.units import parse_size
from imageferry.domain.access import Role
from imageferry.domain.errors import BadInput
from imageferry.domain.image_quota import Resource
from imageferry.ports.clock import system_clock
from imageferry.ports.records import Records
from imageferry.service.handed_tokens import HandedTokens
from imageferry.service.identity_admin import IdentityAdmin
from imageferry.service.image_quotas import ImageQuotas
from imageferry.settings import Settings, read_settings


@click.group()
@click.option("--data", type=click.Path(path_type=Path), help="The service's data folder.")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="TOML file, see docs/settings.md.")
@click.pass_context
def admin(ctx: click.Context, data: Path | None, config: Path | None) -> None:
    """Users, projects and roles of the local service; it may be running."""
    ctx.obj = {"data": data, "config": config}


admin.add_command(quarantine)


@contextmanager
def _opened(ctx: click.Context) -> Iterator[tuple[Records, Settings]]:
    from imageferry.bootstrap import open_records

    data, config = ctx.obj["data"], ctx.obj["config"]
    overrides = {"data": None if data is None else str(data.resolve())}
    settings = read_settings(os.environ, config=config, overrides=overrides)
    records = open_records(settings)
    try:
        yield records, settings
    finally:
        records.close()


@contextmanager
def _admin(ctx: click.Context) -> Iterator[IdentityAdmin]:
    from imageferry.db.passwords import Argon2

    with _opened(ctx) as (records, _):
        yield IdentityAdmin(records, Argon2())


@admin.group()
def user() -> None:
    """Users."""


@user.command("add")
@click.argument("name")
@click.option("--password", envvar="IMAGEFERRY_NEW_PASSWORD", help="By default asked for, or a line on stdin.")
@click.option("--project", help="Default project; with --role a role there too.")
@click.option("--role", type=click.Choice([role.value for role in Role]), help="Role in the default project.")
@click.option("--domain", default="Default", show_default=True)
@click.pass_context
def user_add(
    ctx: click.Context, name: str, password: str | None, project: str | None, role: str | None, domain: str
) -> None:
    """Make a user; prints the id."""
    password = password or _asked(name)
    with _admin(ctx) as house:
        place = None if project is None else house.project(project, domain=domain)
        made = house.add_user(name, password, domain=domain, default_project=place.id if place else None)
        if place is not None and role is not None:
            house.grant(made, place, Role(role))
    click.echo(made.id)


@user.command("list")
@click.pass_context
def user_list(ctx: click.Context) -> None:
    """All users."""
    with _admin(ctx) as house:
        for item in house.users():
            click.echo(f"{item.id}  {item.name}  {item.domain.name}  {'enabled' if item.enabled else 'disabled'}")


@user.command("password")
@click.argument("name")
@click.option("--password", envvar="IMAGEFERRY_NEW_PASSWORD", help="By default asked for, or a line on stdin.")
@click.option("--domain", default="Default", show_default=True)
@click.pass_context
def user_password(ctx: click.Context, name: str, password: str | None, domain: str) -> None:
    """Set a user's password; every token of the user ends."""
    password = password or _asked(name)
    with _admin(ctx) as house:
        house.set_password(house.user(name, domain=domain), password)


@user.command("set")
@click.argument("name")
@click.option("--enable/--disable", default=True)
@click.option("--domain", default="Default", show_default=True)
@click.pass_context
def user_set(ctx: click.Context, name: str, enable: bool, domain: str) -> None:
    """Let a user in, or keep a user out."""
    with _admin(ctx) as house:
        house.set_enabled(house.user(name, domain=domain), enabled=enable)


@user.command("delete")
@click.argument("name")
@click.option("--domain", default="Default", show_default=True)
@click.pass_context
def user_delete(ctx: click.Context, name: str, domain: str) -> None:
    """Remove a user, with roles and tokens."""
    with _admin(ctx) as house:
        house.delete(house.user(name, domain=domain))


@admin.command()
@click.argument("user_name", metavar="USER")
@click.option("--project", help="What it is good for; by default the user's default project.")
@click.option("--days", type=click.IntRange(1, 36500), default=365, show_default=True, help="How long it is good.")
@click.option("--revoke", is_flag=True, help="End all tokens that were handed out to the user in this way.")
@click.option("--domain", default="Default", show_default=True)
@click.pass_context
def token(ctx: click.Context, user_name: str, project: str | None, days: int, revoke: bool, domain: str) -> None:
    """Hand out a log-in token for a user, shown once; or end those that were."""
    with _opened(ctx) as (records, _), _admin(ctx) as house:
        user, tokens = house.user(user_name, domain=domain), HandedTokens(records, system_clock)
        if revoke and project is not None:
            raise BadInput("--project", project, "nothing beside --revoke, which ends them all")
        if revoke:
            click.echo(tokens.revoke(user))
        else:
            place = None if project is None else house.project(project, domain=domain)
            click.echo(tokens.issue(user, place, days=days))


@admin.group()
def project() -> None:
    """Projects."""


@project.command("add")
@click.argument("name")
@click.option("--description", default="")
@click.option("--domain", default="Default", show_default=True)
@click.pass_context
def project_add(ctx: click.Context, name: str, description: str, domain: str) -> None:
    """Make a project; prints the id."""
    with _admin(ctx) as house:
        click.echo(house.add_project(name, domain=domain, description=description).id)


@project.command("list")
@click.pass_context
def project_list(ctx: click.Context) -> None:
    """All projects."""
    with _admin(ctx) as house:
        for item in house.projects():
            click.echo(f"{item.id}  {item.name}  {item.domain.name}  {'enabled' if item.enabled else 'disabled'}")


_LIMITS: Mapping[str, tuple[Resource, Callable[[str], int]]] = {
    "images": (Resource.IMAGES, int),
    "bytes": (Resource.BYTES, parse_size),
    "staged": (Resource.STAGED, parse_size),
    "uploads": (Resource.UPLOADS, int),
    "tasks": (Resource.TASKS, int),
}


@project.command("limit")
@click.argument("name")
@click.option("--images", metavar="N", help="Images that it may keep.")
@click.option("--bytes", metavar="SIZE", help="Bytes that it may keep as images, as in 500G.")
@click.option("--staged", metavar="SIZE", help="Bytes that may be staged and not yet imported.")
@click.option("--uploads", metavar="N", help="Images that may be on their way in at once.")
@click.option("--tasks", metavar="N", help="Tasks that may wait or be at work at once.")
@click.option("--domain", default="Default", show_default=True)
@click.pass_context
def project_limit(ctx: click.Context, /, name: str, domain: str, **limits: str | None) -> None:
    """Limit what a project keeps as images, and show it. The value "default" is what the settings say for all."""
    with _opened(ctx) as (records, settings), _admin(ctx) as house:
        found = house.project(name, domain=domain).id
        quotas = ImageQuotas(records, settings.image_limits)
        for option, text in limits.items():
            if text is not None:
                quotas.set_limit(found, _LIMITS[option][0], _limit_of(option, text))
        for option, (resource, _) in _LIMITS.items():
            share = quotas.of_project(found)[resource]
            click.echo(f"{option}  {share.used} of {'any' if share.limit is None else share.limit}")


def _limit_of(option: str, text: str) -> int | None:
    try:
        return None if text == "default" else _LIMITS[option][1](text)
    except ValueError as error:
        raise BadInput(f"--{option}", text, 'a whole number, or "default"') from error


@admin.command()
@click.pass_context
def orphans(ctx: click.Context) -> None:
    """What projects have left behind that are gone: images, containers and objects, with their bytes."""
    with _opened(ctx) as (records, _), records.reading() as session:
        for project_id, left in session.usage.left_behind().items():
            images = f"{left.images} images ({left.image_bytes} bytes)"
            objects = f"{left.containers} containers, {left.objects} objects ({left.object_bytes} bytes)"
            click.echo(f"{project_id}  {images}  {objects}")


@admin.group()
def domain() -> None:
    """Domains (K5: contracts)."""


@domain.command("add")
@click.argument("name")
@click.pass_context
def domain_add(ctx: click.Context, name: str) -> None:
    """Make a domain; prints the id."""
    with _admin(ctx) as house:
        click.echo(house.add_domain(name).id)


@admin.group()
def role() -> None:
    """Roles of users in projects."""


@role.command("add")
@click.argument("role", type=click.Choice([role.value for role in Role]))
@click.option("--user", "user_name", required=True)
@click.option("--project", "project_name", required=True)
@click.option("--domain", default="Default", show_default=True)
@click.pass_context
def role_add(ctx: click.Context, role: str, user_name: str, project_name: str, domain: str) -> None:
    """Give a user a role in a project."""
    with _admin(ctx) as house:
        house.grant(house.user(user_name, domain=domain), house.project(project_name, domain=domain), Role(role))


@role.command("remove")
@click.argument("role", type=click.Choice([role.value for role in Role]))
@click.option("--user", "user_name", required=True)
@click.option("--project", "project_name", required=True)
@click.option("--domain", default="Default", show_default=True)
@click.pass_context
def role_remove(ctx: click.Context, role: str, user_name: str, project_name: str, domain: str) -> None:
    """Take a role from a user."""
    with _admin(ctx) as house:
        house.ungrant(house.user(user_name, domain=domain), house.project(project_name, domain=domain), Role(role))


@role.command("list")
@click.pass_context
def role_list(ctx: click.Context) -> None:
    """Who has which role where."""
    with _admin(ctx) as house:
        for found in house.grants():
            where = "system" if found.place is None else found.place.name
            click.echo(f"{found.user.name}  {where}  {found.role}")


def _asked(name: str) -> str:
    """A password that is neither an argument nor shown."""
    shown = sys.stdin.isatty()
    password = getpass.getpass(f"Password for {name}: ") if shown else sys.stdin.readline().rstrip("\n")
    if not password:
        raise BadInput("password", "", "at least one character")
    return password
