"""The one table of who may call what: the rule of each view with the scopes of roles, for docs and tests."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from flask import Flask

from sidecar.api.access import ANY, LOCAL, OPEN, PERSON, SIGNED
from sidecar.api.shield import PROBE, kind_of
from sidecar.security.roles import ROLES, SCOPES

WORDS = {
    OPEN: "anybody",
    LOCAL: "anybody on the same machine, else `status:read`",
    SIGNED: "the plugin",
    PERSON: "a person in wp-admin",
    ANY: "whoever is known",
}
LIMITS = {"open": "open", "sign_in": "sign-in", "read": "read", "write": "write", "run": "run"}
YES, NO = "●", "·"
HEAD = f"""\
<!-- Made by `devskyy access`; change the views' rules or sidecar/security/roles.py instead. -->
# Who may call what

Every view states its rule (`sidecar/api/access.py`), and `sidecar/security/roles.py` says which scopes a
role holds; a view without a rule is closed. This page is made from the two, and the tests derive from them
what each caller must be answered (`tests/sidecar/api/test_matrix.py`).

*Roles* are those of a login (`POST /api/v1/auth/login`). *Key, client*: the scope that an API key or an OAuth
client needs. *Plugin*: a request signed by the paired plugin, for a person or for itself; *person*: signed
for somebody in wp-admin who may manage the shop. No scope approves, rejects, snoozes or undoes.
{YES} = may call, {NO} = 401 or 403.
"""
FOOT = """
## Limits

Settings `DEVSKYY_RATE_…` ([settings.md](settings.md)), counted over all processes. *sign-in* counts each
address and each login, *open* each address; the others each key, user or client. The plugin has the limit
*plugin* everywhere, per shop. Requests that are refused before anybody is known count as *failed*, per
address; they never stand in the way of a caller with a good token. `DEVSKYY_RATE_ROUTES` gives single routes
a limit of their own for each key, user or client.
"""


@dataclass(frozen=True)
class Route:
    """One method of one path with the rule of its view; "" for a view without one, which nobody may call."""

    method: str
    path: str
    endpoint: str
    rule: str
    moving: bool = False

    @property
    def scope(self) -> str | None:
        """The scope that keys and tokens need here, or None where none helps."""
        if self.rule == LOCAL:
            return "status:read"
        return self.rule if self.rule in SCOPES else None


def routes(app: Flask) -> Iterator[Route]:
    """All routes of an app in the order of their paths."""
    found = []
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        kept = str(getattr(view, "__access__", "")), bool(getattr(view, "__moving__", False))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            found.append(Route(method, rule.rule, rule.endpoint, *kept))
    yield from sorted(found, key=lambda one: (one.path, one.method))


def may(route: Route, kind: str | None, scopes: Collection[str] = (), *, manages: bool = False) -> bool:
    """Whether a caller of this kind (None: nobody known, from another machine) may call the route."""
    if route.rule == OPEN:
        return True
    if kind is None or not route.rule:
        return False
    if route.rule == PERSON:
        return kind == "plugin" and manages
    if kind == "plugin" or route.rule == ANY:
        return True
    return route.scope is not None and route.scope in scopes


def page(app: Flask) -> str:
    """docs/access.md: every route, who may call it, and its rate limit."""
    roles = list(ROLES)
    scopes = (
        f"| `{scope}` | {words} | {_marks(scope in ROLES[role] for role in roles)} |"
        for scope, words in SCOPES.items()
    )
    lines = [
        HEAD,
        f"| route | for | {' | '.join(roles)} | key, client | plugin | person | limit |",
        f"|---|---|{':-:|' * len(roles)}---|:-:|:-:|---|",
        *map(_line, routes(app)),
        "",
        "## Scopes",
        "",
        f"| scope | lets its holder | {' | '.join(roles)} |",
        f"|---|---|{':-:|' * len(roles)}",
        *scopes,
        FOOT,
    ]
    return "\n".join(lines)


def _line(route: Route) -> str:
    path = re.sub(r"<(?:[^:>]+:)?(\w+)>", r"{\1}", route.path)
    roles = _marks(may(route, "user", scopes) for scopes in ROLES.values())
    anybody = route.rule in (OPEN, ANY)
    words = WORDS.get(route.rule) or (f"`{route.rule}`" if route.rule else "nobody")
    holders = YES if anybody else f"`{route.scope}`" if route.scope else NO
    plugin = _marks((may(route, "plugin"), may(route, "plugin", manages=True)))
    return f"| `{route.method} {path}` | {words} | {roles} | {holders} | {plugin} | {_limit(route)} |"


def _limit(route: Route) -> str:
    if route.path == PROBE:
        return "none"
    kind = None if route.rule == OPEN else "plugin" if route.rule in (SIGNED, PERSON) else "user"
    return LIMITS.get(kind_of(kind, route.rule, route.method), "plugin")


def _marks(given: Collection[bool] | Iterator[bool]) -> str:
    return " | ".join(YES if one else NO for one in given)
