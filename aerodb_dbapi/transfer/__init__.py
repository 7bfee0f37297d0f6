"""Data in and out: SQLite files, CSV, JSON lines and Parquet (docs/import-export.md).

    import_sqlite(connection, path)           everything of a SQLite file into a database
    export_sqlite(connection, path)           a database into a new SQLite file
    import_rows(connection, path, table)      a CSV, TSV, JSON lines or Parquet file into a table, made if it is missing
    export_rows(connection, query, path)      the rows of a query or a table into such a file

Rules for all of them
    *All or nothing.* An import is one transaction, or one savepoint where a transaction is open. An export writes beside its
    target and renames when it is whole.
    *Streaming.* Rows go by in batches; no file and no result is ever held whole.
    *Checked.* A copy to or from SQLite is read again from both sides and compared before it counts.

>>> import aerodb_dbapi, os, sqlite3, tempfile
>>> from aerodb_dbapi.transfer import import_sqlite
>>> folder = tempfile.TemporaryDirectory()
>>> path = os.path.join(folder.name, "old.sqlite")
>>> old = sqlite3.connect(path)
>>> _ = old.executescript("CREATE TABLE t(a); INSERT INTO t VALUES (1), (2); CREATE INDEX i ON t(a)")
>>> old.close()
>>> connection = aerodb_dbapi.connect(":memory:")
>>> print(import_sqlite(connection, path))
1 table with 2 rows, 1 index; compared: equal
>>> folder.cleanup()
"""

from __future__ import annotations

from aerodb_dbapi.transfer.rows_in import import_rows
from aerodb_dbapi.transfer.rows_out import export_rows
from aerodb_dbapi.transfer.sqlite_copy import Copied, export_sqlite, import_sqlite

__all__ = ["Copied", "export_rows", "export_sqlite", "import_rows", "import_sqlite"]
