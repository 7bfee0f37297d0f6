"""Compiled and prepared statements, and the cache that all sessions of a database share.

Two levels
    text → `Prepared`   the exact text, as given. A hit costs one dictionary look-up.
    shape → `Compiled`  the text with its literals lifted out (`planner.lifting`): texts that differ only in literals
                        share one compiled statement, and each `Prepared` carries its own constants.

Example: ``SELECT a FROM t WHERE b = 5`` and ``… b = 6`` are two texts, one shape ``SELECT a FROM t WHERE b = ?``;
preparing the second costs one lifting pass, no parse and no compilation.

Validity (INV-S3)
    A compiled statement remembers the `Schema` object it was compiled against. Schemas are shared and immutable, so
    that identity (`is`) is the whole test; a statement that fails it is compiled anew. Whoever runs a statement tests
    it against the schema of the view or transaction it runs in.

    Plans also age: they were chosen for the sizes that the tables had. `PlanCache.forget_outgrown` drops those whose
    tables are now several times larger or smaller; sessions call it after bulk changes.

Sharing
    Dictionary operations are atomic, entries are immutable, and a lost update only means that something is compiled
    twice; so sessions in several threads use one cache without a lock. A session with functions of its own has a
    cache of its own.

What it does not do: parse, plan, run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from aerodb_dbapi.planner.lists import Layout
from aerodb_dbapi.planner.partial_literals import Kept
from aerodb_dbapi.storage.catalog import Schema

TEXTS_MAX: Final = 4096
SHAPES_MAX: Final = 1024
GROWTH_MAX: Final = 8
GROWTH_ROWS_MIN: Final = 256

CHECKS_NAMES: Final = sys.version_info >= (3, 12)  # a sequence for named placeholders is deprecated, from 3.14 an error

DML: Final = frozenset({"insert", "update", "delete"})
Values = tuple[Any, ...]


class Compiled:
    """One compiled statement. What `run` takes depends on `kind`:

    'select'                       run(session, trees, params) -> iterator of rows
    'insert', 'update', 'delete'   run(session, transaction, params) -> (row count, list of returned rows or None)
    'ddl'                          run(session, transaction, params) -> (-1, None)
    'pragma', 'explain'            run(session, params) -> rows or None
    'transaction'                  run(session, params) -> None

    `names` are the result's columns, None if it has none. `run_many(session, transaction, rows)` takes many parameter
    tuples at once, or is None. `reads` are the trees that the statement reads; ``note(transaction, params)``
    tells a transaction what one run reads, None if nothing. `source` is the generated Python text.
    `hooked`: more happens around its rows (`executor.hooks`). `temporary`: it needs the database temp. `kept`: the lifted
    literals that texts of this shape may have to be compiled with (`planner.partial_literals`). `lists`: what each parameter
    of the user's and each literal is, where some are lists (`planner.lists`); `origin`: what it was made of for a text of them.
    """

    __slots__ = (
        "hooked", "is_control", "is_dml", "is_select", "kept", "kind", "lists", "names", "note", "origin", "parameters", "reads", "run",
        "run_many", "schema", "sizes", "source", "temporary", "text", "types",
    )  # fmt: skip

    def __init__(
        self,
        kind: str,
        run: Callable[..., Any],
        *,
        text: str,
        schema: Schema | None,
        run_many: Callable[..., Any] | None = None,
        names: list[str] | None = None,
        types: list[str | None] | None = None,
        parameters: list[str | None] | None = None,
        reads: tuple[int, ...] = (),
        note: Callable[[Any, Any], Any] | None = None,
        source: str = "",
        hooked: bool = False,
    ) -> None:
        self.kept: Kept = ()
        self.kind = kind
        self.run = run
        self.run_many = run_many
        self.names = names
        self.types = types
        self.parameters: list[str | None] = [] if parameters is None else parameters
        self.schema = schema
        self.reads = reads
        self.note = note
        self.source = source
        self.hooked = hooked
        self.text = text
        self.is_control = kind == "transaction"
        self.is_select = kind == "select"
        self.is_dml = kind in DML
        self.sizes: tuple[int, ...] = ()
        self.lists: Layout | None = None
        self.origin: Compiled | None = None
        self.temporary = False

    def __repr__(self) -> str:
        return f"<Compiled {self.kind} {self.text!r}>"


class Prepared:
    """A text that is ready to run: `constants` are appended to the `n_parameters` values that the user gives."""

    __slots__ = ("compiled", "constants", "n_parameters", "text")

    def __init__(self, compiled: Compiled, constants: Values, text: str) -> None:
        self.compiled = compiled
        self.constants = constants
        self.n_parameters = len(compiled.parameters) - len(constants)
        self.text = text

    def __repr__(self) -> str:
        return f"<Prepared {self.text!r}>"


class PlanCache:
    """The dictionaries. Of the prepared `texts`, `selects` holds the SELECTs, `rows` these and the DML that returns
    no rows; with named placeholders only where nothing has to be said about a sequence for them. Bounded: when one is full its
    oldest half goes. `hooks` is kept by `executor.hooks`: what kinds of statements on tables share."""

    __slots__ = ("hooks", "rows", "selects", "shapes", "texts")

    def __init__(self) -> None:
        self.texts: dict[str, Prepared] = {}
        self.selects: dict[str, Prepared] = {}
        self.rows: dict[str, Prepared] = {}
        self.shapes: dict[Any, Compiled] = {}
        self.hooks: dict[Any, Any] = {}

    def remember_text(self, prepared: Prepared) -> None:
        """Keep a prepared statement under its text."""
        _insert(self.texts, prepared.text, prepared, TEXTS_MAX)
        compiled = prepared.compiled
        if CHECKS_NAMES and any(slot is not None and slot[0] != "?" for slot in compiled.parameters):
            return
        if compiled.is_select:
            _insert(self.selects, prepared.text, prepared, TEXTS_MAX)
        if compiled.is_select or (compiled.is_dml and compiled.names is None):
            _insert(self.rows, prepared.text, prepared, TEXTS_MAX)

    def remember_shape(self, shape: Any, compiled: Compiled) -> None:
        """Keep a compiled statement under its shape."""
        _insert(self.shapes, shape, compiled, SHAPES_MAX)

    def forget_all(self) -> None:
        """Drop every statement: what plans are made from has changed."""
        for entries in (self.shapes, self.texts, self.selects, self.rows):
            entries.clear()

    def forget_outgrown(self, trees: Mapping[int, Any]) -> None:
        """Drop the statements whose tables have other sizes by now than they were planned for."""
        stale = {id(compiled) for compiled in list(self.shapes.values()) if _outgrown(compiled, trees)}
        if stale:
            for shape, compiled in list(self.shapes.items()):
                if id(compiled) in stale:
                    self.shapes.pop(shape, None)
            for text, prepared in list(self.texts.items()):
                if id(prepared.compiled.origin or prepared.compiled) in stale:
                    self.texts.pop(text, None)
                    self.selects.pop(text, None)
                    self.rows.pop(text, None)


def _outgrown(compiled: Compiled, trees: Mapping[int, Any]) -> bool:
    for tree_id, size in zip(compiled.reads, compiled.sizes):
        try:
            now = len(trees[tree_id])
        except KeyError:
            return True
        low, high = sorted((size, now))
        if high >= GROWTH_ROWS_MIN and high > GROWTH_MAX * low:
            return True
    return False


def _insert(entries: dict[Any, Any], key: Any, value: Any, limit: int) -> None:
    if len(entries) >= limit:
        for old in list(entries)[: limit // 2]:
            entries.pop(old, None)
    entries[key] = value


def shared_cache(slots: dict[Any, Any], foreign_keys: bool = False, level: int = 0) -> PlanCache:
    """The cache kept in a database's `plan_cache` dictionary, made at first use. Statements that enforce foreign keys are
    other ones than those that do not."""
    name = "statements, foreign keys" if foreign_keys else "statements"
    cache: PlanCache = slots.setdefault((name, level) if level else name, PlanCache())
    return cache


def forget_outgrown(slots: dict[Any, Any], trees: Mapping[int, Any]) -> None:
    """Drop the statements of all caches of a database whose tables have other sizes by now."""
    for cache in list(slots.values()):
        if isinstance(cache, PlanCache):
            cache.forget_outgrown(trees)
