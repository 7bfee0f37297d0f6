"""Lines from a terminal by prompt_toolkit: colours, completion as one types, history, several lines.

Return ends the input where a statement is complete or a dot command stands; else it begins a new line. Alt-Return ends it always. The
line at the bottom says where one is.

Example: ``loop(session)`` until Ctrl-D.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.lexers import Lexer, PygmentsLexer, SimpleLexer
from prompt_toolkit.styles import Style

from aerodb_dbapi.planner.front import is_blank, is_complete
from aerodb_dbapi.shell.completion import candidates
from aerodb_dbapi.shell.plain import attempt, prompt_of, state_folder
from aerodb_dbapi.shell.session import Session

_STYLE = Style.from_dict({
    "prompt": "bold ansicyan",
    "transaction": "bold ansiyellow",
    "asof": "bold ansimagenta",
    "bottom-toolbar": "noreverse ansibrightblack",
    "pygments.keyword": "bold ansiblue",
    "pygments.literal.string": "ansigreen",
    "pygments.literal.number": "ansicyan",
    "pygments.name.builtin": "ansimagenta",
    "pygments.comment": "ansibrightblack",
})  # fmt: skip


class Names(Completer):
    """Completion from the schema."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """What may take the place of the word before the cursor."""
        if not complete_event.completion_requested and not document.text_before_cursor[-1:].strip(" \t\n,();"):
            return
        try:
            word, found = candidates(self.session, document.text_before_cursor, document.text_after_cursor)
        except Exception:  # a completion that fails must not disturb typing
            return
        for text, kind in found[:200]:
            yield Completion(text, start_position=-len(word), display_meta=kind)


def _history() -> History:
    folder = state_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "history"
        with open(path, "a", encoding="utf-8"):
            pass
    except OSError:
        return InMemoryHistory()
    return FileHistory(str(path))


def _lexer() -> Lexer:
    try:
        from pygments.lexers.sql import SqlLexer
    except ImportError:
        return SimpleLexer()
    return PygmentsLexer(SqlLexer)


def _is_whole(text: str) -> bool:
    """Does Return end the input?"""
    return text.startswith(".") or is_complete(text) or is_blank(text)


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @Condition
    def whole() -> bool:
        from prompt_toolkit.application import get_app

        buffer = get_app().current_buffer
        return _is_whole(buffer.text) and not (buffer.complete_state and buffer.complete_state.current_completion)

    @keys.add("enter", filter=whole)
    def _(event: Any) -> None:
        event.current_buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def _(event: Any) -> None:
        event.current_buffer.validate_and_handle()

    return keys


def _prompt(session: Session) -> FormattedText:
    kind = "asof" if session.view is not None else "transaction" if session.connection.in_transaction else "prompt"
    return FormattedText([(f"class:{kind}", prompt_of(session))])


def _toolbar(session: Session) -> str:
    where = (
        f"as of commit {session.view.commit_id}"
        if session.view is not None
        else f"commit {session.connection.commit_id}"
    )
    transaction = "   transaction open: COMMIT or ROLLBACK" if session.connection.in_transaction else ""
    return f" {where}{transaction}   mode {session.style.mode}   .help"


def loop(session: Session) -> None:
    """Read and run until the end of the input; `Leave` comes from .quit."""
    prompts: PromptSession[str] = PromptSession(
        history=_history(),
        auto_suggest=AutoSuggestFromHistory(),
        completer=Names(session),
        complete_while_typing=True,
        lexer=_lexer(),
        multiline=True,
        key_bindings=_keys(),
        prompt_continuation=lambda width, number, wrapped: "." * (width - 1) + " ",
        bottom_toolbar=lambda: _toolbar(session),
        style=_STYLE,
        include_default_pygments_style=False,
        reserve_space_for_menu=6,
    )
    while True:
        try:
            text = prompts.prompt(lambda: _prompt(session))
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        if text.strip():
            attempt(session, text)
