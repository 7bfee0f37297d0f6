"""The pytest plugin: a database is loaded once in a session, and every test has a fork of its own to write to.

    # conftest.py
    import pytest

    @pytest.fixture(scope="session")
    def aerodb_source():
        return "schema.sql"                 # a script, a database file, SQL text, a function, or a list of these

    # test_shop.py
    def test_selling(aerodb):               # a connection to a fork: what is written here nobody else sees
        aerodb.execute("DELETE FROM stock")

    @pytest.mark.aerodb("other.sql")        # another source for this test, class or module
    def test_other(aerodb): ...

Loading
    A `Template` is the database of one source, in memory, made when the first test asks for it and kept for the session. Its content is
    one commit (`CorruptionError` if a file is damaged). Sources are known by their value: the same path or function is loaded once.

Forking
    `Connection.fork()` shares everything that it does not change with the template, so that it takes as long for a large database as for
    a small one, and nothing has to be undone afterwards: the fork is closed.

The package is `pytest_aerodb`, apart from `aerodb_dbapi`, for pytest imports its plugins at every start: the driver is imported when a
test asks for a database.

What it does not do: share one fork among processes. Under pytest-xdist each worker loads its own template.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

import pytest

if TYPE_CHECKING:
    from aerodb_dbapi import Connection

Source = Union[str, "os.PathLike[str]", Callable[["Connection"], Any], Sequence[Any], None]

_SETTING = "aerodb_source"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The setting `aerodb_source` of the configuration file."""
    parser.addini(_SETTING, "scripts or database files that the fixture aerodb begins with", type="paths", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """The marker."""
    config.addinivalue_line("markers", "aerodb(source): what the fixture aerodb begins with in this test")


class Template:
    """The database of one source, loaded: ``template.fork()`` gives connections to copies of it."""

    def __init__(self, source: Source, options: dict[str, Any], folder: Path) -> None:
        from aerodb_dbapi import connect

        self.options = options
        self.connection = connect(":memory:", **options)
        try:
            _load(self.connection, source, folder)
            self.connection.commit()
        except BaseException:
            self.connection.close()
            raise

    def fork(self, **options: Any) -> Connection:
        """A connection to a copy that is its own. `options`: those of `connect`, over those of the template."""
        made: Connection = self.connection.fork(**{**self.options, **options})
        return made


class Templates:
    """The templates of a session, by source."""

    def __init__(self, options: dict[str, Any], folder: Path) -> None:
        self.options = options
        self.folder = folder
        self._made: dict[Any, Template] = {}

    def of(self, source: Source) -> Template:
        """The template of a source, loaded at the first call."""
        key = _key(source)
        if key not in self._made:
            self._made[key] = Template(source, self.options, self.folder)
        return self._made[key]

    def close(self) -> None:
        """Close all."""
        for template in self._made.values():
            template.connection.close()


def _key(source: Source) -> Any:
    """What a source is known by."""
    if isinstance(source, (list, tuple)):
        return tuple(map(_key, source))
    return os.fspath(source) if isinstance(source, os.PathLike) else source


def _load(connection: Connection, source: Source, folder: Path) -> None:
    """Bring a source into a database in memory."""
    if source is None:
        return
    if isinstance(source, (list, tuple)):
        for one in source:
            _load(connection, one, folder)
    elif callable(source):
        source(connection)
    elif isinstance(source, str) and ";" in source:
        connection.executescript(source)
    elif isinstance(source, (str, os.PathLike)):
        _load_file(connection, folder / os.fspath(source))
    else:
        raise TypeError(f"a source of a database is a path, SQL text or a function, not {type(source).__name__}")


def _load_file(connection: Connection, path: Path) -> None:
    """Run a script, or take the content of a database file over."""
    from aerodb_dbapi import connect

    if path.suffix.lower() == ".sql":
        connection.executescript(path.read_text(encoding="utf-8"))
        return
    with closing(connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as file:
        file.backup(connection)


@pytest.fixture(scope="session")
def aerodb_source(pytestconfig: pytest.Config) -> Source:
    """What the database begins with: the setting `aerodb_source`. To be overridden."""
    paths: list[Path] = pytestconfig.getini(_SETTING)
    return paths


@pytest.fixture(scope="session")
def aerodb_options() -> dict[str, Any]:
    """The arguments of `connect` for template and forks. To be overridden."""
    return {}


@pytest.fixture(scope="session")
def aerodb_templates(aerodb_options: dict[str, Any], pytestconfig: pytest.Config) -> Iterator[Templates]:
    """The databases loaded in this session: ``aerodb_templates.of(source).fork()``. Paths begin at pytest's root folder."""
    with closing(Templates(aerodb_options, pytestconfig.rootpath)) as templates:
        yield templates


@pytest.fixture
def aerodb_template(request: pytest.FixtureRequest, aerodb_templates: Templates) -> Template:
    """The template of the test's marker, else that of `aerodb_source`."""
    marker = request.node.get_closest_marker("aerodb")
    source = request.getfixturevalue("aerodb_source") if marker is None else marker.args[0] if marker.args else None
    return aerodb_templates.of(source)


@pytest.fixture
def aerodb_fork(aerodb_template: Template) -> Iterator[Callable[..., Connection]]:
    """A function that gives one more fork of the test's database at each call, with options of `connect`."""
    made: list[Connection] = []

    def fork(**options: Any) -> Connection:
        made.append(aerodb_template.fork(**options))
        return made[-1]

    yield fork
    for connection in made:
        connection.close()


@pytest.fixture
def aerodb(aerodb_template: Template) -> Iterator[Connection]:
    """A connection to a fork of the test's database. It is the test's own."""
    with closing(aerodb_template.fork()) as connection:
        yield connection
