# Two commands do everything on a fresh machine with Python 3.11 or newer: `make demo` and `make test`.
# `make check` adds format, lint, types and tidy. Each makes its own environment first.

PYTHON ?= $(firstword $(foreach p,python3.11 python3.12 python3.13 python3 python,$(shell command -v $(p) 2>/dev/null)))
VENV ?= .venv
PY := $(VENV)/bin/python
WORKERS ?= 2
STAMP := $(VENV)/.installed

.PHONY: demo test test-long check docs bench bench-concurrency clean suite-cpython suite-dbapi suite-django suite-programs suite-python314 suite-sqlalchemy suite-tpch

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "AeroDB needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[demo,test,test-shell,check]'
	-$(PY) -m pip install --quiet --disable-pip-version-check --only-binary :all: 'sqlglot[c]>=30.8,<31'
	touch $@

demo: $(STAMP)
	$(PY) examples/demo.py

test: $(STAMP)
	$(PY) -m pytest -n $(WORKERS) -q -m 'not long'

test-long: $(STAMP)
	$(PY) -m pytest -n $(WORKERS) -q

check: $(STAMP)
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall --target $(VENV)/typed .
	MYPYPATH=$(VENV)/typed $(VENV)/bin/mypy --python-executable $(PY) -p aerodb_dbapi
	$(PY) -m pytest -q tests/test_tidy.py

# The site, into site/. A warning is an error. The reference reads an installed copy, in which the rooms are one package.
docs: $(STAMP)
	$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall --target $(VENV)/reference .
	NO_MKDOCS_2_WARNING=1 REFERENCE=$(VENV)/reference $(VENV)/bin/mkdocs build --strict --quiet

suite-cpython: $(STAMP)
	$(PY) tests/suites/cpython.py

# Python 3.14 as WebAssembly, in node, for where there is no other; with the tests of PYTHON, best python3.13.
suite-python314: $(STAMP)
	npm install --silent --prefix $(VENV)-python314 'pyodide@314'
	$(PY) tests/suites/python314.py $(VENV)-python314

suite-dbapi: $(STAMP)
	$(PY) -m pip install --quiet --disable-pip-version-check 'dbapi-compliance>=1.15,<2'
	$(PY) tests/suites/dbapi.py

# With DJANGO=4.2 (5.2, 6.1, …) in an environment of its own with that release; Django 6 wants PYTHON=python3.12 or newer.
suite-django: $(if $(DJANGO),,$(STAMP))
ifdef DJANGO
	test -d $(VENV)-django$(DJANGO) || $(PYTHON) -m venv $(VENV)-django$(DJANGO)
	$(VENV)-django$(DJANGO)/bin/python -m pip install --quiet --disable-pip-version-check --editable . 'django==$(DJANGO).*'
	$(VENV)-django$(DJANGO)/bin/python tests/suites/django_labels.py
else
	$(PY) tests/suites/django_labels.py
endif

# An environment of its own, for what other programs need.
suite-programs: $(STAMP)
	test -d $(VENV)-programs || $(PYTHON) -m venv $(VENV)-programs
	$(VENV)-programs/bin/python -m pip install --quiet --disable-pip-version-check --editable . -r tests/suites/programs.txt
	$(VENV)-programs/bin/python tests/suites/programs.py

# The TPC-H queries on AeroDB, sqlite3 and DuckDB.
suite-tpch: $(STAMP)
	$(PY) -m pip install --quiet --disable-pip-version-check 'duckdb>=1.0'
	$(PY) tests/suites/tpch.py

# With SQLALCHEMY=2.0 in an environment of its own with that release.
suite-sqlalchemy: $(if $(SQLALCHEMY),,$(STAMP))
ifdef SQLALCHEMY
	test -d $(VENV)-sqlalchemy$(SQLALCHEMY) || $(PYTHON) -m venv $(VENV)-sqlalchemy$(SQLALCHEMY)
	$(VENV)-sqlalchemy$(SQLALCHEMY)/bin/python -m pip install --quiet --disable-pip-version-check --editable . 'sqlalchemy[asyncio]==$(SQLALCHEMY).*' 'pytest>=8,<10'
	$(VENV)-sqlalchemy$(SQLALCHEMY)/bin/python tests/suites/sqlalchemy_dialect/run.py
else
	$(PY) tests/suites/sqlalchemy_dialect/run.py
endif

bench: $(STAMP)
	$(PY) benchmarks/run.py

bench-concurrency: $(STAMP)
	$(PY) benchmarks/concurrency.py
	$(PY) benchmarks/concurrency.py --sync-ms 2 --only "inserts"
	$(PY) benchmarks/concurrency.py --sync-ms 2 --only "disjoint"

clean:
	rm -rf $(VENV) build site *.egg-info .pytest_cache .mypy_cache .ruff_cache
