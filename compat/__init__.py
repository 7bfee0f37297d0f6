"""Room ``compat``: what lets other software use AeroDB (ORM dialects, import and export of other formats).

It is the left-most room: it may import from every other one, and none imports from it.
`compat.django` is a database backend for Django.
`compat.sqlalchemy` is a dialect for SQLAlchemy, `compat.peewee` has a database class for peewee.
`compat.pytest_aerodb` is the plugin for pytest, installed as the package `pytest_aerodb`.
Each needs the software it is for, so none is imported here.
"""
