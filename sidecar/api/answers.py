"""Answers as JSON, written by `sidecar.core.json_text`."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask.json.provider import DefaultJSONProvider

from sidecar.core.json_text import text, written


class Json(DefaultJSONProvider):
    """Writes what `jsonify` and views return; reads as Flask does."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """JSON text; TypeError for what JSON cannot hold."""
        return text(obj, self.default)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """An answer with this JSON."""
        body = written(self._prepare_response_obj(args, kwargs), self.default)
        return Response(body, mimetype=self.mimetype)
