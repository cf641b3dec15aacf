"""Where a person may stand in the sidecar's tables, and how they are found and taken out there.

A buyer is known by keyed e-mail hashes and customer numbers, staff by WordPress user id and login. Both may
be named inside texts and JSON: by those values, by the mirror's buyer number, or by an e-mail address, which
is hashed to compare.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, Text, cast, func, or_, true

from sidecar.db.app import (
    acts,
    agent_settings,
    api_keys,
    debounce,
    errors,
    jobs,
    proposal_history,
    proposals,
    run_log,
    runs,
)
from sidecar.db.identity import oauth_clients
from sidecar.db.mirror import mirror_state, reviews
from sidecar.db.outgoing import integrations, webhook_deliveries, webhook_outbox, webhooks
from sidecar.db.owned import forecast_overrides, purchase_orders, purchase_receipts, suppliers
from sidecar.store.rest_rows import email_hash
from sidecar.store.rows import buyer

WORD = "erased"
STAFF = {"erased": True}
"""What stands where a member of staff stood."""

EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+")
NUMBERS = frozenset({"customer", "customer_id", "buyer", "buyer_id"})
USERS = frozenset({"user_id", "wp_user_id", "owner_id"})
GROUPS = frozenset({"customers", "users"})


@dataclass(frozen=True)
class Place:
    """Columns of a table in which a person may be named.

    `own` are words about people (who did it, notes, messages): logins are taken out too. `shop` are words
    about the shop, where a login is a word like any other: a scarf may be called like the shop's manager.
    """

    table: Table
    own: tuple[str, ...] = ()
    shop: tuple[str, ...] = ()

    @property
    def columns(self) -> list[Column[Any]]:
        """All of them."""
        return [self.table.c[name] for name in (*self.own, *self.shop)]


PLACES = (
    Place(api_keys, ("name",)),
    Place(oauth_clients, ("name",)),
    Place(agent_settings, ("input", "updated_by")),
    Place(runs, ("who", "input", "error", "progress_label"), ("output", "title")),
    Place(run_log, ("message",)),
    Place(
        proposals,
        ("decided_by", "reason", "outcome"),
        ("title", "subject", "changes", "evidence", "search"),
    ),
    Place(proposal_history, ("who", "note")),
    Place(acts, ("resource", "result")),
    Place(debounce, ("cause",)),
    Place(jobs, ("args", "result", "error"), ("title",)),
    Place(errors, ("message", "hint")),
    Place(webhooks, ("created_by", "description")),
    Place(webhook_outbox, ("data",)),
    Place(webhook_deliveries, ("payload", "error")),
    Place(integrations, ("created_by", "name", "config", "last_error")),
    Place(suppliers, ("contact", "email", "note")),
    Place(forecast_overrides, ("created_by", "why")),
    Place(purchase_orders, ("created_by", "sent_by", "note", "ship_to", "mail", "error")),
    Place(purchase_receipts, ("who",)),
    Place(mirror_state, ("error",)),
    Place(reviews, (), ("text",)),
)
"""Everything but the columns that `sidecar.runtime.privacy` deletes or empties by key."""


@dataclass(frozen=True)
class Person:
    """Whom a request means; numbers of accounts are those of WordPress users."""

    hashes: frozenset[str] = frozenset()
    customers: frozenset[int] = frozenset()
    user_id: int | None = None
    logins: frozenset[str] = frozenset()
    reviews: frozenset[int] = frozenset()
    hash_key: bytes = field(default=b"", repr=False)
    key_names: frozenset[str] = frozenset()

    @cached_property
    def buyers(self) -> frozenset[int]:
        """The mirror's numbers for guests with these e-mail hashes."""
        return frozenset(buyer(None, one) for one in self.hashes)

    @cached_property
    def numbers(self) -> frozenset[int]:
        """Numbers that stand for the person as a buyer."""
        return self.customers | self.buyers

    @cached_property
    def _codes(self) -> re.Pattern[str] | None:
        found = [*self.hashes, *map(str, self.buyers)]
        return re.compile(rf"(?<!\w)(?:{'|'.join(found)})(?!\w)", re.I) if found else None

    @cached_property
    def _paths(self) -> re.Pattern[str] | None:
        ids = sorted(self.customers | ({self.user_id} if self.user_id else set()))
        some = "|".join(map(str, ids))
        return re.compile(rf"\b((?:customer|user|buyer)s?[ /#:]+)(?:{some})(?!\w)", re.I) if ids else None

    @cached_property
    def _login(self) -> re.Pattern[str] | None:
        names = "|".join(re.escape(one) for one in sorted(self.logins, key=len, reverse=True))
        return re.compile(rf"(?<![\w.@-])(?:{names})(?![\w@-]|\.\w)", re.I) if names else None

    def likely(self, place: Place) -> ColumnElement[bool]:
        """A condition that holds for every row in which the person may stand, and for few others."""
        needles = {one.lower() for one in self.hashes} | {str(one) for one in self.numbers} | {"@"}
        needles |= {str(self.user_id)} if self.user_id else set()
        for name in (*self.logins, *self.key_names):
            needles |= {name.lower(), json.dumps(name.lower())[1:-1]}
        tests = []
        for column in place.columns:
            words = func.lower(cast(column, Text))
            if any(not needle.isascii() for needle in needles):
                return true()  # lower() of SQLite and escapes in JSON know ASCII only: look at every row
            tests += [words.contains(needle, autoescape=True) for needle in sorted(needles)]
        return or_(*tests)

    def changes(self, place: Place, row: dict[str, Any]) -> dict[str, Any]:
        """The columns of a row that name the person, as they are without."""
        found = {}
        for name in (*place.own, *place.shop):
            old = row[name]
            new = self.without(old, logins=name in place.own)
            if new != old:
                # A column of text may be short: "erased" could be longer than what it replaces.
                limit = getattr(place.table.c[name].type, "length", None)
                found[name] = new[:limit] if isinstance(new, str) and limit else new
        return found

    def without(self, value: Any, *, logins: bool = True) -> Any:
        """The value without the person; the same value when they are not in it."""
        if isinstance(value, str):
            return self._text(value, logins)
        if isinstance(value, list):
            return [self.without(one, logins=logins) for one in value]
        if isinstance(value, dict):
            if self._is_staff(value):
                return dict(STAFF)
            return dict(self._pairs(value, logins))
        if isinstance(value, int) and not isinstance(value, bool) and value in self.buyers:
            return 0
        return value

    def _is_staff(self, value: dict[str, Any]) -> bool:
        if "login" in value:
            mine = str(value["login"] or "").lower() in self.logins
            return mine or (self.user_id is not None and value.get("id") == self.user_id)
        named = value.get("key") or value.get("client")
        return isinstance(named, str) and named in self.key_names

    def _pairs(self, value: dict[str, Any], logins: bool) -> Iterator[tuple[str, Any]]:
        about = self._about(value)
        for name, one in value.items():
            if about and name in ("id", "ids", "resource_id", "name"):
                yield name, self._blank(one)
            elif name in NUMBERS:
                yield name, self._number(one, self.numbers, logins)
            elif name in USERS and self.user_id:
                yield name, self._number(one, frozenset({self.user_id}), logins)
            else:
                yield self._text(name, logins), self.without(one, logins=logins)

    def _about(self, value: dict[str, Any]) -> bool:
        """Whether it is `{"resource": "customers", "id": …}` of the person."""
        ids = value.get("id", value.get("resource_id", value.get("ids")))
        ours = self.customers | ({self.user_id} if self.user_id else set())
        asked = ids if isinstance(ids, list) else [ids]
        return value.get("resource") in GROUPS and any(one in ours for one in asked)

    def _blank(self, value: Any) -> Any:
        if isinstance(value, list):
            return [one for one in value if one not in self.customers and one != self.user_id]
        return WORD if isinstance(value, str) and not value.isdigit() else 0

    def _number(self, value: Any, mine: frozenset[int], logins: bool) -> Any:
        if isinstance(value, list):
            return [0 if one in mine or str(one) in map(str, mine) else one for one in value]
        if isinstance(value, str) and value.isdigit() and int(value) in mine:
            return "0"
        if isinstance(value, int) and not isinstance(value, bool) and value in mine:
            return 0
        return self.without(value, logins=logins)

    def _text(self, text: str, logins: bool) -> str:
        if self._codes:
            text = self._codes.sub(WORD, text)
        if self._paths:
            text = self._paths.sub(r"\g<1>0", text)
        if "@" in text and self.hashes and self.hash_key:
            text = EMAIL.sub(self._address, text)
        if logins and self._login:
            text = self._login.sub(WORD, text)
        return text

    def _address(self, found: re.Match[str]) -> str:
        # "anna@x.test." in a sentence: what ends a word is no part of the address.
        plain = found.group().rstrip(".")
        return WORD if email_hash(plain, self.hash_key) in self.hashes else found.group()


def mask_addresses(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """A step of the logs: e-mail addresses in any value, tracebacks too, become `…@…`."""
    return {name: _masked(value) for name, value in event.items()}


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return EMAIL.sub("…@…", value) if "@" in value else value
    if isinstance(value, dict):
        return {name: _masked(one) for name, one in value.items()}
    return [_masked(one) for one in value] if isinstance(value, list | tuple) else value
