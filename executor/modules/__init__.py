"""The table-valued functions: each a `planner.modules.TableModule`; `registry.MODULES` lists them."""
