"""The program in the cage that applies YARA rules to files.

python -I -m imageferry.tools.scanners.yara_reader FOLDER-OF-RULES LIST-OF-FILES
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import yara_x

_FILE_S = 600  # for all rules over one file
_RULES = ("*.yar", "*.yara")


def main() -> int:
    folder, names = Path(sys.argv[1]), Path(sys.argv[2])
    try:
        scanner = yara_x.Scanner(_compiled(folder))
        scanner.set_timeout(_FILE_S)
        files = json.loads(names.read_text(encoding="utf-8"))
        for index, file in enumerate(files):
            # An empty file cannot be mapped.
            path = Path(file)
            found = scanner.scan_file(file) if path.stat().st_size else scanner.scan(b"")
            for rule in found.matching_rules:
                _say(index=index, rule=rule.identifier)
    except (yara_x.CompileError, yara_x.ScanError, yara_x.TimeoutError, OSError, ValueError) as error:
        _say(error=str(error))
        return 1
    _say(done=len(files))
    return 0


def _compiled(folder: Path) -> yara_x.Rules:
    compiler = yara_x.Compiler()
    compiler.enable_includes(False)
    paths = sorted(path for pattern in _RULES for path in folder.glob(pattern))
    if not paths:
        raise OSError(f"there is no rule in {folder}")
    for path in paths:
        compiler.new_namespace(path.name)
        compiler.add_source(path.read_text(encoding="utf-8"), origin=path.name)
    return compiler.build()


def _say(**told: object) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
