"""Writing the source text of one generated function: frames, names, hoisted values, constants.

Shape of what is written (one `Unit` per statement)::

    def select(session, trees, params):
        p0_ = params[0]                # head: parameters, hoisted invariants (q…), trees (t…), memos (s…)
        q1_ = number_like(p0_)
        t2_ = trees[7]
        def f3_(r1):                   # and functions: nested query blocks, outlined parts of large expressions
            ...
        ...                            # body

Frames
    While a function is being written it is the top `Frame`. A frame knows which row variables its text uses and which
    it defines; what it uses and does not define becomes its argument list when it is closed, and is in turn used by
    the frame below. So a correlated subquery is a function of the rows it refers to, wherever it is called from (also
    inside a comprehension, whose variables a closure could not see). Names of the head are seen by every function as
    closures.

Names
    Only `name(prefix)` and source ids make names: letters chosen here and a number. A value of the user's is bound in
    the namespace (`constant`, `bind`), never written (INV-Q2).

Compiling
    Statements that differ in names and constants alone (which are bound, not written) have one text, and one code object;
    those that differ in the numbers of columns, too, have one form of text, and Python's compiler runs once for it
    (`code_forms`).

What it does not do: know SQL.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any, Final

from aerodb_dbapi.executor.budgets import level
from aerodb_dbapi.executor.code_forms import code_of
from aerodb_dbapi.executor.runtime import NAMES


class Frame:
    """The text of one function under way."""

    __slots__ = ("defined", "depth", "lines", "start", "used")

    def __init__(self) -> None:
        self.start: list[str] = []  # statements that come first, without indentation
        self.lines: list[str] = []
        self.depth = 1
        self.used: set[str] = set()
        self.defined: set[str] = set()

    def text(self, depth: int) -> list[str]:
        """All lines."""
        return ["    " * depth + line for line in self.start] + self.lines

    def free(self) -> list[str]:
        """Row variables that must come from outside, in a fixed order."""
        return sorted(self.used - self.defined)


class Block:
    """A compound statement of a function under way, while its body is written."""

    __slots__ = ("frame", "header", "start")

    def __init__(self, frame: Frame, header: str) -> None:
        self.frame = frame
        self.header = header

    def __enter__(self) -> None:
        frame = self.frame
        frame.lines.append("    " * frame.depth + self.header)
        frame.depth += 1
        self.start = len(frame.lines)

    def __exit__(self, *error: object) -> None:
        frame = self.frame
        if len(frame.lines) == self.start:
            frame.lines.append("    " * frame.depth + "pass")
        frame.depth -= 1


HELD: Final = "trees"
MEMOS: Final = ("m", "h")  # prefixes of functions that fill a memo
QUERIES: Final = ("f", "part")  # and of those that give rows


class Unit:
    """One generated function with everything nested in it."""

    def __init__(self, kind: str, signature: str = "session, trees, params") -> None:
        self.kind = kind
        self.signature = signature
        self.namespace: dict[str, Any] = dict(NAMES)
        self.head: list[str] = []
        self.afterwards: list[str] = []  # functions that are compiled when they are first called (`later`)
        self.frames: list[Frame] = [Frame()]
        self._counter = count()
        self.meters = level()  # see `budgets`
        self.live = False  # trees are taken anew at each use: the unit's rows are asked for while a statement writes
        self._hoisted: dict[str, str] = {}
        self._views: list[str] = []
        self._constants: dict[Any, str] = {}

    # --- names and values

    def name(self, prefix: str) -> str:
        """A name not given before."""
        return f"{prefix}{next(self._counter)}_"

    def bind(self, value: Any, prefix: str = "g") -> str:
        """Put an object into the namespace; its name. The same object gets the same name."""
        key = (prefix, id(value))
        if key not in self._constants:
            name = self._constants[key] = self.name(prefix)
            self.namespace[name] = value
        return self._constants[key]

    def constant(self, value: Any) -> str:
        """The name under which a SQL value is bound; None is written as such."""
        if value is None:
            return "None"
        key = (value.__class__, repr(value) if value.__class__ is float else value)
        if key not in self._constants:
            name = self._constants[key] = self.name("c")
            self.namespace[name] = value
        return self._constants[key]

    def hoist(self, text: str, prefix: str = "q") -> str:
        """A head variable holding `text`, which may use only names of the head. The same text gets the same
        variable."""
        if text not in self._hoisted:
            name = self._hoisted[text] = self.name(prefix)
            self.head.append(f"    {name} = {text}")
        return self._hoisted[text]

    def parameter(self, index: int) -> str:
        """The head variable of a parameter."""
        return self.hoist(f"params[{index}]", "p")

    def tree(self, tree_id: int, as_of: int | None = None) -> str:
        """The head variable of a tree, taken before the first row is asked for: a running query keeps its state."""
        if as_of is None and self.live:
            return f"trees[{tree_id}]"
        if as_of is None:
            return self.hoist(f"trees[{tree_id}]", "t")
        view = self.hoist(f"session.database.root_at({self.constant(as_of)}).trees", "view")
        if view not in self._views:
            self._views.append(view)
        return self.hoist(f"{view}[{tree_id}]", "t")

    def held(self, text: str, how: str = "hold") -> str:
        """Text of rows, which a budget is told of if there is one (`budgets.Use`)."""
        return f"session.{how}({text})" if self.meters > 1 else text

    def hold(self) -> None:
        """Write that the current function uses the states it reads for as long as it runs (INV-G5)."""
        self.line(HELD)

    def memo(self, initial: str = "UNSET") -> str:
        """A head variable that a nested function will set once per run."""
        name = self.name("s")
        self.head.append(f"    {name} = {initial}")
        return name

    # --- frames and lines

    @property
    def frame(self) -> Frame:
        return self.frames[-1]

    def use(self, variable: str) -> None:
        """Note that the current function's text refers to a row variable."""
        self.frames[-1].used.add(variable)

    def define(self, *variables: str) -> None:
        """Note that the current function's text gives row variables their values."""
        self.frames[-1].defined.update(variables)

    def temp(self) -> str:
        """A fresh local variable of the current function, for an assignment expression."""
        name = self.name("v")
        self.define(name)
        return name

    def line(self, text: str) -> None:
        frame = self.frames[-1]
        frame.lines.append("    " * frame.depth + text)

    def reserve(self) -> Callable[[str], None]:
        """Keep a place for a line whose text is known later; the function that fills it."""
        frame = self.frames[-1]
        place, depth = len(frame.lines), frame.depth
        frame.lines.append("")

        def fill(text: str) -> None:
            frame.lines[place] = "    " * depth + text

        return fill

    def block(self, header: str) -> Block:
        """A compound statement, as a context; everything written inside is its body."""
        return Block(self.frames[-1], header)

    def function(
        self, write: Callable[[], None], prefix: str = "f", arguments: list[str] | None = None
    ) -> tuple[str, list[str]]:
        """Write a nested function with `write`; its name and the row variables it must be called with (`arguments`, if
        they are given)."""
        name = self.name(prefix)
        frame = Frame()
        frame.depth = 2
        self.frames.append(frame)
        try:
            write()
        finally:
            self.frames.pop()
        free = frame.free() if arguments is None else arguments
        if arguments is None:
            self.frames[-1].used.update(free)
        if self.meters > 1 and (prefix in MEMOS or (free and prefix in QUERIES)):
            batches = any(line.lstrip().startswith("yield") for line in frame.lines)
            kind = "keeping" if prefix in MEMOS and not free else "releasing_batches" if batches else "releasing"
            self.head.append(f"    @session.{kind}")
        self.head.append(f"    def {name}({', '.join(free)}):")
        self.head.extend(frame.text(2))
        return name, free

    # --- the end

    def source(self) -> str:
        """The whole text."""
        lines = [f"def {self.kind}({self.signature}):"]
        lines.extend(self.head)
        lines.extend(self.frames[0].text(1))
        if self._views:
            held = ", ".join((HELD, *self._views))
            lines = [line.replace(HELD, held) if line.strip() == HELD else line for line in lines]
        return "\n".join(lines) + "\n"

    def finish(self) -> tuple[Callable[..., Any], str]:
        """Compile the text; the function and its source. Tracebacks show it as long as the function lives."""
        source = self.source()
        exec(code_of(source, self.kind), self.namespace)
        function: Callable[..., Any] = self.namespace[self.kind]
        return function, "\n".join([source, *self.afterwards]) if self.afterwards else source
