"""The use-cases of one running service, wired up, as handlers get them."""

from __future__ import annotations

from dataclasses import dataclass

from imageferry.service.administration import Administration
from imageferry.service.converting.request import Conversions
from imageferry.service.credentials import Credentials
from imageferry.service.exporting.exports import Exports
from imageferry.service.identity import Identity
from imageferry.service.identity_admin import IdentityAdmin
from imageferry.service.image_quotas import ImageQuotas
from imageferry.service.image_stores import ImageStores
from imageferry.service.images import Images
from imageferry.service.importing.downloads import Downloads
from imageferry.service.importing.imports import Imports
from imageferry.service.importing.staged import StagedImports
from imageferry.service.metadefs import Metadefs
from imageferry.service.objects import Objects
from imageferry.service.objects.shares import Shares
from imageferry.service.registrations.judging import Judging
from imageferry.service.registrations.registering import Registrations
from imageferry.service.tasks import TaskService


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    identity: Identity
    credentials: Credentials
    administration: Administration
    admin: IdentityAdmin
    objects: Objects
    shares: Shares
    images: Images
    registrations: Registrations
    judging: Judging
    metadefs: Metadefs
    image_stores: ImageStores
    image_quotas: ImageQuotas
    tasks: TaskService
    imports: Imports
    staged: StagedImports
    downloads: Downloads
    exports: Exports
    conversions: Conversions
