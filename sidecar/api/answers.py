"""Answers as JSON text, by orjson: several times as quick as the standard library."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import orjson
from flask import Response
from flask.json.provider import DefaultJSONProvider


class Json(DefaultJSONProvider):
    """Writes what `jsonify` and views return; reads as Flask does."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """JSON text; TypeError for what JSON cannot hold."""
        return text(obj, self.default)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """An answer with this JSON."""
        body = written(self._prepare_response_obj(args, kwargs), self.default)
        return Response(body, mimetype=self.mimetype)


def written(value: Any, default: Callable[[Any], Any] | None = None) -> bytes:
    """A value as JSON in UTF-8, NaN as null; `default` turns what JSON does not know into what it does."""
    try:
        return orjson.dumps(value, default, orjson.OPT_NON_STR_KEYS)
    except TypeError:  # half a surrogate pair, a number beyond 64 bits
        return json.dumps(value, default=default, separators=(",", ":")).encode()


def text(value: Any, default: Callable[[Any], Any] | None = None, **_: Any) -> str:
    """As `written`, as text."""
    return written(value, default).decode()
