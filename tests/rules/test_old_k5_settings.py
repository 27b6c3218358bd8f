"""Old settings are text: plain values are taken, everything else is refused and never run."""

from __future__ import annotations

from pathlib import Path

import pytest

from imageferry.clouds.old_settings import entry_for, read_old_settings
from imageferry.domain.errors import BadInput

CONTRACT_SETTINGS = '''#!/usr/bin/python
"""Fujitsu K5 contract settings."""
# user
adminUser = 'mira'
adminPassword = "p'w$#1"
contract = 'Ab3dEfgh'
contractid = '0123456789abcdef0123456789abcdef'
defaultid = '5e1c0a7d94b04c2fa7d2c4b1f0a93e6d'
defaultProject = "Ab3dEfgh-prj"
region = 'uk-1'
targetProject = "web"
az1 = 'uk-1a'
ports = 22
'''

EXPORTS = """#!/bin/sh
# K5
export OS_USERNAME=mira
export OS_PASSWORD='p w$1'   # quoted
OS_REGION_NAME="fi-1";
export OS_USER_DOMAIN_NAME=Ab3dEfgh
export OS_PROJECT_NAME="Ab3dEfgh-prj"
export OS_AUTH_URL=https://identity.fi-1.cloud.global.fujitsu.com/v3
export OS_VOLUME_API_VERSION=2
"""


def test_contract_settings_are_read() -> None:
    old = read_old_settings(CONTRACT_SETTINGS, python=True)
    assert entry_for(old) == {
        "type": "k5",
        "region_name": "uk-1",
        "contract": "Ab3dEfgh",
        "auth": {
            "username": "mira",
            "password": "p'w$#1",
            "user_domain_name": "Ab3dEfgh",
            "project_name": "web",
            "project_domain_name": "Ab3dEfgh",
        },
    }


def test_exports_are_read() -> None:
    old = read_old_settings(EXPORTS, python=False)
    entry = entry_for(old, "de-1")
    assert entry["region_name"] == "de-1"
    assert entry["auth"] == {
        "username": "mira",
        "password": "p w$1",
        "auth_url": "https://identity.fi-1.cloud.global.fujitsu.com/v3",
        "user_domain_name": "Ab3dEfgh",
        "project_name": "Ab3dEfgh-prj",
        "project_domain_name": "Ab3dEfgh",
    }


@pytest.mark.parametrize("user", ["adminUser", "admin_user", "ADMINUSER", "username", "user"])
def test_spellings_are_taken_as_they_come(user: str) -> None:
    assert read_old_settings(f"{user} = 'mira'\npassword = 'x'\nRegion = 'uk-1'", python=True).username == "mira"


def test_the_default_project_serves_where_no_other_is_named() -> None:
    text = CONTRACT_SETTINGS.replace('targetProject = "web"\n', "")
    auth = entry_for(read_old_settings(text, python=True))["auth"]
    assert isinstance(auth, dict)
    assert auth["project_id"] == "5e1c0a7d94b04c2fa7d2c4b1f0a93e6d"


@pytest.mark.parametrize(
    "line",
    [
        "import os",
        "__import__('os').system('touch {mark}')",
        "region = __import__('os').system('touch {mark}')",
        "import os; os.system('touch {mark}')",
        "adminPassword = 'se' + 'cret'",
        "adminPassword = f'se{{1}}cret'",
        "adminPassword = open('/etc/passwd').read()",
        "adminPassword = [c for c in ()]",
        "x, y = 'a', 'b'",
        "os.environ['A'] = 'b'",
        "class A: pass",
        "def f(): pass",
        "if True: region = 'uk-1'",
        "del region",
        "adminPassword += 'x'",
        "x: str",
        "(region := 'x')",
        "lambda: 0",
        "x = b'bytes'",
        "x = \x00",
        "x = (",
    ],
)
def test_whatever_is_more_than_a_plain_value_is_refused_by_its_line(line: str, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    text = CONTRACT_SETTINGS + line.format(mark=mark) + "\n"
    with pytest.raises(BadInput, match=r"line 14|no Python") as caught:
        read_old_settings(text, python=True)
    assert not mark.exists()
    assert "p'w$#1" not in str(caught.value)
    assert "cret" not in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        "export OS_PASSWORD=$(touch {mark})",
        "export OS_PASSWORD=`touch {mark}`",
        'export OS_PASSWORD="$OS_OTHER"',
        "read -s OS_PASSWORD",
        "touch {mark}",
        "export A=b; touch {mark}",
        "export A=b && touch {mark}",
        "export A='b",
        ". other.sh",
    ],
)
def test_a_script_is_not_run_either(line: str, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    with pytest.raises(BadInput, match="line 10"):
        read_old_settings(EXPORTS + line.format(mark=mark) + "\n", python=False)
    assert not mark.exists()


@pytest.mark.parametrize("text", ["", "region = 'uk-1'", "adminUser = 'm'\nadminPassword = 'p'", "adminUser = ''"])
def test_what_is_missing_is_named(text: str) -> None:
    with pytest.raises(BadInput, match="no value for"):
        read_old_settings(text, python=True)


def test_a_password_does_not_print_itself() -> None:
    assert "p'w" not in repr(read_old_settings(CONTRACT_SETTINGS, python=True))
