"""K5 image import and export: the table of its paths.

The original had two hosts for them, ``vmimport`` and ``import-export``; here every path is
answered on any host. The host's region decides which profile of the import is spoken.

Source: specs/k5.md, sections 2 and 5 to 7.
"""

from __future__ import annotations

from collections.abc import Sequence

from imageferry.dialects.edge.http import Dialect, Path
from imageferry.dialects.k5 import answers
from imageferry.dialects.k5.exports import ExportCalls
from imageferry.dialects.k5.imports import ImportCalls
from imageferry.domain.region import DEFAULT_REGIONS, Region
from imageferry.wire import k5


def dialect(regions: Sequence[Region] = DEFAULT_REGIONS) -> Dialect:
    """``regions``: at least one; a host that names none of them means the first."""
    imports, exports = ImportCalls(tuple(regions)), ExportCalls()
    return Dialect(
        name="k5",
        service="vmimport",
        paths=[
            Path(k5.IMPORTS, {"GET": imports.list, "POST": imports.start}),
            Path(f"{k5.IMPORTS}/{{job}}", {}),  # 405: imports can be neither cancelled nor deleted
            Path(f"{k5.IMPORTS}/{{job}}/status", {"GET": imports.status}),
            Path(k5.EXPORTS, {"GET": exports.list, "POST": exports.start}),
            Path(f"{k5.EXPORTS}/{{job}}", {}),
            Path(f"{k5.EXPORTS}/{{job}}/status", {"GET": exports.status}),
            Path(f"{k5.EXPORTS}/{{job}}/cancel", {"POST": exports.cancel}),
        ],
        error=answers.error,
        refuse=answers.refuse,
        prefixes=[k5.IMPORTS, k5.EXPORTS],
    )
