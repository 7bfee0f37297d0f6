"""What the first argument of `connect` names: a path, a database in memory, or a URI (https://www.sqlite.org/uri.html).

    file:data.db?mode=ro                    reading only; the file must exist
    file:data.db?immutable=1                the same, of a file that nobody writes: no locks, no look at the log
    file:data.db?mode=rw                    reading and writing; the file must exist
    file:/data/my.db, file:///data/my.db    absolute paths; %20 and the like are decoded
    file::memory:?cache=shared              the database in memory that all such connections of the process share
    file:name?mode=memory&cache=shared      the same by another name
    file:/name?vfs=memdb                    the same, of names of their own; without the slash a database for this connection alone

Otherwise `vfs` must be one of SQLite's names for the way to files of a system, and changes nothing. Other parameters (psow, nolock) are
read over, as SQLite does with those it does not know.

>>> locate("file:a%20b?mode=ro", True)
Location(path='a b', memory=False, shared=None, read_only=True, immutable=False, create=False)
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote

from aerodb_dbapi.storage.errors import OperationalError

_MODES = ("ro", "rw", "rwc", "memory")
_SYSTEMS = ("unix", "unix-dotfile", "unix-excl", "unix-none", "win32", "win32-longpath", "win32-none")


class Location(NamedTuple):
    """Where a database is. `shared` is the name of a database in memory that connections share."""

    path: str
    memory: bool = False
    shared: str | None = None
    read_only: bool = False
    immutable: bool = False
    create: bool = True


def locate(name: str, uri: bool) -> Location:
    """The location that a name means. Raises OperationalError for a URI that is wrong."""
    if not uri or not name.startswith("file:"):
        return Location(name, memory=name in (":memory:", ""))
    rest = name[len("file:") :].partition("#")[0]
    rest, _, query = rest.partition("?")
    path = unquote(_without_authority(rest), errors="surrogateescape")
    options = _options(query)
    mode = options.get("mode", "rwc")
    if mode not in _MODES:
        raise OperationalError(f"no such access mode: {mode}")
    vfs = options.get("vfs", "unix")
    if vfs == "memdb":
        return Location(path, memory=True, shared=f"memdb:{path}" if path.startswith("/") else None)
    if vfs not in _SYSTEMS:
        raise OperationalError(f"no such vfs: {vfs}")
    cache = options.get("cache", "private")
    if cache not in ("shared", "private"):
        raise OperationalError(f"no such cache mode: {cache}")
    if mode == "memory" or path in (":memory:", ""):
        return Location(path, memory=True, shared=path if cache == "shared" and path else None)
    immutable = options.get("immutable", "0").lower() in ("1", "on", "yes", "true")
    read_only = mode == "ro" or immutable
    return Location(path, read_only=read_only, immutable=immutable, create=mode == "rwc" and not read_only)


def _without_authority(rest: str) -> str:
    """The path of a URI; its authority must be empty or localhost."""
    if not rest.startswith("//"):
        return rest
    authority, slash, path = rest[2:].partition("/")
    if authority not in ("", "localhost"):
        raise OperationalError(f"invalid uri authority: {authority}")
    return slash + path


def _options(query: str) -> dict[str, str]:
    """The parameters; the last of equal names counts."""
    pairs = (part.partition("=") for part in query.split("&") if part)
    return {unquote(name): unquote(value) for name, _, value in pairs}
