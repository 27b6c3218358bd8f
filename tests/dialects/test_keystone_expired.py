"""Tokens whose time is over: specs/openstack.md 2.3."""

from __future__ import annotations

from pathlib import Path

from tests.dialects.openstack_service import Cloud, Reply, running_cloud


def test_an_administrator_may_look_at_an_expired_token_and_nothing_more(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        looks(cloud)


def looks(cloud: Cloud) -> None:
    old = cloud.as_("mira", "demo")
    cloud.clock.pass_time(3 * 3600 + 1)
    admin, mine = cloud.as_("admin", "admin"), cloud.as_("mira", "demo")

    def look(caller: Cloud, query: str, subject: str | None = old.token) -> Reply:
        return caller.call("GET", f"/v3/auth/tokens?{query}", headers={"x-subject-token": subject or ""})

    shown = look(admin, "allow_expired=1")
    assert (shown.status, shown.json["token"]["user"]["name"]) == (200, "mira")
    assert look(admin, "allow_expired=0").status == look(admin, "").status == 404
    assert look(admin, "allow_expired=1", "ghost").status == 404
    assert look(mine, "allow_expired=1").status == 404  # one's own, but no service asks
    assert look(old, "allow_expired=1").status == 401
    assert look(cloud.as_(None), "allow_expired=1").status == 401
