"""Room ``compat``: what lets other software use AeroDB (ORM dialects, import and export of other formats).

It is the left-most room: it may import from every other one, and none imports from it.
Empty until the compatibility work begins; see ``docs/architecture.md``.
"""
