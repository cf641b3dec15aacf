"""Checks of REST arguments with WordPress's complaints, and the error that carries them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ISO = re.compile(r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})?$")


class RestError(Exception):
    """An answer in WordPress's error shape; `more` joins `status` in `data`."""

    def __init__(self, code: str, message: str, status: int, more: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.body: dict[str, Any] = {
            "code": code,
            "message": message,
            "data": {"status": status, **(more or {})},
        }
        self.status = status


@dataclass(frozen=True)
class Complaint:
    """Why one argument is refused."""

    code: str
    message: str
    data: Any = None


Check = Callable[[str, Any], Any]


class Refused(Exception):
    """Raised by a check; carries the complaint."""

    def __init__(self, code: str, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.complaint = Complaint(code, message, data)


# Checks of single arguments. WordPress takes numbers and switches as text too, since queries are text.


def integer(low: int | None = None, high: int | None = None, null: bool = False) -> Check:
    """A whole number, also as text, within bounds."""
    kind = "integer,null" if null else "integer"

    def check(name: str, value: Any) -> int | None:
        if null and value is None:
            return None
        if isinstance(value, bool) or not re.fullmatch(r"-?\d+(\.0+)?", str(value)):
            raise Refused("rest_invalid_type", f"{name} is not of type {kind}.", {"param": name})
        number = int(float(value))
        if low is not None and high is not None and not low <= number <= high:
            raise Refused(
                "rest_out_of_bounds", f"{name} must be between {low} (inclusive) and {high} (inclusive)"
            )
        if low is not None and number < low:
            raise Refused("rest_out_of_bounds", f"{name} must be greater than or equal to {low}")
        return number

    return check


def boolean(name: str, value: Any) -> bool:
    """True or false, also as text or 0 and 1."""
    text = str(value).lower()
    if text not in ("true", "false", "0", "1"):
        raise Refused("rest_invalid_type", f"{name} is not of type boolean.", {"param": name})
    return text in ("true", "1")


def text(name: str, value: Any) -> str:
    """A string; numbers are refused, as WordPress does."""
    if not isinstance(value, str):
        raise Refused("rest_invalid_type", f"{name} is not of type string.", {"param": name})
    return value


def anything(name: str, value: Any) -> Any:
    """Whatever was sent."""
    return value


def choice(*options: str) -> Check:
    """One of the options."""

    def check(name: str, value: Any) -> str:
        if value not in options:
            raise _not_one_of(name, options)
        return str(value)

    return check


def choices(*options: str) -> Check:
    """A comma-separated list or array of options."""

    def check(name: str, value: Any) -> list[str]:
        values = value.split(",") if isinstance(value, str) else list(value)
        for position, one in enumerate(values):
            if one not in options:
                raise _not_one_of(f"{name}[{position}]", options)
        return values

    return check


def _not_one_of(name: str, options: Sequence[str]) -> Refused:
    listed = f"{', '.join(options[:-1])}{',' if len(options) > 2 else ''} and {options[-1]}"
    return Refused("rest_not_in_enum", f"{name} is not one of {listed}.")


def date(name: str, value: Any) -> str:
    """An ISO 8601 moment, as UTC without a zone mark."""
    if not isinstance(value, str) or not ISO.match(value):
        raise Refused("rest_invalid_date", "Invalid date.")
    return utc(value)


def ids(name: str, value: Any) -> list[int]:
    """A comma-separated list or array of ids; words count as 0, as in WordPress."""
    values = re.split(r"[\s,]+", value) if isinstance(value, str) else value
    return [abs(int(v)) if re.fullmatch(r"-?\d+", str(v)) else 0 for v in values if v != ""]


def objects(name: str, value: Any) -> list[dict[str, Any]]:
    """An array of objects."""
    if not isinstance(value, list):
        raise Refused("rest_invalid_type", f"{name} is not of type array.", {"param": name})
    for position, one in enumerate(value):
        if not isinstance(one, dict):
            at = f"{name}[{position}]"
            raise Refused("rest_invalid_type", f"{at} is not of type object.", {"param": at})
    return value


PAGING: dict[str, Check] = {
    "page": integer(1),
    "per_page": integer(1, 100),
    "offset": integer(0),
    "order": choice("asc", "desc"),
    "include": ids,
    "exclude": ids,
    "search": text,
}
DATES: dict[str, Check] = {
    "after": date,
    "before": date,
    "modified_after": date,
    "modified_before": date,
    "dates_are_gmt": boolean,
}


def check(values: Mapping[str, Any], spec: Mapping[str, Check]) -> dict[str, Any]:
    """Every known value through its check; RestError rest_invalid_param names all that fail."""
    found, wrong = {}, {}
    for name, value in values.items():
        if name in spec:
            try:
                found[name] = spec[name](name, value)
            except Refused as error:
                wrong[name] = error.complaint
    if wrong:
        raise RestError(
            "rest_invalid_param",
            f"Invalid parameter(s): {', '.join(wrong)}",
            400,
            {
                "params": {name: c.message for name, c in wrong.items()},
                "details": {
                    name: {"code": c.code, "message": c.message, "data": c.data} for name, c in wrong.items()
                },
            },
        )
    return found


def utc(value: str) -> str:
    """An ISO 8601 moment as `2026-11-24T06:35:00` in UTC; without a zone it is UTC already."""
    moment = dt.datetime.fromisoformat(value.replace("Z", "+00:00"))
    if moment.tzinfo is not None:
        moment = moment.astimezone(dt.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S")
