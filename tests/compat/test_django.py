"""The backend for Django: the example's own tests, also in parallel and on files; its migrations there and back.

Each command runs in a process of its own, for Django keeps its settings for the whole of one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("django")

ROOT = Path(__file__).resolve().parents[2]
SHOP = ROOT / "examples/django_shop"
DOCUMENT = ROOT / "docs/django.md"

PROGRAM = """\
import multiprocessing, sys
if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv.pop(1))
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)
"""
"""`manage.py` with its start method of processes. It is a file because workers that are started anew import it."""


def run(*arguments: str, **variables: str) -> str:
    """What a command prints; it must succeed."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "shop.settings", "SHOP_DATABASE": ":memory:", **variables}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(SHOP), environment.get("PYTHONPATH")]))
    environment["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), environment.get("PATH", "")])
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=SHOP, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_shop_passes_its_tests() -> None:
    output = run("manage.py", "test", "--noinput")
    assert "\nOK\n" in output
    assert int(output.split("Ran ")[1].split()[0]) >= 22


@pytest.mark.parametrize("method", ["fork", pytest.param("spawn", marks=pytest.mark.long)])
def test_parallel_tests(method: str, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    output = run(
        str(program),
        method,
        "test",
        "--noinput",
        "--parallel",
        "2",
        "shop.tests.ChangeTests",
        "shop.tests.TransactionTests",
    )
    assert "\nOK\n" in output and output.count("Cloning test database") == 2
    assert not list(SHOP.glob("*.sqlite3"))


@pytest.mark.parametrize("parallel", [(), ("--parallel", "2")], ids=["one process", "two processes"])
def test_a_test_database_in_a_file(parallel: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "test.db"
    labels = ["shop.tests.ChangeTests", "shop.tests.ConcurrencyTests"]
    output = run("manage.py", "test", "--noinput", *parallel, *labels, SHOP_TEST_DATABASE=str(file))
    assert "\nOK\n" in output
    assert not list(tmp_path.iterdir())


FORKING = """
import os, threading, unittest
from django.conf import settings
settings.configure(
    DATABASES={alias: {"ENGINE": "aerodb_dbapi.compat.django", "NAME": ":memory:", "TEST": {"FORK": alias == "default"}}
               for alias in ("default", "emptied")},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "shop"], USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
import django
django.setup()
from django.contrib.auth.models import Permission
from django.core.management.commands import flush
from django.db import connection, transaction
from django.test import TestCase, TransactionTestCase
from django.test.runner import DiscoverRunner
from shop.models import Tag

flushed = []
original = flush.Command.handle
def handle(self, **options):
    flushed.append(options["database"])
    return original(self, **options)
flush.Command.handle = handle

class Committing(TransactionTestCase):
    def test(self):
        self.assertGreater(Permission.objects.count(), 0)
        self.assertEqual(Tag.objects.count(), 0)
        with transaction.atomic():
            Tag.objects.create(word="committed")
        found = []
        def look():
            found.extend(Tag.objects.values_list("word", flat=True))
            Tag.objects.create(word="thread")
            connection.close()
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        self.assertEqual((found, Tag.objects.count()), (["committed"], 2))
    test_again = test

class Both(TransactionTestCase):
    databases = {"default", "emptied"}
    def test(self):
        self.assertEqual(Tag.objects.using("emptied").count(), 0)
        for alias in self.databases:
            Tag.objects.using(alias).create(word="x")
    test_again = test

class Broken(TransactionTestCase):
    fixtures = ["missing"]
    def test(self): ...

class Plain(TestCase):
    def test(self):
        self.assertEqual(Tag.objects.count(), 0)
        Tag.objects.create(word="x")
    test_again = test

class Runner(DiscoverRunner):
    def build_suite(self, *arguments, **options):
        load = unittest.defaultTestLoader.loadTestsFromTestCase
        return unittest.TestSuite(map(load, (Plain, Broken, Both, Committing, Both)))

results = Runner(verbosity=0).run_tests([])
assert results == 1, results
assert flushed == ["emptied"] * 4, flushed
"""


def test_every_transaction_test_on_a_fork(tmp_path: Path) -> None:
    """The option FORK: commits are real, threads see them, and nothing is emptied; other databases are as ever."""
    program = tmp_path / "program.py"
    program.write_text(FORKING)
    output = run(str(program))
    assert "Ran 8 tests" in output and "No fixture named 'missing' found" in output


def test_the_shop_passes_its_tests_on_forks() -> None:
    output = run("manage.py", "test", "--noinput", SHOP_TEST_FORK="1")
    assert "\nOK\n" in output


def test_migrations_on_a_file_there_and_back(tmp_path: Path) -> None:
    file = str(tmp_path / "shop.db")
    assert "No changes detected" in run("manage.py", "makemigrations", "--check", "--dry-run", SHOP_DATABASE=file)
    for target in ((), ("shop", "0001"), ("shop", "zero"), ("shop",)):
        run("manage.py", "migrate", *target, SHOP_DATABASE=file)
    models = run("manage.py", "inspectdb", "shop_product", "shop_line", SHOP_DATABASE=file)
    for text in ("name = models.CharField(max_length=100)", "attributes = models.JSONField()", "stock = models.PositiveIntegerField()",
                 "unique_together = (('category', 'name'),)", "code = models.CharField(unique=True, max_length=20"):  # fmt: skip
        assert text in models
    assert (
        run("manage.py", "dbshell", "--", "SELECT count(*) FROM django_migrations", SHOP_DATABASE=file).strip() == "20"
    )


def test_a_wrong_number_of_retries_is_refused() -> None:
    program = """
import django
django.setup()
from django.db import connection
connection.settings_dict["OPTIONS"]["retries"] = -1
connection.ensure_connection()
"""
    with pytest.raises(AssertionError, match=r"'retries'. must be a whole number, not -1"):
        run("-c", program)


INSERTING = """
import django, sys, threading
from django.conf import settings
options = {} if sys.argv[1] == "default" else {"autoincrement": False}
settings.configure(
    DATABASES={"default": {"ENGINE": "aerodb_dbapi.compat.django", "NAME": "file:keys?mode=memory&cache=shared", "OPTIONS": options}},
    INSTALLED_APPS=["django.contrib.contenttypes", "shop"], USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from shop.models import Category
call_command("migrate", verbosity=0)

def other():
    Category.objects.create(name="other")

with transaction.atomic():
    Category.objects.create(name="mine", parent=None)
    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
"""


@pytest.mark.parametrize("keys", ["default", "without"])
def test_two_transactions_insert_with_automatic_keys(tmp_path: Path, keys: str) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        INSERTING + "assert Category.objects.count() == 2\ncall_command('flush', interactive=False, verbosity=0)\n"
    )
    assert run(str(program), keys) == ""


def test_the_code_of_the_document_runs(tmp_path: Path) -> None:
    """The first block is a part of the settings, the others run with the example's models."""
    settings, *blocks = (block.split("```")[0] for block in DOCUMENT.read_text().split("```python\n")[1:])
    assert blocks
    start = f"""
from pathlib import Path
BASE_DIR = Path({str(tmp_path)!r})
{settings}
import django
from django.conf import settings
settings.configure(DATABASES=DATABASES, INSTALLED_APPS=["django.contrib.contenttypes", "shop"], USE_TZ=True,
                   DEFAULT_AUTO_FIELD="django.db.models.BigAutoField")
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
"""
    program = tmp_path / "program.py"
    program.write_text("\n".join([start, *blocks]))
    assert run(str(program)) == ""
    assert (tmp_path / "db.aerodb").exists()
