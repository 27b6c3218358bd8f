"""The database file while two processes use it, as a service and ``imageferry admin`` do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from imageferry.db.engine import Mode, begin, open_engine
from imageferry.db.migrate import upgrade

_OTHER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("CREATE TABLE other (x)")
connection.commit()
connection.close()
"""


def test_another_process_that_closes_the_file_does_not_take_itself_for_the_last(tmp_path: Path) -> None:
    """The last one removes the write-ahead log. Removed under us, it costs the database."""
    path = tmp_path / "records.sqlite"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    with engine.connect() as one, engine.connect() as two:
        for connection in (one, two):
            begin(connection, Mode.READING)
            connection.exec_driver_sql("SELECT 1 FROM domains").all()
            connection.rollback()
        subprocess.run([sys.executable, "-c", _OTHER, str(path)], check=True, timeout=60)
        assert path.with_name(path.name + "-wal").exists()
    engine.dispose()
