"""A database backend for Django: ``ENGINE = "aerodb_dbapi.compat.django"`` (Django 4.2 LTS, 5.2 LTS and newer).

    DATABASES = {
        "default": {
            "ENGINE": "aerodb_dbapi.compat.django",
            "NAME": BASE_DIR / "db.aerodb",
            "OPTIONS": {"retries": 3},          # optional, see `retry`
        }
    }

AeroDB speaks SQLite's dialect, so the backend is Django's own for SQLite with another driver under it. Its modules have the names that
Django looks for; each one says what it changes. The vendor stays ``"sqlite"``: that is how Django, and the packages around it,
choose the SQL of a dialect (``as_sqlite`` methods, `connection.vendor`).

- `base` the connection: driver, converters, cursors with Django's parameter style
- `features`, `operations` what Django's backend asks the version of the standard library's SQLite for
- `functions` the SQL functions that Django computes in Python
- `creation` test databases
- `introspection`, `schema` as for SQLite
- `client` ``manage.py dbshell`` runs AeroDB's command line
- `retry` transactions that are run again after a `SerializationError`
- `testing` one fork of the database per test
"""
