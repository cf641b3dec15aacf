"""Schemathesis over the sidecar's own OpenAPI document: all routes, every kind of caller, no surprise.

    make fuzz                 # 40 good and 20 bad requests for each route and caller; EXAMPLES=200 for more
    make fuzz SEED=7 ROUTE=/api/v1/runs

A real app over SQLite with a paired shop, runs, proposals, logins, keys and clients. Each request is made by
schemathesis from the document, right or wrong on purpose, partly with ids that exist, then signed or given a
token just before it enters the app, as a caller's own client would. Of each answer is asked:

- no 5xx, but a 503 or 502 that says what is away where the route asks another system;
- status, content type, headers and body are those of the document;
- wrong requests are refused, right ones are not refused as malformed;
- 401 and 403 come where the table of who may call what says so (`sidecar.api.table`), and nowhere else.

Prints each finding with a curl line, then one line of JSON. Exit code 1 when there was one.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import re
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis.errors import Unsatisfiable
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks as known
from sqlalchemy import update

from sidecar.api.shield import KINDS
from sidecar.api.table import Route, may, routes
from sidecar.app import create_app
from sidecar.db import write
from sidecar.db.app import jobs
from sidecar.security.roles import ROLES, SCOPES
from sidecar.security.tokens import canonical_path
from sidecar.settings import Settings
from tests.sidecar.api.callers import World
from tests.sidecar.kit import ANNA, ERIC, tiny_registry
from tests.sidecar.stock_kit import ask, good, product, supplier

CHECKS: list[Any] = [
    schemathesis.checks.not_a_server_error, known.status_code_conformance, known.content_type_conformance,
    known.response_headers_conformance, known.response_schema_conformance, known.negative_data_rejection,
]  # fmt: skip
AWAY = (502, 503)
GATE = {
    "approval_needs_person", "scope_missing", "signature_missing", "https_required", "address_not_allowed",
    "rate_limited", "forbidden",
}  # fmt: skip
"""Codes that say: not you."""
POSITIVE, NEGATIVE = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
Head = Callable[[str, str, list[tuple[str, str]], bytes], dict[str, str]]


ITEM = 771_122
UNROUTED = "The requested URL was not found on the server."
"""Of a path that fits no route, such as a word where a number belongs."""


@dataclass(frozen=True)
class Caller:
    """Who calls: `head` gives the headers of a request; the rest is what the table asks for."""

    name: str
    head: Head
    kind: str | None = None
    scopes: frozenset[str] = frozenset()
    manages: bool = False


@dataclass
class Report:
    """What was asked and found; a finding is counted once for each route, caller and kind."""

    requests: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    findings: dict[tuple[str, str, str], str] = field(default_factory=dict)
    say: Callable[[str], None] = lambda _: None

    def add(self, route: str, caller: str, what: str, words: str) -> None:
        """Notes a finding; the first of its kind is told at once."""
        if (route, caller, what) not in self.findings:
            self.findings[(route, caller, what)] = words
            self.say(f"{route} as {caller}: {what}\n    {words}\n")


class Front:
    """The app with a caller before it, who signs each request as it leaves."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.caller: Caller | None = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Signs and hands on (PEP 3333)."""
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        environ.pop("HTTP_AUTHORIZATION", None)
        environ["REMOTE_ADDR"] = "127.0.0.1"
        if self.caller is not None:
            path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
            query = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)
            for name, value in self.caller.head(environ["REQUEST_METHOD"], path, query, body).items():
                environ["HTTP_" + name.upper().replace("-", "_")] = value
        return self.app(environ, start_response)


def callers(world: World, tokens: dict[str, str]) -> list[Caller]:
    """Everybody who may come with something good, and nobody; `tokens` are those of the roles' logins."""

    def signed(who: Any) -> Head:
        return lambda method, path, query, body: {
            "Authorization": f"Bearer {world.shop.token(method, canonical_path(path, query), body, who=who)}"
        }

    def bearer(text: str) -> Head:
        return lambda *_: {"Authorization": f"Bearer {text}"}

    def login(role: str) -> Head:
        return lambda *_: {"Authorization": f"Bearer {tokens[role]}"}

    every = frozenset(SCOPES)
    return [
        Caller("person", signed(ANNA), "plugin", manages=True),
        Caller("plugin", signed(None), "plugin"),
        Caller("person without the right", signed(ERIC), "plugin"),
        *(Caller(role, login(role), "user", held) for role, held in ROLES.items()),
        Caller("key", bearer(world.key(every)), "key", every),
        Caller("client", bearer(world.client(every)), "client", every),
        Caller("nobody", lambda *_: {}),
    ]


