"""Parts of a generated function that are compiled when they are first needed.

Most of what Python's compiler costs is its parser, which reads every expression through all levels of precedence. The exact
form of a filter (INV-Q3) is the longest expression of many statements, and most runs never come to it. So it is not
written into the function, but called by name, and is compiled by the first call::

        try:
            list5_ = [r0 for r0 in rows3_ if r0[4] > q4_]
        except TypeError:
            list5_ = later6_(rows3_, q4_, k7_)

`outlined` gives the text of such a call. Its arguments are the names that the text uses and does not itself define: a
constant or a function of the namespace is seen without. A text that reads a memo, which a nested function may fill meanwhile,
stays where it is.

`EXPLAIN` shows these parts behind the function, as functions (INV-Q2 holds for them as for the rest).

What it does not do: know SQL.
"""

from __future__ import annotations

import builtins
import re
from keyword import iskeyword
from typing import Any, Final

from aerodb_dbapi.executor.writer import Unit

_QUOTES: Final = re.compile(r"['\"]|\blambda\b").search
_NAME: Final = re.compile(r"(?<![.\w])[A-Za-z_]\w*").findall
_GIVEN: Final = re.compile(r"\bfor ([\w, ]+?) in |(\w+) :=").findall
_MEMO: Final = re.compile(r"s\d+_").fullmatch


class Later:
    """A function of some names, compiled at its first call."""

    __slots__ = ("arguments", "function", "namespace", "text")

    def __init__(self, text: str, arguments: list[str], namespace: dict[str, Any]) -> None:
        self.text = text
        self.arguments = arguments
        self.namespace = namespace
        self.function: Any = None

    def __call__(self, *values: Any) -> Any:
        if self.function is None:
            # what is compiled was written by this package; the namespace is the statement's own
            self.function = eval(f"lambda {', '.join(self.arguments)}: {self.text}", self.namespace)
        return self.function(*values)


def outlined(unit: Unit, text: str) -> str:
    """Text of a call that gives what an expression's text gives; the text itself where that cannot be."""
    if _QUOTES(text):
        return text
    given = {name for pair in _GIVEN(text) for part in pair for name in part.replace(",", " ").split()}
    names = [name for name in dict.fromkeys(_NAME(text)) if name not in given and not _known(name, unit.namespace)]
    if any(map(_MEMO, names)):
        return text
    later = Later(text, names, unit.namespace)
    name = unit.bind(later, "later")
    unit.afterwards.append(f"def {name}({', '.join(names)}):\n    return {text}\n")
    return f"{name}({', '.join(names)})"


def _known(name: str, namespace: dict[str, Any]) -> bool:
    return iskeyword(name) or name in namespace or hasattr(builtins, name)
