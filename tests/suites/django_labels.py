"""Run Django's own tests of its database layer on the backend `aerodb_dbapi.compat.django`, and print the counts beside SQLite's.

    python tests/suites/django_labels.py              both backends, the table of counts, unexpected results
    python tests/suites/django_labels.py LABEL …      only these labels, on AeroDB, with tracebacks
    python tests/suites/django_labels.py --cache DIR  where Django's source distribution is kept (default: in the environment)

The tests come from the source distribution of the installed Django, which pip downloads once; they are not part of this project. Labels run
in groups, each in a process of its own, one test after the other.

`EXPECTED` names the tests that are known to fail, each with its reason; docs/django.md repeats them. The exit code is 1 if any other
test fails that does not fail on SQLite too.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

EXPECTED: dict[str, str] = {}
"""Pattern of test ids that pass on SQLite only → why."""

GROUPS = """
basic lookup ordering update update_only_fields delete delete_regress get_or_create bulk_create get_earliest_or_latest
backends transactions transaction_hooks select_for_update
queries null_queries null_fk null_fk_ordering or_lookups xor_lookups reverse_lookup string_lookup nested_foreign_keys
aggregation aggregation_regress annotations distinct_on_fields filtered_relation dates datetimes timezones
expressions expressions_case expressions_window
db_functions db_typecasts db_utils datatypes
model_fields field_defaults from_db_value composite_pk constraints indexes model_indexes
introspection inspectdb schema
migrations migration_test_data_persistence migrate_signals
select_related select_related_onetoone select_related_regress prefetch_related known_related_objects defer defer_regress
many_to_many many_to_one many_to_one_null one_to_one m2m_and_m2o m2m_intermediary m2m_multiple m2m_recursive m2m_regress m2m_signals
m2m_through m2m_through_regress m2o_recursive mutually_referential foreign_object generic_relations generic_relations_regress
custom_columns custom_lookups custom_managers custom_methods custom_pk raw_query extra_regress force_insert_update
model_inheritance model_inheritance_regress model_regress model_utils proxy_models proxy_model_inheritance order_with_respect_to
fixtures fixtures_regress serializers multiple_database queryset_pickle save_delete_hooks unmanaged_models swappable_models pagination
cache contenttypes_tests validation model_formsets model_formsets_regress
admin_changelist admin_filters admin_views auth_tests sessions_tests
"""

ENGINES = {"aerodb": "aerodb_dbapi.compat.django", "sqlite3": "django.db.backends.sqlite3"}


@dataclass
class Counts:
    """What became of the tests."""

    run: int = 0
    skipped: int = 0
    failed: set[str] = field(default_factory=set)

    @property
    def passed(self) -> int:
        """Those that ran to their end as they should."""
        return self.run - self.skipped - len(self.failed)

    def add(self, other: Counts) -> None:
        """Those of another group too."""
        self.run += other.run
        self.skipped += other.skipped
        self.failed |= other.failed


def tests_of_django(cache: Path) -> Path:
    """The folder of Django's tests, downloaded and unpacked if need be."""
    release = version("django")
    folder = cache / f"django-{release}" / "tests"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        source = ["--no-binary", ":all:", "--no-deps", f"django=={release}", "--dest", str(cache)]
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", *source], check=True)
        archive = next(path for path in cache.iterdir() if path.name.lower() == f"django-{release}.tar.gz")
        with tarfile.open(archive) as packed:
            packed.extractall(cache, filter="data")
        unpacked = cache / f"Django-{release}"
        if unpacked.exists() and not folder.exists():
            unpacked.rename(cache / f"django-{release}")
    return folder


def labels_of(group: str, tests: Path) -> list[str]:
    """The labels of a group that this Django has."""
    return [label for label in group.split() if (tests / label).is_dir()]


def measure(engine: str, labels: list[str], tests: Path, *, show: bool = False) -> Counts:
    """Run labels on an engine in a process of their own."""
    with tempfile.TemporaryDirectory() as folder:
        settings = (tests / "test_sqlite.py").read_text().replace(ENGINES["sqlite3"], ENGINES[engine])
        Path(folder, "labels_settings.py").write_text(settings)
        paths = [folder, os.environ.get("PYTHONPATH", "")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        command = ["-W", "ignore", "runtests.py", "--settings=labels_settings", "--parallel=1", "--noinput", *labels]
        done = subprocess.run(
            [sys.executable, *command],
            cwd=tests, env=environment, text=True, check=False,
            stdout=None if show else subprocess.PIPE, stderr=None if show else subprocess.STDOUT,
        )  # fmt: skip
    return Counts() if show else read_counts(done.stdout, labels)


def read_counts(output: str, labels: list[str]) -> Counts:
    """The counts in what the test runner printed. A run that did not end counts as failed."""
    ran = re.search(r"^Ran (\d+) tests? in", output, re.M)
    if ran is None:
        print(output[-2000:])
        return Counts(run=1, failed={f"the run of {' '.join(labels)}"})
    last = output[ran.end() :]
    skipped = re.search(r"skipped=(\d+)", last)
    names = re.findall(r"^(?:ERROR|FAIL|UNEXPECTED SUCCESS): (\w+ \(.*?\)|\w+)", output, re.M)
    return Counts(int(ran[1]), int(skipped[1]) if skipped else 0, set(names))


def report(ours: Counts, theirs: Counts) -> int:
    """Print the table and what was not expected."""
    print(f"\nDjango {version('django')}\n{'':10}{'run':>7}{'passed':>8}{'failed':>8}{'skipped':>9}")
    for name, found in (("aerodb", ours), ("sqlite3", theirs)):
        print(f"{name:10}{found.run:7}{found.passed:8}{len(found.failed):8}{found.skipped:9}")
    known = {name for name in ours.failed if any(re.search(pattern, name) for pattern in EXPECTED)}
    unexpected = sorted(ours.failed - known - theirs.failed)
    for name in unexpected:
        print(f"unexpected failure: {name}")
    return bool(unexpected)


def main() -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser()
    parser.add_argument("labels", nargs="*")
    parser.add_argument("--cache", type=Path, default=Path(sys.prefix, "django-tests"))
    options = parser.parse_args()
    tests = tests_of_django(options.cache)
    if options.labels:
        measure("aerodb", options.labels, tests, show=True)
        return 0
    ours, theirs = Counts(), Counts()
    for group in GROUPS.strip().splitlines():
        labels = labels_of(group, tests)
        here, there = measure("aerodb", labels, tests), measure("sqlite3", labels, tests)
        ours.add(here)
        theirs.add(there)
        print(
            f"{here.run:6}{len(here.failed):5} failed{len(there.failed):5} on sqlite3   {' '.join(labels)}", flush=True
        )
    return report(ours, theirs)


if __name__ == "__main__":
    sys.exit(main())
