"""Application credentials of a user: make, list, show and delete them."""

from __future__ import annotations

from imageferry.dialects.edge.http import Answer, Request
from imageferry.dialects.keystone.site import Site, known
from imageferry.domain.access import UserId
from imageferry.domain.access_rule import AccessRule, AccessRuleId
from imageferry.domain.identity import AppCredentialId
from imageferry.service.services import Services
from imageferry.wire.keystone import Document
from imageferry.wire.keystone_credentials import access_rule, credential, read_wish


class AppCredentials:
    """The handlers of ``/v3/users/{id}/application_credentials``."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def make(self, request: Request, services: Services) -> Answer:
        caller = known(request)
        wish = read_wish(request.json())
        made, secret = services.credentials.make(
            caller,
            UserId(request.params["id"]),
            wish.name,
            description=wish.description,
            roles=wish.roles,
            secret=wish.secret,
            expires_at=wish.expires_at,
            unrestricted=wish.unrestricted,
            rules=wish.rules,
        )
        return Answer.of_json(201, {"application_credential": credential(made, self._site.base(request), secret)})

    def list(self, request: Request, services: Services) -> Answer:
        name = request.query.get("name")
        found = services.credentials.list(known(request), UserId(request.params["id"]), name=name)
        rows = [credential(item, self._site.base(request)) for item in found]
        return self._site.listing(request, "application_credentials", rows)

    def show(self, request: Request, services: Services) -> Answer:
        found = services.credentials.show(known(request), *_ids(request))
        return Answer.of_json(200, {"application_credential": credential(found, self._site.base(request))})

    def delete(self, request: Request, services: Services) -> Answer:
        services.credentials.delete(known(request), *_ids(request))
        return Answer(status=204)


class AccessRules:
    """The handlers of ``/v3/users/{id}/access_rules``: they are made with application credentials."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def list(self, request: Request, services: Services) -> Answer:
        found = services.credentials.rules(known(request), UserId(request.params["id"]))
        return self._site.listing(request, "access_rules", [self._told(rule, request) for rule in found])

    def show(self, request: Request, services: Services) -> Answer:
        found = services.credentials.rule(known(request), *_rule_ids(request))
        return Answer.of_json(200, {"access_rule": self._told(found, request)})

    def delete(self, request: Request, services: Services) -> Answer:
        services.credentials.delete_rule(known(request), *_rule_ids(request))
        return Answer(status=204)

    def _told(self, rule: AccessRule, request: Request) -> Document:
        place = f"{self._site.base(request)}/v3/users/{request.params['id']}/access_rules"
        return {**access_rule(rule), "links": {"self": f"{place}/{rule.id}"}}


def _rule_ids(request: Request) -> tuple[UserId, AccessRuleId]:
    return UserId(request.params["id"]), AccessRuleId(request.params["rule"])


def _ids(request: Request) -> tuple[UserId, AppCredentialId]:
    return UserId(request.params["id"]), AppCredentialId(request.params["credential"])
