"""ALTER TABLE: its four forms as small dataclasses.

Forms
    ====================================  ==========================================================================
    ALTER TABLE t RENAME TO n             `RenameTable`
    ALTER TABLE t RENAME [COLUMN] a TO b  `RenameColumn`
    ALTER TABLE t ADD [COLUMN] <column>   `AddColumn`, with the column's own text
    ALTER TABLE t DROP [COLUMN] a         `DropColumn`
    ====================================  ==========================================================================

The text of an added column is kept as written; what it does to the table's text is in `rename`.

Example: ``ALTER TABLE t ADD COLUMN b INT DEFAULT 5`` gives AddColumn(text='b INT DEFAULT 5', draft=<one column>).

Does not: look at the schema, at rows, or at what is allowed (`executor.alter`).
"""

from __future__ import annotations

from dataclasses import dataclass

from aerodb_dbapi.planner.ddl_columns import Definition, column_definition
from aerodb_dbapi.planner.stream import TokenStream


@dataclass(frozen=True, slots=True)
class Alteration:
    """An ALTER TABLE of `table`; `written` is the name as the user wrote it, with its schema."""

    table: str
    written: str

    @property
    def database(self) -> str | None:
        """The database that was written."""
        return self.written[: -len(self.table) - 1] or None


@dataclass(frozen=True, slots=True)
class RenameTable(Alteration):
    """RENAME TO `name`."""

    name: str


@dataclass(frozen=True, slots=True)
class RenameColumn(Alteration):
    """RENAME COLUMN `column` TO `name`; `quoted`: the new name was written in quotes."""

    column: str
    written_column: str
    name: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class AddColumn(Alteration):
    """ADD COLUMN; `text` is the column's definition, `draft` what it says."""

    text: str
    draft: Definition


@dataclass(frozen=True, slots=True)
class DropColumn(Alteration):
    """DROP COLUMN `column`."""

    column: str
    written_column: str


# --- parsing --------------------------------------------------------------------------------------------------------


def alteration(stream: TokenStream) -> Alteration | None:
    """Read an ALTER TABLE statement if the stream begins with one."""
    if stream.kind != "ALTER":
        return None
    stream.advance()
    stream.expect("TABLE")
    table = written = stream.name()
    if stream.take("."):
        table = stream.name()
        written = f"{written}.{table}"
    if stream.take("RENAME"):
        return _rename(stream, table, written)
    if stream.take("ADD"):
        return _add(stream, table, written)
    stream.expect("DROP")
    stream.take("COLUMN")
    written_column = stream.token[1]
    return DropColumn(table, written, stream.name(), written_column)


def _rename(stream: TokenStream, table: str, written: str) -> Alteration:
    if stream.kind == "TO":
        stream.advance()
        return RenameTable(table, written, stream.name())
    stream.take("COLUMN")
    written_column, column = stream.token[1], stream.name()
    stream.expect("TO")
    quoted = stream.token[1][:1] in "'\"[`"
    return RenameColumn(table, written, column, written_column, stream.name(), quoted)


def _add(stream: TokenStream, table: str, written: str) -> AddColumn:
    stream.take("COLUMN")
    start = stream.token[2]
    draft = Definition(table)
    column_definition(stream, draft)
    return AddColumn(table, written, stream.sql[start : stream.token[2]].rstrip(), draft)
