"""A shop with its plugin and its sidecar as one thing, with what the tests ask of either side."""

from __future__ import annotations

import base64
import json
import shutil
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar, cast

from sidecar.core.agent import Proposal, Subject
from sidecar.core.changes import Act, Create, Patch, SetField
from sidecar.core.evidence import Chart, Evidence, Fact, MoneyValue, Number, Pieces, Series, Text, Window, say
from sidecar.core.store import ShopFacts
from sidecar.db import open_databases, write
from sidecar.runtime import proposals
from sidecar.runtime.base import Runtime
from sidecar.settings import Settings
from tests.wordpress.stack import Person, Sidecar, Stack

SWITCHES = Path(__file__).parent / "switches.php"
Found = TypeVar("Found")

SIDECAR_SETTINGS = {
    "DEVSKYY_DEBOUNCE_S": "5",
    "DEVSKYY_SYNC_EVERY_S": "3600",  # what is read between is asked for by events
    "DEVSKYY_SHOP_TIMEOUT_S": "20",
    "DEVSKYY_LOG_LEVEL": "INFO",
    "DEVSKYY_INTEGRATIONS_ALLOW_PRIVATE": "true",  # services and receivers of the tests are on this machine
    "DEVSKYY_WEBHOOKS_ALLOW_PRIVATE": "true",
    "DEVSKYY_RATE_SIGN_IN": "1000/minute",  # the tests pair more often than anybody does
}


def until(what: str, ready: Callable[[], Found], seconds: float = 20.0) -> Found:
    """Ask until the answer is true, and hand it back; AssertionError with `what` when it never is."""
    deadline = time.monotonic() + seconds
    while not (found := ready()):
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.1)
    return found


@dataclass(frozen=True)
class Item:
    """A product that a test has for itself."""

    id: int
    name: str
    url: str

    @property
    def resource(self) -> str:
        """Its REST resource, as changes name it."""
        return f"wc/v3/products/{self.id}"


