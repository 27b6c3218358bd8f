"""Astakos, Synnefo's identity: the table of its paths, and its two calls.

Source: specs/synnefo.md, section 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from imageferry.dialects.edge import synnefo
from imageferry.dialects.edge.http import Answer, Dialect, Handler, Path, Request
from imageferry.domain.errors import BadInput, Forbidden, NotAuthenticated
from imageferry.service.services import Services
from imageferry.wire import astakos


def dialect(public_url: str = "") -> Dialect:
    """``public_url``: how clients reach the service; by default as each of them called it."""
    calls = Calls(public_url.rstrip("/"))
    rows: Mapping[str, Handler] = {
        f"{astakos.IDENTITY}/{astakos.IDENTITY_VERSION}/tokens": calls.authenticate,
        f"{astakos.IDENTITY}/tokens": calls.authenticate,
        f"{astakos.ACCOUNT}/user_catalogs": calls.translate,
    }
    return Dialect(
        name="astakos",
        service="identity",
        paths=[Path(path + end, {"POST": handler}) for path, handler in rows.items() for end in ("", "/")],
        error=synnefo.error,
        refuse=synnefo.refuse,
        prefixes=["/identity", "/account"],
        token_of=synnefo.token_of,
    )


@dataclass(frozen=True, slots=True)
class Calls:
    public_url: str

    def authenticate(self, request: Request, services: Services) -> Answer:
        """Whose a token is; without a body, only what is served: kamaki asks that first."""
        base = self.public_url or request.base_url
        if not request.body:
            return synnefo.answer(200, {"access": {"serviceCatalog": astakos.catalog(base)}})
        given = astakos.read_auth(request.json())
        token = services.identity.validate(given.token)
        if token.project is None:
            raise Forbidden("use Synnefo without a project", "A token with project scope stands for its account.")
        if given.username not in (None, token.project.id):
            raise NotAuthenticated("the token is another account's")
        if given.tenant not in (None, token.project.id):
            raise BadInput("tenantName", given.tenant, "the uuid of the token's own account")
        return synnefo.answer(200, astakos.access(given.token, token, token.project, base))

    def translate(self, request: Request, services: Services) -> Answer:
        if request.caller is None:
            raise NotAuthenticated("no token, or none that is good")
        ids, names = astakos.read_catalog_wish(request.json())
        found = services.identity.neighbours(request.caller, ids=ids, names=names)
        return synnefo.answer(200, astakos.user_catalogs(*found))
