"""A small shop on Django and AeroDB: models, migrations, admin, tests."""