class Fuzz:
    """One app under test with everything that there can be in it."""

    def __init__(self, folder: Path, *, seed: int = 1) -> None:
        rates = {f"rate_{kind}": "1000000/minute" for kind in KINDS}
        given: dict[str, Any] = {"data_dir": folder, "log_level": "CRITICAL", "debounce_s": 0, **rates}
        self.app = create_app(Settings(_env_file=None, **given), tiny_registry())  # type: ignore[call-arg]
        self.world = World(self.app)
        self.front, self.report, self.seed = Front(self.app), Report(), seed
        self.random = random.Random(seed)
        self.tokens = {role: self.world.token(role) for role in ROLES}
        self.callers = callers(self.world, self.tokens)
        self.routes = {(one.method, _documented(one.path)): one for one in routes(self.app)}
        document = _without_tokens(self.app.api_doc)  # type: ignore[attr-defined]
        self.schema = schemathesis.openapi.from_dict(document)
        self.schema.app = self.front
        self.ids: dict[str, list[str]] = {}
        product(self.world.shop, ITEM)
        self.fill()

    def fill(self) -> None:
        """Things to ask for: fresh ones each time, since people delete and decide."""
        shop = self.world.shop
        with write(self.world.engine) as conn:  # what strangers asked for is not done: it may take for ever
            conn.execute(update(jobs).where(jobs.c.state == "queued").values(state="done"))
        runs = [shop.run({"product": self.random.randrange(1, 10**6)}) for _ in range(2)]
        proposals = [ident for run in runs for ident in run["proposals"]]
        user, session = self.world.login("analyst")
        syncs = [self.world.shop.send("POST", "/api/v1/sync", {}, who=ANNA).get_json()["job"]]
        silk = supplier(shop, f"Silk {self.random.randrange(10**9)}")
        line = {"item_id": ITEM, "quantity": 24}
        order = {"supplier_id": silk, "lines": [line]}
        drafts = [good(ask(shop, "POST", "purchase-orders", order))["orders"][0]["id"] for _ in range(2)]
        good(ask(shop, "POST", f"purchase-orders/{drafts[0]}/mark-sent", {}))
        self.ids = {
            "suppliers": [silk], "purchase-orders": drafts, "supplies": [str(ITEM)], "stock": [str(ITEM)],
            "items": [str(ITEM)], "runs": [run["id"] for run in runs], "proposals": proposals, "jobs": syncs,
            "users": [user.id],
            "sessions": [session], "agents": ["cut-price", "only-look"],
        }  # fmt: skip

    def run(self, good: int, bad: int, *, only: str = "", who: Iterable[str] = (), part: int = 1) -> Report:
        """Asks all routes as all callers; those that end the pairing come last. With `part`, each caller asks
        only every so many routes, and the next caller others."""
        found = [result.ok() for result in self.schema.get_all_operations()]
        wanted = [one for one in found if only in one.path]
        wanted.sort(key=lambda one: one.path.startswith("/api/v1/pairing"))
        names = set(who)
        for n, caller in enumerate(self.callers):
            if names and caller.name not in names:
                continue
            for operation in wanted[n % part :: part]:
                self.ask(operation, caller, POSITIVE, good)
                self.ask(operation, caller, NEGATIVE, bad)
            self.fill()
        return self.report

    def ask(self, operation: Any, caller: Caller, mode: GenerationMode, times: int) -> None:
        """So many requests of one route by one caller."""
        if not times or (mode is NEGATIVE and not _can_be_wrong(operation)):
            return

        @seeded(self.seed)
        @settings(
            max_examples=times, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy(generation_mode=mode))
        def each(case: Any) -> None:
            self.one(operation, caller, case)

        try:
            each()
        except Unsatisfiable:
            return  # nothing of this route can be wrong in this way

    def one(self, operation: Any, caller: Caller, case: Any) -> None:
        """One request and what is asked of its answer."""
        if case.meta is None or case.meta.generation.mode is POSITIVE:
            self._aim(operation.path, case)
        self.front.caller = caller
        answer = case.call(headers={"X-DevSkyy-Version": "0.1.0"})
        self.report.requests += 1
        status = answer.status_code
        self.report.statuses[status] = self.report.statuses.get(status, 0) + 1
        label = operation.label
        away = status in AWAY and _says_what_is_away(answer)
        try:
            case.validate_response(answer, checks=CHECKS[1:] if away else CHECKS)
        except FailureGroup as group:
            for failure in group.exceptions:
                self.report.add(label, caller.name, type(failure).__name__, _words(failure, case, answer))
        except Exception as failure:
            self.report.add(label, caller.name, type(failure).__name__, _words(failure, case, answer))
        for what in self.gate(
            self.routes[(operation.method.upper(), operation.path)], caller, status, answer
        ):
            self.report.add(label, caller.name, what, f"{status}: {answer.text[:300]}")
        if status == 200:
            self.mend(operation.label, caller.name)

    def mend(self, label: str, name: str) -> None:
        """Begins anew what a caller ended for itself."""
        if label == "DELETE /api/v1/pairing":
            self.world.shop.pair()
        if label == "POST /api/v1/auth/logout":
            self.tokens[name] = self.world.token(name)

    def gate(self, route: Route, caller: Caller, status: int, answer: Any) -> Iterator[str]:
        """What of the answer contradicts the table."""
        allowed = may(route, caller.kind, caller.scopes, manages=caller.manages)
        local = route.rule == "local"  # these requests come from this machine
        code = _code(answer)
        unrouted = status == 404 and UNROUTED in answer.text  # said to everybody, before anybody is asked
        if not allowed and not local and not unrouted and status not in (401, 403):
            yield "let in"
        if allowed and (code in GATE or (status == 401 and route.rule != "open")):
            yield "kept out"

    def _aim(self, path: str, case: Any) -> None:
        """Half of the right requests ask for what exists."""
        parts = path.split("/")
        for name in case.path_parameters or {}:
            known_ids = self.ids.get(parts[parts.index("{" + name + "}") - 1])
            if known_ids and self.random.random() < 0.5:
                case.path_parameters[name] = self.random.choice(known_ids)

    def close(self) -> None:
        """Gives back files."""
        self.world.rt.close()


