"""Purchase orders on a real shop: the mail leaves once, with its PDF; what arrives raises the stock, and undo
takes it back."""

from __future__ import annotations

import base64
import json
import threading
import uuid
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from tests.sidecar.pdf_text import text_of
from tests.wordpress.scene import Scene, until

pytestmark = [pytest.mark.wordpress]

BUYING = "/devskyy/v1/inventory"
ORDERS = f"{BUYING}/purchase-orders"


@dataclass(frozen=True)
class Shirt:
    """A variable product with a variation that counts its own stock."""

    product: int
    variation: int


def shirt(scene: Scene) -> Shirt:
    """A new one, in the mirror."""
    body = {
        "name": f"Shirt {uuid.uuid4().hex[:6]}", "type": "variable", "status": "publish",
        "attributes": [{"name": "Size", "options": ["S", "M"], "variation": True, "visible": True}],
    }  # fmt: skip
    made = scene.rest("POST", "/wc/v3/products", json=body)["id"]
    one = {
        "regular_price": "20", "manage_stock": True, "stock_quantity": 0,
        "attributes": [{"name": "Size", "option": "S"}],
    }  # fmt: skip
    variation = scene.rest("POST", f"/wc/v3/products/{made}/variations", json=one)["id"]
    mirrored(scene, "variations", variation)
    return Shirt(made, variation)


def mirrored(scene: Scene, table: str, ident: int) -> None:
    """Send the shop's news and wait until the sidecar knows it."""
    scene.rest("POST", "/devskyy/v1/status/drain")
    query = f"SELECT 1 FROM {table} WHERE id = ?"
    until(f"{table} {ident} is mirrored", lambda: scene.asked(query, ident, file="mirror"), 60)


def stock(scene: Scene, ident: int) -> int:
    """What stands in the shop's database."""
    sql = "SELECT meta_value FROM wp_postmeta WHERE post_id = %s AND meta_key = '_stock'"
    return int(float(scene.rows(sql, ident)[0][0]))


def supplier(scene: Scene) -> tuple[str, str]:
    """A new supplier's id and address."""
    name = uuid.uuid4().hex[:8]
    given = {"name": f"Silk {name}", "email": f"{name}@silk.test", "contact": "Anna Silk"}
    return scene.rest("POST", f"{BUYING}/suppliers", json=given)["supplier"]["id"], given["email"]


def draft(scene: Scene, supplier_id: str, **pieces: int) -> dict[str, Any]:
    """A draft of items by id (`i12=3`)."""
    lines = [{"item_id": int(name[1:]), "quantity": count, "cost": "3.50"} for name, count in pieces.items()]
    given = {"supplier_id": supplier_id, "lines": lines, "note": "Grüße, 絹"}
    found: dict[str, Any] = scene.rest("POST", ORDERS, json=given)["orders"][0]
    return found


def order(scene: Scene, ident: str) -> dict[str, Any]:
    """The order as it stands."""
    found: dict[str, Any] = scene.rest("GET", f"{ORDERS}/{ident}")["order"]
    return found


def mails(scene: Scene, to: str) -> list[dict[str, Any]]:
    """What left the shop for that address."""
    file = scene.stack.log / "mail.jsonl"
    lines = file.read_text().splitlines() if file.exists() else []
    return [mail for mail in map(json.loads, lines) if mail["to"] == to]


def shown(scene: Scene, ident: str) -> dict[str, str]:
    """What the page shows before it is sent."""
    found: dict[str, str] = scene.rest("GET", f"{ORDERS}/{ident}/mail")["mail"]
    return found


def press(scene: Scene, ident: str, mail: dict[str, str], login: str = "admin") -> requests.Response:
    """A person presses Send."""
    body = {"digest": mail["digest"], "to": mail["to"]}
    return scene.person(login).rest("POST", f"{ORDERS}/{ident}/send", json=body)


def test_a_german_shop_writes_to_its_supplier_in_german(scene: Scene) -> None:
    item = scene.product("Schal für größere Anlässe")
    mirrored(scene, "products", item.id)
    supplier_id, _address = supplier(scene)
    made = draft(scene, supplier_id, **{f"i{item.id}": 1_000})
    settings = {
        "WPLANG": "de_DE",
        "woocommerce_price_decimal_sep": ",",
        "woocommerce_price_thousand_sep": ".",
    }
    language = scene.stack.site / "wp-content" / "languages" / "de_DE.mo"
    language.parent.mkdir(exist_ok=True)
    language.touch()  # WordPress takes no language of which it has no file
    before = scene.stack.php(
        "$old = array_map('get_option', array_combine(array_keys($args), array_keys($args)));"
        "array_map('update_option', array_keys($args), $args); return $old;",
        args=settings,
    )
    try:
        scene.sidecar.command("sync")
        mail = shown(scene, made["id"])
        assert mail["subject"].startswith(f"Bestellung {made['number']} von ")
        assert mail["text"].startswith("Guten Tag Anna Silk,")
        assert "(1 Position, 1000 Stück)" in mail["text"]
        pdf = text_of(scene.person("admin").rest("GET", f"{ORDERS}/{made['id']}/pdf").content)
        assert "Summe: 3.500,00" in pdf, pdf
        assert "größere" in pdf
    finally:
        scene.stack.php("array_map('update_option', array_keys($args), $args);", args=before)
        language.unlink()
        scene.sidecar.command("sync")
    assert shown(scene, made["id"])["text"].startswith("Hello Anna Silk,")


