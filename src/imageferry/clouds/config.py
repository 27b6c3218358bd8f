"""Clouds as they are configured: clouds.yaml and OS_* variables, read by openstacksdk's own loader.

A cloud that is not OpenStack says so by ``type:``. For K5:

    clouds:
      mine:
        type: k5
        region_name: uk-1                     # decides the profile of import requests
        contract: Ab3dEfgh                    # the domain name; or auth.user_domain_name
        auth: {username: mira, password: ..., project_id: 5e1c0a7d94b04c2fa7d2c4b1f0a93e6d}
        k5_profile: A                         # only for regions that the table does not know
        vmimport_endpoint_override: https://vmimport.example   # only where discovery fails

and for Synnefo, where one token is the whole log-in:

    clouds:
      old:
        type: synnefo
        url: https://accounts.example.org/identity/v2.0
        token: ...
        pithos_url: https://pithos.example.org/object-store/v1   # these three only to bypass the catalog:
        plankton_url: https://cyclades.example.org/image/v1.0    # objects and images,
        account: 5e1c0a7d-94b0-4c2f-a7d2-c4b1f0a93e6d            # and whose they are

The loader reads the process's environment and the usual folders by itself; nothing else here does.
"""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from imageferry.clouds.trouble import shown
from imageferry.domain.errors import BadInput, NotFound
from imageferry.ports.clock import Sleep
from imageferry.ports.cloud import Cloud

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openstack.config.cloud_region import CloudRegion
    from openstack.config.loader import OpenStackConfig

_LOG = logging.getLogger("imageferry.clouds")

OPENSTACK = "openstack"
K5 = "k5"
SYNNEFO = "synnefo"
_K5_AUTH = "https://identity.{region}.cloud.global.fujitsu.com/v3"
_HERE = frozenset({"127.0.0.1", "::1", "localhost"})
_SERVICES = ("image", "object-store", "vmimport")


@dataclass(frozen=True, kw_only=True, slots=True)
class CloudEntry:
    """A cloud that is configured; nothing secret."""

    name: str
    kind: str
    auth_url: str = ""
    region: str = ""
    project: str = ""
    user: str = ""
    source: str = ""  # the file, "environment", or the data folder of the local service


def chosen(name: str, env: Mapping[str, str]) -> bool:
    """Whether a cloud is chosen at all: by name, OS_CLOUD or a log-in in OS_* variables."""
    return bool(name or env.get("OS_CLOUD") or env.get("OS_AUTH_URL"))


def open_configured(name: str, *, region: str = "", file: Path | None = None, sleep: Sleep = time.sleep) -> Cloud:
    """A cloud by name; without one the loader's own choice (OS_CLOUD, then OS_* variables).

    Args:
        file: read this clouds.yaml and nothing else, no environment either.

    Raises:
        NotFound: there is none of that name.
        BadInput: what is configured makes no sense.
    """
    with _in_our_words():
        loader = _loader(file)
        if name and name not in loader.get_cloud_names():
            raise NotFound("cloud", name)
        kind = str(_checked_entry(loader, name or loader.default_cloud or "").get("type") or OPENSTACK)
        if kind not in _KINDS:
            raise BadInput("type", kind, f"one of {', '.join(_KINDS)}")
        return _KINDS[kind](loader, name or None, region, sleep)


def entries() -> list[CloudEntry]:
    """All clouds of clouds.yaml and the environment."""
    with _in_our_words():
        loader = _loader(None)
        names = [found for found in loader.get_cloud_names() if found != "defaults"]
        return [_entry(name, loader) for name in sorted(names)]


def read_file() -> Path | None:
    """The clouds.yaml that the loader reads, None if there is none."""
    with _in_our_words():
        found = _loader(None).config_filename
    return Path(found) if found else None


def _entry(name: str, loader: OpenStackConfig) -> CloudEntry:
    raw = loader.cloud_config["clouds"][name]
    raw = raw if isinstance(raw, dict) else {}
    auth = raw.get("auth")
    merged: dict[str, Any] = {**raw, **(auth if isinstance(auth, dict) else {})}

    def word(*keys: str) -> str:
        return next((shown(str(merged[key])) for key in keys if merged.get(key)), "")

    from_environment = name == loader.envvar_key
    return CloudEntry(
        name=shown(name),
        kind=word("type") or OPENSTACK,
        auth_url=word("auth_url", "url", "profile"),
        region=word("region_name"),
        project=word("project_name", "project_id", "tenant_name", "tenant_id", "account"),
        user=word("username", "user_id", "application_credential_id"),
        source="environment" if from_environment else str(loader.config_filename or ""),
    )


def _checked_entry(loader: OpenStackConfig, name: str) -> dict[str, Any]:
    """What is written of a cloud; the loader itself trips over other shapes."""
    entry = loader.cloud_config["clouds"].get(name, {})
    if not isinstance(entry, dict) or not isinstance(entry.get("auth") or {}, dict):
        raise BadInput("clouds.yaml", f"cloud {name}", "a mapping of keys, with a mapping under auth")
    return entry


def _openstack(loader: OpenStackConfig, name: str | None, region: str, sleep: Sleep) -> Cloud:
    from imageferry.clouds.http import Http
    from imageferry.clouds.openstack import OpenStackCloud, Place

    found = loader.get_one(name, **_region(region))
    http = Http(_session(found), found.name, sleep=sleep)
    overrides = {service: url for service in _SERVICES if (url := found.get_endpoint(service))}
    interface = str(found.get_interface("image") or "public")
    place = Place(region=str(found.region_name or ""), interface=interface, overrides=overrides)
    return OpenStackCloud(http, place)