@contextmanager
def fuzzing(seed: int = 1) -> Iterator[Fuzz]:
    """A Fuzz in a folder of its own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="devskyy-fuzz-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = Fuzz(Path(folder), seed=seed)
        try:
            yield made
        finally:
            made.close()


def _without_tokens(document: dict[str, Any]) -> dict[str, Any]:
    """The document without its security, since `Front` adds the token: else its absence would be tried."""
    made: dict[str, Any] = json.loads(json.dumps(document))
    made.pop("security", None)
    for item in made["paths"].values():
        for operation in item.values():
            operation.pop("security", None)
    return made


def _documented(path: str) -> str:
    """A rule of the URL map as the document writes it."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path)


def _can_be_wrong(operation: Any) -> bool:
    return bool(list(operation.iter_parameters())) or bool(operation.body)


def _code(answer: Any) -> str:
    try:
        error = answer.json().get("error")
    except (ValueError, AttributeError):
        return ""
    return str(error.get("code", "")) if isinstance(error, dict) else ""


def _says_what_is_away(answer: Any) -> bool:
    return bool(_code(answer)) and _code(answer) != "internal"


def _words(failure: Any, case: Any, answer: Any) -> str:
    text = str(getattr(failure, "message", None) or failure)
    return f"{text[:600]}\n    {case.as_curl_command()[:600]}\n    {answer.status_code}: {answer.text[:300]}"


def main() -> int:
    """Runs it all and prints the findings."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--examples", type=int, default=40, help="right requests for each route and caller")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--route", default="", help="only routes whose path holds this")
    parser.add_argument("--caller", action="append", default=[], help="only this caller; may be repeated")
    given_ = parser.parse_args()
    began = time.monotonic()
    with fuzzing(given_.seed) as fuzz:
        fuzz.report.say = lambda text: print(text, flush=True)
        report = fuzz.run(given_.examples, given_.examples // 2, only=given_.route, who=given_.caller)
    statuses = {str(status): n for status, n in sorted(report.statuses.items())}
    seconds = round(time.monotonic() - began)
    figures = {"requests": report.requests, "statuses": statuses, "findings": len(report.findings)}
    print(json.dumps({**figures, "seconds": seconds, "seed": given_.seed}))
    return 1 if report.findings or not report.requests else 0


if __name__ == "__main__":
    sys.exit(main())
