"""AeroDB: an embedded SQL database in Python, used as a PEP 249 driver."""
