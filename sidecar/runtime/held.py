"""Rows that belong to a person by a key, in both databases, and what erasing makes of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, false, or_, select

from sidecar.db import read
from sidecar.db.app import api_keys, events, proposal_open, proposal_targets
from sidecar.db.identity import oauth_clients, refresh_tokens, sessions, users
from sidecar.db.mirror import customers, order_lines, orders, refund_lines, refunds, reviews
from sidecar.db.owned import purchase_orders, suppliers
from sidecar.runtime.base import Row, Runtime
from sidecar.runtime.personal import Person
from sidecar.security.sealing import get_secret
from sidecar.store.erased import ANONYMOUS

DELETE: Mapping[str, Any] = {"delete": True}
NO_CONTACT: Mapping[str, Any] = {"contact": "", "email": "", "phone": "", "email_hash": None}
NO_MAIL: Mapping[str, Any] = {"mail": None, "mail_hash": None}
IDS_A_STATEMENT = 500


@dataclass(frozen=True)
class Held:
    """Rows of a person and what they become: deleted, other values, or (empty) what they are."""

    table: Table
    where: ColumnElement[bool]
    values: Mapping[str, Any]


def whom(rt: Runtime, shop_id: str, given: Row) -> Person:
    """The person of a request, with what the tables know of them: an account's e-mail hash, an e-mail's
    accounts, the logins and keys of a WordPress user.
    """
    hashes, numbers = {given["email_hash"]} - {None}, {given["customer_id"]} - {None}
    with read(rt.db.mirror) as conn:
        known = select(customers.c.id, customers.c.email_hash).where(customers.c.shop_id == shop_id)
        same = or_(customers.c.id.in_(numbers), customers.c.email_hash.in_(hashes))
        for number, code in conn.execute(known.where(same)):
            numbers.add(number)
            hashes |= {code} - {None}
    user, logins, names = given["user_id"], {given["login"]} - {None}, set()
    with read(rt.db.app) as conn:
        hash_key = get_secret(conn, rt.sealer, shop_id, "hash_key") or b""
        if user is not None:
            mine = (users.c.shop_id == shop_id) & (users.c.wp_user_id == user)
            logins |= set(conn.execute(select(users.c.login).where(mine)).scalars())
            for table in (api_keys, oauth_clients):
                owned = (table.c.shop_id == shop_id) & (table.c.owner_id == user)
                names |= set(conn.execute(select(table.c.name).where(owned)).scalars())
    return Person(
        hashes=frozenset(hashes), customers=frozenset(numbers), user_id=user,
        logins=frozenset(login.lower() for login in logins), reviews=frozenset(given["review_ids"]),
        hash_key=hash_key, key_names=frozenset(names),
    )  # fmt: skip


def mirror_rows(shop_id: str, person: Person, order_ids: Sequence[int]) -> list[Held]:
    """Accounts are deleted, orders lose their buyer, reviews their text; lines and refunds stay."""
    account = _mine(customers, shop_id) & or_(
        customers.c.id.in_(person.customers), customers.c.email_hash.in_(person.hashes)
    )
    review = _mine(reviews, shop_id) & reviews.c.id.in_(person.reviews) & (reviews.c.text != "")
    lines = [
        Held(table, _mine(table, shop_id) & _among(table.c.order_id, order_ids), {})
        for table in (order_lines, refunds, refund_lines)
    ]
    return [
        Held(customers, account, DELETE),
        Held(orders, anonymise(shop_id, person), ANONYMOUS),
        Held(reviews, review, {"text": ""}),
        *lines,
    ]


def anonymise(shop_id: str, person: Person) -> ColumnElement[bool]:
    """Orders of the person that are not anonymous yet."""
    return _mine(orders, shop_id) & or_(
        orders.c.customer_id.in_(person.customers),
        orders.c.email_hash.in_(person.hashes),
        orders.c.buyer.in_(person.numbers),
    )


def app_rows(shop_id: str, person: Person, order_ids: Sequence[int]) -> list[Held]:
    """What is deleted: the account of the REST API with its sessions, keys, clients, and events.

    A supplier's contact and the mail that went to them are emptied: the supplier and the order stay.
    """
    account = _mine(users, shop_id) & (
        users.c.wp_user_id == person.user_id if person.user_id is not None else false()
    )
    # A login that was made on the machine belongs to nobody in WordPress: by its name, then.
    account |= _mine(users, shop_id) & users.c.wp_user_id.is_(None) & users.c.login.in_(person.logins)
    session = _mine(sessions, shop_id) & sessions.c.user_id.in_(select(users.c.id).where(account))
    token = _mine(refresh_tokens, shop_id) & refresh_tokens.c.session_id.in_(
        select(sessions.c.id).where(session)
    )
    owned = [
        Held(table, _mine(table, shop_id) & (table.c.owner_id == person.user_id), DELETE)
        for table in (api_keys, oauth_clients)
        if person.user_id is not None
    ]
    about = [
        Held(table, _mine(table, shop_id) & _resource(table, person), DELETE)
        for table in (proposal_open, proposal_targets)
    ]
    return [
        Held(refresh_tokens, token, DELETE),
        Held(sessions, session, DELETE),
        Held(users, account, DELETE),
        *owned,
        Held(events, _mine(events, shop_id) & _told(person, order_ids), DELETE),
        *about,
        Held(suppliers, _mine(suppliers, shop_id) & suppliers.c.email_hash.in_(person.hashes), NO_CONTACT),
        Held(
            purchase_orders,
            _mine(purchase_orders, shop_id) & purchase_orders.c.mail_hash.in_(person.hashes),
            NO_MAIL,
        ),
    ]


def _told(person: Person, order_ids: Sequence[int]) -> ColumnElement[bool]:
    """Events of the account, and of orders that were worked off: one that waits must still be read."""
    order = and_(
        events.c.resource == "orders", events.c.state == "done", _among(events.c.resource_id, order_ids)
    )
    return or_((events.c.resource == "customers") & events.c.resource_id.in_(person.customers), order)


def _resource(table: Table, person: Person) -> ColumnElement[bool]:
    ids = person.customers | ({person.user_id} if person.user_id is not None else set())
    ends = [f"%/{kind}/{one}" for kind in ("customers", "users") for one in ids]
    tests = [table.c.resource.like(end) for end in ends]
    tests += [table.c.resource.like(f"{end}/%") for end in ends]
    return or_(false(), *tests)


def _mine(table: Table, shop_id: str) -> ColumnElement[bool]:
    return table.c.shop_id == shop_id


def _among(column: Any, ids: Sequence[int]) -> ColumnElement[bool]:
    """`IN` in pieces: databases limit the values of one list."""
    parts = [ids[start : start + IDS_A_STATEMENT] for start in range(0, len(ids), IDS_A_STATEMENT)]
    return or_(false(), *(column.in_(part) for part in parts))
