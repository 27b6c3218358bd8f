"""The table of Object storage v1: which path and method is whose."""

from __future__ import annotations

from collections.abc import Mapping

from imageferry.dialects.edge.http import Answer, Dialect, Handler, Headers, Path, Request, Streamed
from imageferry.dialects.swift import (
    account,
    bulk_delete,
    container,
    cors,
    errors,
    extract,
    listing,
    manifest,
    object_read,
    object_write,
    report,
)
from imageferry.dialects.swift.formpost import also_forms, formpost_info
from imageferry.dialects.swift.signed import also_signed, sent_by_page, tempurl_info
from imageferry.dialects.swift.static_web import visited
from imageferry.domain import object as limits
from imageferry.domain.block import BLOCK_SIZE
from imageferry.domain.link import MAX_LINKS
from imageferry.domain.moment import SECOND
from imageferry.ports.clock import Clock, system_clock
from imageferry.service.services import Services
from imageferry.wire import pithos, plankton
from imageferry.wire.hash_maps import BLOCK_HASH

_VERSION = "2.38.3"  # the Swift whose behaviour this is
_CROSS_DOMAIN = b"""<?xml version="1.0"?>
<!DOCTYPE cross-domain-policy SYSTEM "http://www.adobe.com/xml/dtds/cross-domain-policy.dtd" >
<cross-domain-policy>
<allow-access-from domain="*" secure="false" />
</cross-domain-policy>"""
_ACCOUNT: Mapping[str, Handler | Streamed] = {
    "GET": account.get,
    "HEAD": account.head,
    "POST": Streamed(account.post),
    "PUT": Streamed(account.put),
    "DELETE": Streamed(account.delete),
}
_CONTAINER: Mapping[str, Handler | Streamed] = {
    "GET": visited(container.get),
    "HEAD": visited(container.head),
    "PUT": Streamed(container.put),
    "POST": container.post,
    "DELETE": container.delete,
}
_OBJECT: Mapping[str, Handler | Streamed] = {
    "GET": visited(object_read.get_or_head),
    "HEAD": visited(object_read.get_or_head),
    "PUT": Streamed(object_write.put),
    "POST": object_write.post,
    "DELETE": object_write.delete,
    "COPY": object_write.copy,
}


def dialect(clock: Clock = system_clock) -> Dialect:
    """Object storage as the edge needs it. Its accounts begin with AUTH_; other paths below /v1 are not ours."""

    def headers(request: Request) -> Headers:
        trans_id = f"tx{request.id[:21]}-{clock() // SECOND:010x}"
        return [("x-trans-id", trans_id), ("x-openstack-request-id", trans_id)]

    containers = {method: sent_by_page(handler) for method, handler in _CONTAINER.items()}
    objects = {method: sent_by_page(also_signed(handler, clock)) for method, handler in _OBJECT.items()}
    for methods in (containers, objects):
        methods["POST"] = also_forms(methods["POST"], clock)
        methods["OPTIONS"] = cors.options(methods)
    accounts = {**_ACCOUNT, "OPTIONS": cors.options(_ACCOUNT)}
    return Dialect(
        name="swift",
        service="object-store",
        paths=[
            Path("/info", {"GET": _info, "HEAD": _info, "OPTIONS": cors.options(["GET", "HEAD"])}),
            Path("/crossdomain.xml", {"GET": _cross_domain}),
            Path("/healthcheck", dict.fromkeys(("GET", "HEAD", "OPTIONS"), _healthcheck)),
            Path("/v1/AUTH_{project}", accounts),
            Path("/v1/AUTH_{project}/", accounts),
            Path("/v1/AUTH_{project}/{container}", containers),
            Path("/v1/AUTH_{project}/{container}/", containers),
            Path("/v1/AUTH_{project}/{container}/{object:rest}", objects),
        ],
        error=errors.answer,
        refuse=errors.refusal,
        prefixes=["/v1/AUTH_"],
        headers=headers,
        afterwards=cors.afterwards,
    )


def _info(_: Request, services: Services) -> Answer:
    """What we can, and how much of it. A key's presence says that the feature exists."""
    return Answer.of_json(
        200,
        {
            "swift": {
                "version": _VERSION,
                "strict_cors_mode": True,
                "policies": [{"name": listing.POLICY, "aliases": listing.POLICY, "default": True}],
                "max_file_size": services.objects.max_object_size,
                "max_meta_name_length": limits.MAX_METADATA_NAME,
                "max_meta_value_length": limits.MAX_METADATA_VALUE,
                "max_meta_count": limits.MAX_METADATA_COUNT,
                "max_meta_overall_size": limits.MAX_METADATA_OVERALL,
                "max_header_size": 8192,
                "max_object_name_length": limits.MAX_OBJECT_NAME,
                "max_container_name_length": limits.MAX_CONTAINER_NAME,
                "max_account_name_length": 256,
                "container_listing_limit": limits.MAX_LISTING,
                "account_listing_limit": limits.MAX_LISTING,
                "account_autocreate": True,
                "allow_account_management": False,
            },
            "synnefo": {  # none of Swift's: where the same objects are by their blocks, and are images
                "object-store": pithos.ROOT,
                "image": plankton.ROOT,
                "block_size": BLOCK_SIZE,
                "block_hash": BLOCK_HASH,
            },
            "slo": {
                "max_manifest_segments": limits.MAX_SEGMENTS,
                "max_manifest_size": manifest.MAX_MANIFEST,
                "min_segment_size": 1,
                "allow_async_delete": False,
            },
            "versioned_writes": {"allowed_flags": ["x-versions-location", "x-history-location"]},
            "object_versioning": {},
            "symlink": {"symloop_max": MAX_LINKS, "static_links": True},
            "tempurl": tempurl_info(),
            "formpost": formpost_info(),
            "crossdomain": {},
            "staticweb": {},
            "container_quotas": {},
            "account_quotas": {},
            "bulk_upload": {
                "max_containers_per_extraction": extract.LIMITS.containers,
                "max_failed_extractions": extract.LIMITS.failures,
            },
            "bulk_delete": {
                "max_deletes_per_request": bulk_delete.MAX_DELETES,
                "max_failed_deletes": report.MAX_FAILURES,
            },
        },
    )


def _cross_domain(_: Request, __: Services) -> Answer:
    """The policy for players of old that ask for one: what is here, is guarded by tokens and access lists alone."""
    return Answer(status=200, headers=[("content-type", "application/xml")], body=_CROSS_DOMAIN)


def _healthcheck(_: Request, __: Services) -> Answer:
    return Answer(status=200, headers=[("content-type", "text/plain")], body=b"OK")
