"""Room ``storage``: values, errors, the file seam, copy-on-write trees, log, transactions, catalog."""
