"""Tokens: issue, show, check and revoke them; and what one's own token opens."""

from __future__ import annotations

from imageferry.dialects.edge.http import Answer, Request
from imageferry.dialects.keystone.site import Site, flag, known
from imageferry.domain.errors import Forbidden
from imageferry.domain.identity import Token
from imageferry.service.services import Services
from imageferry.wire import keystone
from imageferry.wire.keystone_auth import read_auth


class Tokens:
    """The handlers of ``/v3/auth``."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def issue(self, request: Request, services: Services) -> Answer:
        secret, token = services.identity.log_in(*read_auth(request.json()))
        return self._shown(201, request, secret, token)

    def show(self, request: Request, services: Services) -> Answer:
        secret = _subject(request)
        expired_too = flag(request, "allow_expired")
        token = services.identity.examine(known(request), secret, expired_too=expired_too)
        return self._shown(200, request, secret, token)

    def revoke(self, request: Request, services: Services) -> Answer:
        secret = _subject(request)
        services.identity.examine(known(request), secret)
        services.identity.revoke(secret)
        return Answer(status=204)

    def projects(self, request: Request, services: Services) -> Answer:
        base = self._site.base(request)
        projects = services.identity.scopes_of(known(request))
        return self._site.listing(request, "projects", [keystone.project(project, base) for project in projects])

    def domains(self, request: Request, services: Services) -> Answer:
        base = self._site.base(request)
        domains = services.identity.domain_scopes_of(known(request))
        return self._site.listing(request, "domains", [keystone.domain(domain, base) for domain in domains])

    def system(self, request: Request, services: Services) -> Answer:
        found = [{"all": True}] if services.identity.reaches_system(known(request)) else []
        return self._site.whole(request, "system", found)

    def catalog(self, request: Request, _: Services) -> Answer:
        project = known(request).project
        return self._site.whole(request, "catalog", self._site.catalog_for(request, project))

    def _shown(self, status: int, request: Request, secret: str, token: Token) -> Answer:
        catalog = None
        if token.scoped and "nocatalog" not in request.query:
            catalog = self._site.catalog_for(request, None if token.project is None else token.project.id)
        return Answer.of_json(status, {"token": keystone.token(token, catalog)}, [("x-subject-token", secret)])


def _subject(request: Request) -> str:
    """The token that is asked about.

    Raises:
        NotAuthenticated: who asks is not known, which comes first.
        Forbidden: nothing is asked about.
    """
    known(request)
    secret = request.headers.get("x-subject-token", "")
    if not secret:
        raise Forbidden("ask about no token", "Name it in the header X-Subject-Token.")
    return secret