class Scene:
    """One paired shop: `stack` (WordPress), `sidecar`, and short ways to ask both."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.sidecar = Sidecar(stack, SIDECAR_SETTINGS)
        self._people: dict[tuple[str, str], Person] = {}
        self._secret: tuple[str, bytes] = ("", b"")
        shutil.copy(SWITCHES, stack.site / "wp-content" / "mu-plugins" / "switches.php")

    @property
    def base_url(self) -> str:
        """Address of the shop."""
        return self.stack.base_url

    # --- pairing ------------------------------------------------------------------------------------------

    def pair(self) -> None:
        """Pair by the shared key; the address stands in the database, as when a person pairs by code."""
        answer = self.stack.php(
            "return DevSkyy\\Plugin::pair_with_key($args['url'], $args['key']);",
            user="admin",
            args={"url": self.sidecar.url, "key": self.sidecar.key_file.read_text()},
        )
        assert answer is True, answer

    def unpair(self) -> None:
        """Part the two on both sides, as the settings tab does."""
        self.stack.php("return DevSkyy\\Sidecar\\Pairing::unpair();", user="admin")

    @contextmanager
    def as_a_new_shop(self) -> Iterator[None]:
        """Pair as a site that the sidecar has never seen: no proposals, no runs."""
        own = "UPDATE wp_options SET option_value = %s WHERE option_name = 'devskyy_site_id'"
        site = self.identity()["site_id"]
        self.unpair()
        self.rows(own, str(uuid.uuid4()))
        self.pair()
        yield
        self.unpair()
        self.rows(own, site)
        self.pair()

    def paired(self) -> bool:
        """Whether the plugin holds a pairing."""
        return bool(self.rows("SELECT 1 FROM wp_options WHERE option_name = 'devskyy_connection'"))

    def keys_given(self) -> int:
        """How many WooCommerce keys the plugin has made for sidecars and not taken back."""
        sql = "SELECT COUNT(*) FROM wp_woocommerce_api_keys WHERE description LIKE 'DevSkyy%%'"
        return int(self.rows(sql)[0][0])

    def secret(self) -> bytes:
        """The 32 bytes that both sides sign with; a new pairing makes new ones."""
        sealed = self.rows("SELECT option_value FROM wp_options WHERE option_name = 'devskyy_connection'")[0][
            0
        ]
        if self._secret[0] != sealed:
            code = "return base64_encode( DevSkyy\\Sidecar\\Connection::secret() );"
            self._secret = (sealed, base64.b64decode(self.stack.php(code)))
        return self._secret[1]

    def identity(self) -> dict[str, str]:
        """`{shop_id, site_id, home_url}` as the sidecar pinned them."""
        site = self.rows("SELECT option_value FROM wp_options WHERE option_name = 'devskyy_site_id'")[0][0]
        row = self.asked("SELECT shop_id, site_id, home_url FROM shops WHERE site_id = ?", site)[0]
        return dict(zip(("shop_id", "site_id", "home_url"), row, strict=True))

    # --- asking -------------------------------------------------------------------------------------------

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of WordPress's database."""
        return self.stack.database.query(sql, *values, database="wordpress")

    def asked(self, sql: str, *values: Any, file: str = "app") -> list[tuple[Any, ...]]:
        """Rows of the sidecar's own database, or of its mirror."""
        path = self.sidecar.data / f"{file}.sqlite3"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=15)) as connection:
            return list(connection.execute(sql, values))

    def person(self, login: str) -> Person:
        """A web session of that person, signed in once."""
        key = (self.base_url, login)
        if key not in self._people:
            self._people[key] = self.stack.person(login)
        return self._people[key]

    def rest(self, method: str, route: str, *, login: str = "admin", **options: Any) -> Any:
        """The JSON of a REST route of the shop, asked with a person's cookie and nonce."""
        answer = self.person(login).rest(method, route, **options)
        assert answer.ok, f"{method} {route}: {answer.status_code} {answer.text[:600]}"
        return answer.json()

    def switch(self, name: str, on: bool = True) -> Path:
        """Turn a switch of the test's own mu-plugin; its file, which that plugin may rename."""
        folder = self.stack.log / "switches"
        folder.mkdir(exist_ok=True)
        path = folder / name
        path.write_text("on") if on else path.unlink(missing_ok=True)
        return path

    def quiet(self) -> None:
        """Wait until no request runs: Action Scheduler's go on, one after another, after a test's."""
        busy = (
            "SELECT COUNT(*) FROM information_schema.processlist"
            " WHERE db = 'wordpress' AND id <> CONNECTION_ID()"
        )
        deadline, quiet_since = time.monotonic() + 60, time.monotonic()
        while time.monotonic() - quiet_since < 1.0:
            assert time.monotonic() < deadline, "PHP is at work for more than a minute"
            if self.rows(busy)[0][0]:
                quiet_since = time.monotonic()
            time.sleep(0.05)

    @contextmanager
    def elsewhere(self) -> Iterator[str]:
        """The same site under another address, as a copy of it or a moved shop is; that address.

        Nothing of the original may still run: it shares its database here, and sends what the copy notes.
        """
        self.quiet()
        file = self.stack.root / "stack.json"
        settings = json.loads(file.read_text())
        address = settings["base_url"].replace("127.0.0.1", "localhost")
        file.write_text(json.dumps({**settings, "base_url": address}))
        try:
            yield address
        finally:
            file.write_text(json.dumps(settings))

    def calm(self) -> None:
        """Take back what a test before may have left: switches, and the pause after a lost connection."""
        shutil.rmtree(self.stack.log / "switches", ignore_errors=True)
        self.rows("DELETE FROM wp_options WHERE option_name LIKE '%%transient%%devskyy_down'")

    # --- the shop -----------------------------------------------------------------------------------------

    def product(self, name: str, price: str = "40.00", **more: Any) -> Item:
        """A new simple product with stock, in the shop and in the sidecar's mirror's future."""
        body = {
            "name": f"{name} {uuid.uuid4().hex[:6]}",
            "regular_price": price,
            "manage_stock": True,
            "stock_quantity": 30,
            "status": "publish",
            **more,
        }
        made = self.rest("POST", "/wc/v3/products", json=body)
        return Item(made["id"], made["name"], made["permalink"])

    def price(self, item: Item) -> str:
        """The regular price that stands in the database now."""
        sql = "SELECT meta_value FROM wp_postmeta WHERE post_id = %s AND meta_key = '_regular_price'"
        return str(self.rows(sql, item.id)[0][0])

    def order_by_store_api(self, item: Item, email: str = "store-api@shop.test") -> int:
        """Buy one piece through the Store API, as the checkout block does; the order's id."""
        guest = self.stack.person()
        cart = guest.get("/wp-json/wc/store/v1/cart")
        headers = {"Nonce": cart.headers["Nonce"]}
        added = guest.post(
            "/wp-json/wc/store/v1/cart/add-item", headers=headers, json={"id": item.id, "quantity": 1}
        )
        assert added.status_code == 201, added.text
        address = {**ADDRESS, "email": email}
        paid = guest.post(
            "/wp-json/wc/store/v1/checkout",
            headers=headers,
            json={"billing_address": address, "shipping_address": ADDRESS, "payment_method": "cod"},
        )
        assert paid.status_code == 200, paid.text
        return int(paid.json()["order_id"])

    def run_cron(self) -> None:
        """Work off what is scheduled, as WP-Cron's minute does."""
        self.stack.php("do_action( 'action_scheduler_run_queue', 'WP Cron' ); return true;")

    # --- the sidecar --------------------------------------------------------------------------------------

    def events(self) -> list[dict[str, Any]]:
        """Events as the sidecar stored them, in the order in which they came."""
        names = ("id", "seq", "type", "resource", "resource_id", "state", "origin")
        return [
            dict(zip(names, row, strict=True))
            for row in self.asked(f"SELECT {', '.join(names)} FROM events ORDER BY rowid")
        ]

    def events_of(self, order: int, kind: str = "order.created") -> list[dict[str, Any]]:
        """Events of that type about that order."""
        return [event for event in self.events() if event["type"] == kind and event["resource_id"] == order]

    def rewrite(self, sql: str) -> None:
        """Change the sidecar's own database behind its back."""
        with closing(self._own_database()) as connection, connection:
            connection.execute(sql)

    @contextmanager
    def holding_the_sidecars_database(self) -> Iterator[None]:
        """Keep everybody else from writing it."""
        with closing(self._own_database()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.rollback()

    def _own_database(self) -> sqlite3.Connection:
        return sqlite3.connect(self.sidecar.data / "app.sqlite3", timeout=15)

    def synced(self) -> bool:
        """Whether no job of the sidecar is open and the mirror was read once."""
        open_jobs = self.asked("SELECT COUNT(*) FROM jobs WHERE state IN ('queued', 'running')")[0][0]
        done = self.asked("SELECT COUNT(*) FROM jobs WHERE kind = 'sync' AND state = 'done'")[0][0]
        return open_jobs == 0 and done > 0

    def proposal(self, ident: str) -> dict[str, Any]:
        """State, outcome and who decided, as the sidecar keeps them."""
        row = self.asked("SELECT state, outcome, decided_by, digest FROM proposals WHERE id = ?", ident)[0]
        return dict(zip(("state", "outcome", "decided_by", "digest"), row, strict=True))

    def state(self, ident: str) -> str:
        """State of a proposal."""
        return str(self.proposal(ident)["state"])

    def ledger(self, proposal: str) -> list[str]:
        """States of the plugin's ledger rows of a proposal, in order."""
        sql = "SELECT state FROM wp_devskyy_ledger WHERE proposal = %s ORDER BY n"
        return [row[0] for row in self.rows(sql, proposal)]

    def propose(
        self,
        item: Item,
        to: str = "30.00",
        was: str = "40.00",
        *,
        path: str = "regular_price",
        risk: str = "low",
    ) -> str:
        """A pending proposal for one field of a product, as an agent's run would leave it; its id."""
        return self.propose_changes(
            item, [Patch(resource=item.resource, set=[SetField(path=path, was=was, to=to)])], risk
        )

    def propose_changes(self, item: Item, changes: Sequence[Patch | Create | Act], risk: str = "low") -> str:
        """A pending proposal for any changes; its id."""
        found = Proposal(
            Subject("products", item.id, item.name, permalink=item.url),
            list(changes),
            evidence(item.name),
            risk=cast(Any, risk),
        )
        settings = Settings(data_dir=self.sidecar.data)
        databases = open_databases(settings.url("app"), settings.url("mirror"))
        try:
            runtime = Runtime(settings, databases, registry(), cast(Any, None), cast(Any, None))
            agent = registry()["slow-stock-markdown"]
            with write(databases.app) as connection:
                made, left = proposals.create(
                    runtime, connection, self.identity()["shop_id"], agent, uuid.uuid4().hex, [found], FACTS
                )
        finally:
            databases.dispose()
        assert made, left
        return made[0]


FACTS = ShopFacts("USD", 2, False, "UTC", cogs=True, hpos=True)


def registry() -> Any:
    """The agents of the package."""
    from sidecar.opening import default_registry

    return default_registry()


def evidence(name: str) -> Evidence:
    """Evidence with everything in it that the panel can show, but for an effect."""
    today = datetime.now(UTC).date()
    weeks = [today - timedelta(weeks=back) for back in range(12, 0, -1)]
    return Evidence(
        message=say(
            "Lower {product} from {old} to {new}.",
            product=Text(value=name),
            old=MoneyValue(value="40.00"),
            new=MoneyValue(value="30.00"),
        ),
        window=Window(start=weeks[0], end=today),
        n=12,
        n_label="orders",
        method=say("Counted what was sold in {weeks} weeks.", weeks=Number(value=12)),
        notes=[say("There are too few sales to say what this brings.")],
        facts=[Fact(label="In stock", value=Pieces(value=30))],
        chart=Chart(
            title="Pieces sold each week",
            x_label="Week",
            y_label="Pieces",
            unit="pieces",
            x_type="date",
            series=[
                Series(
                    name="Sold",
                    kind="bar",
                    points=[(day.isoformat(), float(n % 4)) for n, day in enumerate(weeks)],
                )
            ],
        ),
        considered=[say("Leaving the price as it is.")],
    )


ADDRESS = {
    "first_name": "Ada",
    "last_name": "Guest",
    "address_1": "1 Main Street",
    "city": "New York",
    "state": "NY",
    "postcode": "10001",
    "country": "US",
    "phone": "5550100",
}