def test_one_mail_leaves_however_many_press(scene: Scene) -> None:
    item = scene.product("Ordered scarf")
    mirrored(scene, "products", item.id)
    supplier_id, address = supplier(scene)
    made = draft(scene, supplier_id, **{f"i{item.id}": 24})
    mail = shown(scene, made["id"])
    assert (mail["to"], mail["file"]) == (address, f"{made['number']}.pdf")
    people = [scene.person(login) for login in ("admin", "shopmanager")]
    answers: list[requests.Response] = []

    def send(person: Any) -> None:
        body = {"digest": mail["digest"], "to": mail["to"]}
        answers.append(person.rest("POST", f"{ORDERS}/{made['id']}/send", json=body))

    threads = [threading.Thread(target=send, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200, 409], [a.text for a in answers]
    [left] = mails(scene, address)
    assert left["subject"] == mail["subject"]
    assert left["text"] == mail["text"]
    assert "Grüße, 絹" in left["text"]
    assert base64.b64decode(left["files"][mail["file"]]).startswith(b"%PDF-")
    assert order(scene, made["id"])["state"] == "sent"
    assert press(scene, made["id"], mail).status_code == 409
    assert len(mails(scene, address)) == 1


@pytest.mark.parametrize(("step", "left"), [("devskyy_before_mail", 0), ("devskyy_after_mail", 1)])
def test_after_a_crash_nothing_is_sent_again_by_itself(scene: Scene, step: str, left: int) -> None:
    item = scene.product("Crashed scarf")
    mirrored(scene, "products", item.id)
    supplier_id, address = supplier(scene)
    made = draft(scene, supplier_id, **{f"i{item.id}": 3})
    mail = shown(scene, made["id"])
    held = scene.switch(step)
    reached = held.with_name(held.name + ".reached")
    reached.unlink(missing_ok=True)

    def send() -> None:
        with pytest.raises(requests.ConnectionError):
            press(scene, made["id"], mail)

    pressing = threading.Thread(target=send)
    pressing.start()
    until("the step is reached", reached.exists)
    scene.stack.kill_web()
    pressing.join()
    scene.stack.start_web()
    reached.unlink()
    assert order(scene, made["id"])["state"] == "sending"
    # Later than any mail takes, the next tick says that nobody knows.
    scene.stack.php(
        'global $wpdb; foreach ( $wpdb->get_col( "SELECT option_name FROM {$wpdb->options} WHERE option_name'
        " LIKE 'devskyy\\\\_mail\\\\_%'\" ) as $name ) { $note = get_option( $name ); $note['at'] -= 400;"
        " update_option( $name, $note, false ); } do_action( 'devskyy_tick' ); return true;"
    )
    assert order(scene, made["id"])["state"] == "unknown"
    assert press(scene, made["id"], mail).status_code == 409
    assert len(mails(scene, address)) == left
    # A person who asked the supplier decides.
    if left:
        done = scene.rest("POST", f"{ORDERS}/{made['id']}/mark-sent", json={})["order"]
        assert done["state"] == "sent"
    else:
        assert scene.rest("POST", f"{ORDERS}/{made['id']}/reopen")["order"]["state"] == "draft"
        assert press(scene, made["id"], shown(scene, made["id"])).status_code == 200
    assert len(mails(scene, address)) == 1


def test_what_arrives_raises_the_stock_and_undo_takes_it_back(scene: Scene) -> None:
    item, parts = scene.product("Arriving scarf"), shirt(scene)
    mirrored(scene, "products", item.id)
    supplier_id, _ = supplier(scene)
    made = draft(scene, supplier_id, **{f"i{item.id}": 24, f"i{parts.variation}": 6})
    scene.rest("POST", f"{ORDERS}/{made['id']}/mark-sent", json={})
    lines = [{"item_id": item.id, "quantity": 10}, {"item_id": parts.variation, "quantity": 6}]
    body = {"key": uuid.uuid4().hex, "lines": lines}
    done = scene.rest("POST", f"{ORDERS}/{made['id']}/receive", json=body)
    assert (done["proposal"]["state"], done["order"]["state"]) == ("applied", "part")
    assert (stock(scene, item.id), stock(scene, parts.variation)) == (40, 6)
    # The same press again raises nothing.
    again = scene.rest("POST", f"{ORDERS}/{made['id']}/receive", json=body)
    assert again["receipt"]["state"] == "applied"
    assert (stock(scene, item.id), stock(scene, parts.variation)) == (40, 6)
    # Pieces sold meanwhile stay sold.
    scene.order_by_store_api(item)
    ident = done["proposal"]["id"]
    undone = scene.rest("POST", f"/devskyy/v1/proposals/{ident}/undo", json={})
    assert undone["proposal"]["state"] == "undone"
    assert (stock(scene, item.id), stock(scene, parts.variation)) == (29, 0)
    now = order(scene, made["id"])
    assert (now["state"], [line["received"] for line in now["lines"]]) == ("sent", [0, 0])
    more = {"lines": [{"item_id": item.id, "quantity": 25}]}
    answer = scene.person("admin").rest("POST", f"{ORDERS}/{made['id']}/receive", json=more)
    assert (answer.status_code, answer.json()["code"]) == (409, "more_than_ordered")
    assert stock(scene, item.id) == 29


def test_who_may_not_manage_the_shop_may_not_order_for_it(scene: Scene) -> None:
    item = scene.product("Locked scarf")
    mirrored(scene, "products", item.id)
    supplier_id, address = supplier(scene)
    made = draft(scene, supplier_id, **{f"i{item.id}": 3})
    mail = shown(scene, made["id"])
    for login in ("editor", "customer"):
        assert press(scene, made["id"], mail, login).status_code == 403
        body = {"lines": [{"item_id": item.id, "quantity": 1}]}
        answer = scene.person(login).rest("POST", f"{ORDERS}/{made['id']}/receive", json=body)
        assert answer.status_code == 403
    assert mails(scene, address) == []
    assert stock(scene, item.id) == 30