def _k5(loader: OpenStackConfig, name: str | None, region: str, sleep: Sleep) -> Cloud:
    from imageferry.clouds.http import Http
    from imageferry.clouds.k5 import K5Cloud, K5Settings
    from imageferry.clouds.k5_words import profile_of
    from imageferry.wire.k5_calls import Account

    raw = _checked_entry(loader, name or loader.default_cloud or "")
    auth = raw.get("auth") or {}
    region = region or str(raw.get("region_name") or "")
    if not region:
        raise BadInput("region_name", "", "a K5 region such as uk-1")
    profile = profile_of(region, str(raw.get("k5_profile") or ""))
    auth_url = str(auth.get("auth_url") or _K5_AUTH.format(region=region))
    domain = str(raw.get("contract") or auth.get("user_domain_name") or "")
    wanted = {"auth_url": auth_url, **({"user_domain_name": domain} if domain else {})}
    found = loader.get_one(name, auth_type="v3password", auth=wanted, **_region(region))
    password = str(found.config["auth"].get("password") or "")
    settings = K5Settings(
        region=region,
        profile=profile,
        account=Account(user_name=str(auth.get("username") or ""), password=password, domain_name=domain),
        auth_url=auth_url,
        vmimport=str(raw.get("vmimport_endpoint_override") or ""),
    )
    return K5Cloud(Http(_session(found), found.name, sleep=sleep), settings)


def _synnefo(loader: OpenStackConfig, name: str | None, region: str, sleep: Sleep) -> Cloud:  # noqa: ARG001
    from keystoneauth1.session import Session
    from keystoneauth1.token_endpoint import Token

    from imageferry.clouds.http import Http
    from imageferry.clouds.synnefo import SynnefoCloud
    from imageferry.clouds.synnefo_identity import ACCOUNT, IMAGE, OBJECT_STORE, Astakos

    name = name or loader.default_cloud or ""
    raw = _checked_entry(loader, name)
    merged = {**raw, **(raw.get("auth") or {})}
    url = _url("url", merged.get("url") or merged.get("astakos_url") or merged.get("auth_url"))
    token = str(merged.get("token") or "")
    if not url or not token.isprintable() or not token.isascii() or not token.strip():
        raise BadInput(
            "clouds.yaml", f"cloud {name} without url or token", "both; the token is on the cloud's web page"
        )
    keys = {OBJECT_STORE: "pithos_url", IMAGE: "plankton_url", ACCOUNT: "account_url"}
    overrides = {kind: found for kind, key in keys.items() if (found := _url(key, merged.get(key)))}
    account = str(merged.get("account") or "")
    if "/" in account:
        raise BadInput("account", account, "an id without slashes")
    verify = merged.get("cacert") if merged.get("verify", True) is not False else False
    session = Session(auth=Token(url, token), verify=True if verify is None else verify)
    http = Http(_guarded(session, name, url), name, sleep=sleep, token=token)
    return SynnefoCloud(http, Astakos(http, url, token, overrides=overrides, account=account))


def _url(key: str, value: object) -> str:
    """Raises BadInput: it is there, and no URL."""
    text = str(value or "").strip()
    if text and (urlsplit(text).scheme not in ("http", "https") or not urlsplit(text).hostname):
        raise BadInput(key, shown(text), "an address that begins with https://")
    return text


_KINDS: Mapping[str, Callable[[OpenStackConfig, str | None, str, Sleep], Cloud]] = {
    OPENSTACK: _openstack,
    K5: _k5,
    SYNNEFO: _synnefo,
}
"""What ``type:`` may say."""


def _session(found: CloudRegion) -> Any:
    return _guarded(found.get_session(), found.name, str((found.config.get("auth") or {}).get("auth_url") or ""))


def _guarded(session: Any, name: str, url: str) -> Any:
    """A session that says when it is open to strangers, and keeps what is on this machine here."""
    here = urlsplit(url).hostname in _HERE
    if session.verify is False and not (here and url.startswith("http://")):  # elsewhere its catalog may lead to https
        _LOG.warning(
            "cloud %s: TLS certificates are not checked (verify: false in its configuration); "
            "anybody on the way can read the password and change the image",
            name,
        )
    if here:
        session.session.trust_env = False  # a proxy knows no service of this machine, and need not see its tokens
    return session


def _region(region: str) -> dict[str, str]:
    return {"region_name": region} if region else {}


def _loader(file: Path | None) -> OpenStackConfig:
    from openstack.config.loader import OpenStackConfig

    own = {"config_files": [str(file)], "secure_files": [], "vendor_files": [], "load_envvars": False}
    try:
        return OpenStackConfig(app_name="imageferry", **({} if file is None else own))
    except (AttributeError, TypeError, ValueError, KeyError) as error:
        raise BadInput("clouds.yaml", "a file of another shape", "a mapping with the key 'clouds'") from error


@contextmanager
def _in_our_words() -> Iterator[None]:
    """The seam to the loader, whose own errors name files and keys, and never values of keys."""
    import yaml
    from keystoneauth1 import exceptions as ks
    from openstack import exceptions as sdk

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of what the loader loads for itself
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            yield
    except (sdk.ConfigException, ks.ClientException) as error:
        raise BadInput("clouds.yaml", shown(str(error)), "a complete entry (see docs/clouds.md)") from error
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        where = f"line {place.line + 1}" if place else "somewhere"
        raise BadInput("clouds.yaml", f"no YAML, {where}", "a YAML file") from None
