"""The baseline of `bench_api`: Flask and gunicorn answering the same JSON from memory, and nothing else.

    BENCH_ANSWERS=answers.json gunicorn -k gthread -w 2 --threads 8 'bench.bare:make()'

`answers.json` maps paths with their query to bodies; every POST is read as JSON and answered by its path.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from flask import Flask, request


def make() -> Flask:
    """The application."""
    app = Flask("bare", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    answers: dict[str, Any] = json.loads(Path(os.environ["BENCH_ANSWERS"]).read_text())

    def answer(path: str) -> Any:
        if request.method == "POST":
            request.get_json()
        query = request.query_string.decode()
        return answers[f"/{path}?{query}" if query else f"/{path}"]

    app.add_url_rule("/<path:path>", view_func=answer, methods=["GET", "POST"])
    return app
