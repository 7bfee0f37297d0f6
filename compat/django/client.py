"""``manage.py dbshell``: AeroDB's command line on the database's file.

python manage.py dbshell -- "SELECT count(*) FROM auth_user"     runs  aerodb FILE "SELECT count(*) FROM auth_user"
"""

from __future__ import annotations

from django.db.backends.sqlite3 import client


class DatabaseClient(client.DatabaseClient):
    """The command line of ``[project.scripts]``."""

    executable_name = "aerodb"
