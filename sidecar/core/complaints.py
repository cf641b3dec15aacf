"""What is wrong with an input, field by field, in words for whoever sent it."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

NO_FIELD = "There is no such field."
WORDS: dict[str, str] = {
    "missing": "is needed",
    "extra_forbidden": NO_FIELD,
    "greater_than_equal": "must be {ge} or more",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be {le} or less",
    "less_than": "must be less than {lt}",
    "finite_number": "must be a number, not NaN or infinite",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number with fewer digits",
    "int_type": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "decimal_parsing": "must be a number such as 12.50",
    "decimal_type": "must be a number such as 12.50",
    "decimal_max_places": "must have at most {decimal_places} decimal places",
    "string_type": "must be text",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "holds signs, or has a form, that cannot be here",
    "too_short": "must have at least {min_length} entries, not {actual_length}",
    "too_long": "must have at most {max_length} entries, not {actual_length}",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "date_parsing": "must be a day such as 2026-12-24",
    "date_type": "must be a day such as 2026-12-24",
    "date_from_datetime_parsing": "must be a day such as 2026-12-24",
}
"""By Pydantic's type of error; what is not here keeps Pydantic's own words."""


def complaints(error: ValidationError, prefix: str = "") -> dict[str, str]:
    """A validation error as `{path: complaint}`."""
    parts = error.errors(include_url=False, include_input=False)
    return {prefix + (".".join(str(step) for step in part["loc"]) or "body"): _words(part) for part in parts}


def _words(part: Any) -> str:
    values = {key: _plain(value) for key, value in part.get("ctx", {}).items()}
    if values.get("min_length") == "1":
        return "must not be empty"
    words = WORDS.get(part["type"])
    # Of our own checks Pydantic repeats the words behind a heading.
    return words.format(**values) if words else str(part["msg"]).removeprefix("Value error, ")


def _plain(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"{value:,}" if isinstance(value, int) else str(value)
