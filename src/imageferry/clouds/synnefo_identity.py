"""Astakos, Synnefo's identity: whose the token is, and where the services are.

Asked once, and only when something is needed that the configuration does not say.

Source: specs/synnefo.md, section 2.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import Any

from imageferry.clouds.http import Http
from imageferry.clouds.trouble import Call
from imageferry.domain.errors import Refused, Unavailable

IDENTITY = "identity"
IMAGE = "image"
OBJECT_STORE = "object-store"
ACCOUNT = "account"

_VERSIONS: Mapping[str, str] = {IMAGE: "/v1.0", OBJECT_STORE: "/v1", ACCOUNT: "/v1.0", IDENTITY: "/v2.0"}
"""What is put behind an address that ends in no version."""

_VERSION = re.compile(r"/v\d+(\.\d+)*$")


class Astakos:
    """
    Args:
        url: of the identity service, with or without its version.
        token: the user's.
        overrides: addresses of services that win over the catalog, by type.
        account: the id of the account, where it need not be asked for.
    """

    def __init__(
        self, http: Http, url: str, token: str, *, overrides: Mapping[str, str] | None = None, account: str = ""
    ) -> None:
        self._http = http
        self._url = with_version(url.removesuffix("/tokens"), IDENTITY)
        self._token = token
        self._overrides = dict(overrides or {})
        self._account = account
        self._lock = threading.Lock()
        self._said: dict[str, Any] | None = None

    @property
    def account(self) -> str:
        """The uuid that owns what we make."""
        if self._account:
            return self._account
        user = self._access().get("user")
        found = user.get("id") if isinstance(user, dict) else None
        if not isinstance(found, str) or not found or "/" in found:
            raise self._odd("it does not tell whose the token is")
        return found

    def url(self, service: str) -> str:
        """Where a service is, with its version and without a slash at the end.

        Raises:
            Refused: the catalog has none.
        """
        if override := self._overrides.get(service):
            return with_version(override, service)
        for entry in self._access().get("serviceCatalog") or ():
            if not isinstance(entry, dict) or str(entry.get("type")).lower() != service:
                continue
            for endpoint in entry.get("endpoints") or ():
                found = endpoint.get("publicURL") if isinstance(endpoint, dict) else None
                if isinstance(found, str) and found.startswith(("http://", "https://")):
                    return with_version(found, service)
        raise Refused(f"cloud {self._http.cloud}", "no endpoint", f"its catalog has no {service} service")

    def _access(self) -> dict[str, Any]:
        with self._lock:
            if self._said is None:
                self._said = self._asked()
            return self._said

    def _asked(self) -> dict[str, Any]:
        body = {"auth": {"token": {"id": self._token}}}
        call = Call(self._http.cloud, "log in")
        document = self._http.call("POST", f"{self._url}/tokens", call, json=body, repeat=True).document()
        access = document.get("access") if isinstance(document, dict) else None
        if not isinstance(access, dict):
            raise self._odd("the answer is not what Astakos says")
        return access

    def _odd(self, why: str) -> Unavailable:
        return Unavailable(f"cloud {self._http.cloud}", reason=f"log in: {why}")


def with_version(url: str, service: str) -> str:
    base = url.rstrip("/")
    return base if _VERSION.search(base) else base + _VERSIONS[service]
