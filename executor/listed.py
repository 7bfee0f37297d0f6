"""Texts with lists of parameters, run by the statement that they share.

A shape with lists (`planner.lists`) is compiled for one parameter per list. `for_text` gives the statement of one text: it
takes the parameters one by one, as the user gives them, and hands them on with those of each list gathered in a tuple. A
list of literals needs nothing of this, its tuple is one of the text's constants.

Example: ``… WHERE id IN (?, ?, ?, ?, ?, ?, ?, ?) AND b = ?`` with (1, …, 8, 'x') runs the shape's function with ((1, …, 8), 'x').

In the generated text a list is ``*p3_``, as an item among others: ``(p2_, *p3_)``; `each` applies a function to its values.

What it does not do: find lists, compile.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

from aerodb_dbapi.executor.statement import Compiled, Prepared
from aerodb_dbapi.planner.lists import grouped, slots_in

Row = tuple[Any, ...]


def for_text(
    compiled: Compiled, own: tuple[int, ...], literals: tuple[int, ...], constants: Row, text: str
) -> Prepared:
    """The statement of a text, of a shape that was compiled and the text's literals. Its lists of parameters and of literals have
    so many values each."""
    assert compiled.lists is not None
    codes, lifted = compiled.lists
    constants = grouped(constants, lifted, literals)
    if not own:
        return Prepared(compiled, constants, text)
    places, width = slots_in(codes, own)
    single = copy(compiled)
    single.origin = compiled
    single.parameters = [None] * (width + len(constants))
    single.run_many = None
    run, note, fit = compiled.run, compiled.note, _fitting(places, width)
    single.run = lambda face, state, params: run(face, state, fit(params))
    if note is not None:
        single.note = lambda transaction, params: note(transaction, fit(params))
    return Prepared(single, constants, text)


def _fitting(places: list[Any], width: int) -> Callable[[Row], Row]:
    """What makes the parameters of a shape from single ones and the constants behind them."""
    only = places[0] if len(places) == 1 else None
    if only.__class__ is slice:
        return lambda params: (params[:width], *params[width:])
    if only.__class__ is range:
        step = only.step
        return lambda params: ([params[i : i + step] for i in only], *params[width:])

    def fit(params: Row) -> Row:
        made = [
            params[place] if place.__class__ is not range else [params[i : i + place.step] for i in place]
            for place in places
        ]
        return tuple(made) + params[width:]

    return fit


def each(function: str, text: str) -> str:
    """Text of a call, or of one for each item where the text is that of a list."""
    return f"*map({function}, {text[1:]})" if text[0] == "*" else f"{function}({text})"
