"""JSON text by orjson: several times as quick as the standard library."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import orjson


def written(value: Any, default: Callable[[Any], Any] | None = None) -> bytes:
    """A value as JSON in UTF-8, NaN as null; `default` turns what JSON does not know into what it does."""
    try:
        return orjson.dumps(value, default, orjson.OPT_NON_STR_KEYS)
    except TypeError:  # half a surrogate pair, a number beyond 64 bits
        return json.dumps(value, default=default, separators=(",", ":")).encode()


def text(value: Any, default: Callable[[Any], Any] | None = None, **_: Any) -> str:
    """As `written`, as text."""
    return written(value, default).decode()
