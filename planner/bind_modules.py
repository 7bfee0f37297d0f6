"""Table-valued functions in FROM: ``json_each(t.doc)``, ``pragma_table_info('t')``, and modules named without arguments.

A module is a source like others (`ModuleSource`). Its arguments are bound when all entries of the FROM list are in scope,
for they may refer to any of them, and become conjuncts ``hidden column = argument`` in WHERE, or in ON of a LEFT JOIN.

Example: ``FROM t LEFT JOIN json_each(t.doc) j`` → Join(ModuleSource(json_each), 'left', [j.json = t.doc]).
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from aerodb_dbapi.planner.bind_context import FUNCTION_MARK, Context, fail, identifier
from aerodb_dbapi.planner.expressions import Column, Compare, Expression
from aerodb_dbapi.planner.modules import TableModule
from aerodb_dbapi.planner.query import ModuleSource
from aerodb_dbapi.planner.scope import Described, Entry, Scope
from aerodb_dbapi.storage.catalog import fold


def module_source(context: Context, module: TableModule, name: str) -> tuple[ModuleSource, Entry]:
    """The source and the entry of a module under its name or alias."""

    def describe(position: int) -> Described:
        column = module.columns[position]
        return column.name, "BLOB", "BINARY", column.type

    source = ModuleSource(id=context.next_id(), name=name, module=module)
    context.sources[source.id] = source
    positions = {fold(column.name): at for at, column in reversed(list(enumerate(module.columns)))}
    entry = Entry(source.id, name, positions, module.visible, describe, "main")
    entry.size = len(module.columns)
    if module.has_rowid:
        entry.rowid = len(module.columns)
    return source, entry


def called_module(context: Context, node: Any, scope: Scope) -> tuple[ModuleSource, Entry, list[Any]]:
    """The source, the entry and the trees of the arguments of a call in FROM (an exp.Table of an Anonymous)."""
    call = node.this
    written = str(call.this).removeprefix(FUNCTION_MARK)
    key = fold(written)
    schema = scope.environment.schema
    if scope.common_table(key) is not None or schema.table(written) is not None or schema.view(written) is not None:
        fail(f"'{written}' is not a function")
    module = context.functions.module(key)
    if module is None:
        fail(f"no such table: {f'{schema.database}.' if scope.environment.views else ''}{written}")
    texts = [str(a.this) if type(a) is exp.Literal and a.is_string else None for a in call.expressions]
    module = module.called(scope.environment.schema, texts)
    hidden = len(module.columns) - module.visible
    if len(call.expressions) > hidden:
        fail(f"too many arguments on {written}() - max {hidden}")
    alias = node.args.get("alias")
    source, entry = module_source(context, module, written if alias is None else identifier(alias.this))
    return source, entry, list(call.expressions)


def bind_arguments(context: Context, source: ModuleSource, arguments: list[Any], scope: Scope) -> list[Expression]:
    """The conjuncts that a module's arguments mean."""
    first = source.module.visible
    made: list[Expression] = []
    for position, tree in enumerate(arguments, first):
        column = Column(source.id, position, source.module.columns[position].name)
        made.append(Compare("=", column, context.expression(context, tree, scope)))
    return made
