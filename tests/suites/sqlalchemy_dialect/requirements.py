"""What the compliance suite may ask of a dialect: what SQLAlchemy's own tests ask of its SQLite dialect (its test/requirements.py).

`OPEN` and `SKIP` hold where that differs from `SuiteRequirements`, `FAILS` the tests that must fail on SQLite. Schemas are attached
databases, as the suite has them there.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.testing import exclusions
from sqlalchemy.testing.requirements import SuiteRequirements

OPEN = """
    autocommit boolean_col_expressions check_constraint_reflection computed_columns computed_columns_reflect_persisted
    computed_columns_stored computed_columns_virtual ctes ctes_with_values date_historic datetime_historic datetime_literals
    dbapi_lastrowid emulated_lastrowid emulated_lastrowid_even_with_sequences except_ expression_server_defaults fetch_expression
    fetch_offset_with_options fk_constraint_option_reflection_ondelete_noaction fk_constraint_option_reflection_ondelete_restrict
    fk_constraint_option_reflection_onupdate_restrict float_or_double_precision_behaves_generically
    foreign_key_constraint_name_reflection foreign_key_constraint_option_reflection_ondelete
    foreign_key_constraint_option_reflection_onupdate has_temp_table index_ddl_if_exists indexes_check_column_order indexes_with_expressions
    infinity_floats inline_check_constraint_reflection intersect isolation_level json_array_indexes json_type
    legacy_unconditional_json_extract mod_operator_as_percent_sign non_updating_cascade nullsordering nvarchar_types
    order_by_collation order_by_label_with_expression percent_schema_names precision_numerics_enotation_small
    precision_numerics_retains_significant_digits reflect_table_options reflects_pk_names regexp_match
    repeated_column_foreign_keys schemas server_defaults skip_autocommit_rollback supports_bitwise_and supports_bitwise_not
    supports_bitwise_or supports_bitwise_shift supports_bitwise_xor table_ddl_if_exists temp_table_names temporary_views
    tuple_in tuple_in_w_empty unicode_ddl update_from view_column_reflection view_reflection views window_functions
"""
SKIP = """
    foreign_keys implicitly_named_constraints independent_connections json_index_supplementary_unicode_element nested_aggregates
    on_update_cascade on_update_or_deferrable_fks
"""
FAILS = """
    cast_precision_numerics_many_significant_digits numeric_received_as_decimal_untyped
    parens_in_union_contained_select_w_limit_offset parens_in_union_contained_select_wo_limit_offset
    precision_numerics_many_significant_digits
"""


class Requirements(SuiteRequirements):
    """See the module's text; the properties are made from the lists."""

    def get_order_by_collation(self, config: Any) -> str:
        """A collation to sort by."""
        return "NOCASE"

    def get_isolation_levels(self, config: Any) -> dict[str, Any]:
        """The levels to test."""
        levels = list(config.db.dialect.get_isolation_level_values(None))
        return {"default": "SERIALIZABLE", "supported": levels}


def _in_file(config: Any) -> bool:
    return config.db.url.database not in (None, "", ":memory:")


def _add(names: str, rule: Any) -> None:
    for name in names.split():
        setattr(Requirements, name, property(lambda self: rule()))


_add(OPEN, exclusions.open)
_add(SKIP, exclusions.closed)
_add(FAILS, lambda: exclusions.fails("as on SQLite"))
_add("independent_readonly_connections", lambda: exclusions.only_if(_in_file))
# Whether a cursor streams is asked in ways that only drivers which the suite knows by name can answer.
_add("server_side_cursors", exclusions.closed)
