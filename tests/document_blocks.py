"""Runs the code blocks of a Markdown document, as `tests/test_documents.py` does for the README and everything under docs/.

A document is one session. Its blocks run in their order, in an empty folder, with one Python namespace and one connection in memory:

    ```python     a script, or, where it has `>>>`, a doctest
    ```sql        statements for the connection `db`. Lines `-- …` straight after a statement are the rows that it must give,
                  values separated by `|` as the command line prints them, or `error: ` and its message
    ```console    `$ command` lines for a shell, each followed by what it must print; `...` stands for anything

What the reader need not see, but the blocks need, stands in a comment of HTML:

    <!-- hidden sql
    CREATE TABLE item(id INTEGER PRIMARY KEY);
    -->

A block that cannot run says so, with its reason, in the line before it: `<!-- not run: it needs a network -->`. The test knows how many
there are. `Document.not_run` has their reasons.
"""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aerodb_dbapi
from aerodb_dbapi.planner.front import split_script

LANGUAGES = ("python", "sql", "console")
_BLOCK = re.compile(
    r"^(?:<!-- not run: (?P<reason>[^\n]+) -->\n)?(?P<indent> *)```(?P<language>\w+)[^\n]*\n(?P<code>.*?)^(?P=indent)```"
    r"|^<!-- hidden (?P<hidden>\w+)\n(?P<hidden_code>.*?)^-->",
    re.M | re.S,
)
_ROWS = re.compile(r"^-- ?(.*)$")


@dataclass
class Block:
    """One block: what it is written in, its text, its first line in the document, why it is not run (None: it is)."""

    language: str
    code: str
    line: int
    reason: str | None = None


@dataclass
class Document:
    """A document and the session of its blocks."""

    path: Path
    namespace: dict[str, Any] = field(default_factory=lambda: {"__name__": "document"})
    connection: aerodb_dbapi.Connection | None = None

    @property
    def blocks(self) -> list[Block]:
        """Those in a language that runs, in order."""
        text = self.path.read_text()
        found = []
        for match in _BLOCK.finditer(text):
            language = match["language"] or match["hidden"]
            start = match.start("code") if match["language"] else match.start("hidden_code")
            if language in LANGUAGES:
                code = match["code"] if match["language"] else match["hidden_code"]
                indent = match["indent"] or ""
                code = re.sub(rf"^{indent}", "", code, flags=re.M)
                found.append(Block(language, code, text.count("\n", 0, start) + 1, match["reason"]))
        return found

    @property
    def not_run(self) -> list[str]:
        """Why blocks are not run, one reason for each."""
        return [block.reason for block in self.blocks if block.reason is not None]

    def run(self, folder: Path) -> int:
        """Run all blocks; how many ran. The current directory must be `folder`."""
        before = os.getcwd()
        assert Path(before).resolve() == folder.resolve()
        ran = 0
        try:
            for block in self.blocks:
                if block.reason is None:
                    getattr(self, f"_run_{block.language}")(block)
                    ran += 1
        finally:
            if self.connection is not None:
                self.connection.close()
        return ran

    # --- Python ---

    def _run_python(self, block: Block) -> None:
        if ">>> " in block.code:
            self._run_doctest(block)
            return
        # Padded, so that a traceback names the line of the document.
        code = compile("\n" * (block.line - 1) + block.code, str(self.path), "exec", dont_inherit=True)
        exec(code, self.namespace)

    def _run_doctest(self, block: Block) -> None:
        test = doctest.DocTestParser().get_doctest(
            block.code, self.namespace, self.path.name, str(self.path), block.line - 1
        )
        said: list[str] = []
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
        failed, tried = runner.run(test, out=said.append, clear_globs=False)
        self.namespace.update(test.globs)
        assert tried > 0 and failed == 0, "".join(said)

    # --- SQL ---

    def _run_sql(self, block: Block) -> None:
        """Statements, and the rows that comments after them promise."""
        db = self.namespace.get("db")
        if not isinstance(db, aerodb_dbapi.Connection):
            db = self.connection = aerodb_dbapi.connect(":memory:", isolation_level=None)
            self.namespace["db"] = db
        for statement, promised in statements(block.code):
            try:
                given = ["|".join(map(shown, row)) for row in db.execute(statement)]
            except aerodb_dbapi.Error as error:
                given = [f"error: {error}"]
                assert promised, f"{self.path.name}:{block.line}: {statement}: {error}"
            if promised:
                assert given == promised, f"{self.path.name}:{block.line}: {statement}: {given}"

    # --- A shell ---

    def _run_console(self, block: Block) -> None:
        """Commands and what they print, errors too."""
        checker = doctest.OutputChecker()
        before, *parts = re.split(r"^\$ ", block.code, flags=re.M)
        assert parts and not before.strip(), f"{self.path.name}:{block.line}: commands begin with `$ `"
        for part in parts:
            command, _, expected = part.partition("\n")
            while command.endswith("\\"):
                more, _, expected = expected.partition("\n")
                command = f"{command}\n{more}"
            given = shell(command)
            assert checker.check_output(expected.rstrip() + "\n", given.rstrip() + "\n", doctest.ELLIPSIS), (
                f"{self.path.name}:{block.line}: $ {command}\n{given}"
            )


def shell(command: str) -> str:
    """What a command prints in the current directory. `python` is the running one, and `aerodb` its shell, installed or not."""
    start = "from aerodb_dbapi.shell.main import main; raise SystemExit(main())"
    command = f"aerodb() {{ python -c '{start}' \"$@\"; }}\n{command}"
    paths = [os.path.dirname(sys.executable), os.environ.get("PATH", "")]
    done = subprocess.run(
        ["bash", "-c", command],
        env={**os.environ, "PATH": os.pathsep.join(paths), "COLUMNS": "120"},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300,
    )  # fmt: skip
    return done.stdout


def statements(code: str) -> list[tuple[str, list[str]]]:
    """The statements of a block, each with the rows that the comment lines after it promise."""
    found: list[tuple[str, list[str]]] = []
    waiting: list[str] = []
    for line in code.splitlines():
        row = _ROWS.match(line)
        if row is not None and not waiting and found:
            found[-1][1].append(row[1])
            continue
        waiting.append(line)
        if line.split("-- ")[0].rstrip().endswith(";") and aerodb_dbapi.complete_statement("\n".join(waiting)):
            found += [(text, []) for text in split_script("\n".join(waiting))]
            waiting = []
        elif not line.strip():
            waiting = [text for text in waiting if text.strip()]
    if any(text.strip() for text in waiting):
        found += [(text, []) for text in split_script("\n".join(waiting))]
    return found


def shown(value: Any) -> str:
    """A value as the command line prints it."""
    if value is None:
        return ""
    return f"X'{value.hex().upper()}'" if isinstance(value, bytes) else str(value)
