"""WooCommerce's keys: HTTP Basic over https, one-legged OAuth1 over http, read and read_write permissions."""

from __future__ import annotations

import base64
import hashlib
import hmac
import sqlite3
import time
from urllib.parse import quote, unquote

from flask import request

from sidecar.demo.rest.checks import RestError
from sidecar.demo.rest.wire import db, home

NEEDED = ("oauth_consumer_key", "oauth_timestamp", "oauth_nonce", "oauth_signature", "oauth_signature_method")
DIGESTS = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}
READING = ("GET", "HEAD", "OPTIONS")
NONCE_S = 15 * 60
INTERNAL = "devskyy.person"


def _refused(message: str, code: str = "woocommerce_rest_authentication_error") -> RestError:
    return RestError(code, message, 401)


def authenticate() -> None:
    """Let the request pass or raise RestError with WooCommerce's code; only wc/ routes take keys."""
    if request.environ.get(INTERNAL):  # set by our own calls only: a header cannot put it there
        return
    key = _basic() if request.is_secure else _oauth()
    if key is None:
        raise _nobody()
    if request.method not in READING and key["permissions"] == "read":
        raise _refused("The API key provided does not have write permissions.")
    if request.method in READING and key["permissions"] == "write":
        raise _refused("The API key provided does not have read permissions.")


def _nobody() -> RestError:
    one = any(part.isdigit() for part in request.path.split("/"))
    if request.method in READING:
        message = "Sorry, you cannot view this resource." if one else "Sorry, you cannot list resources."
        return RestError("woocommerce_rest_cannot_view", message, 401)
    if request.path.endswith("/batch"):
        return RestError(
            "woocommerce_rest_cannot_batch",
            "Sorry, you are not allowed to batch manipulate this resource.",
            401,
        )
    verb = (
        {"POST": "create", "DELETE": "delete"}.get(request.method, "edit")
        if not (one and request.method == "POST")
        else "edit"
    )
    message = {
        "create": "Sorry, you are not allowed to create resources.",
        "delete": "Sorry, you are not allowed to delete this resource.",
        "edit": "Sorry, you are not allowed to edit this resource.",
    }[verb]
    return RestError(f"woocommerce_rest_cannot_{verb}", message, 401)


def _key(consumer_key: str) -> sqlite3.Row | None:
    sql = "SELECT * FROM api_keys WHERE consumer_key = ?"
    row: sqlite3.Row | None = db().execute(sql, (consumer_key,)).fetchone()
    return row


def _basic() -> sqlite3.Row | None:
    given = request.authorization
    name = request.args.get("consumer_key") or (given.username if given else None)
    secret = request.args.get("consumer_secret") or (given.password if given else None)
    if not name or not secret:
        return None
    key = _key(name)
    if key is not None and not hmac.compare_digest(key["consumer_secret"], secret):
        raise _refused("Consumer secret is invalid.")
    return key


def _oauth() -> sqlite3.Row | None:
    params = dict(request.args.items(multi=True))
    absent = [name for name in NEEDED if not params.get(name)]
    if len(absent) == len(NEEDED):
        return None
    if absent:
        plural = "s" if len(absent) > 1 else ""
        raise _refused(
            f"Missing OAuth parameter{plural} {', '.join(absent)}",
            "woocommerce_rest_authentication_missing_parameter",
        )
    key = _key(params["oauth_consumer_key"])
    if key is None:
        raise _refused("Consumer key is invalid.")
    _check_signature(params, key["consumer_secret"])
    _check_nonce(params)
    return key


def _check_signature(params: dict[str, str], secret: str) -> None:
    method = params["oauth_signature_method"]
    if method not in DIGESTS:
        raise _refused("Invalid signature - signature method is invalid.")
    pairs = sorted((_encode(k), _encode(v)) for k, v in params.items() if k != "oauth_signature")
    joined = "&".join(f"{k}={v}" for k, v in pairs)
    base = f"{request.method}&{_quote(home() + request.path)}&{_quote(joined)}"
    made = hmac.new(f"{secret}&".encode(), base.encode(), DIGESTS[method]).digest()
    given = unquote(params["oauth_signature"].replace(" ", "+"))
    if not hmac.compare_digest(base64.b64encode(made).decode(), given):
        raise _refused("Invalid signature - provided signature does not match.")


def _quote(value: str) -> str:
    return quote(value, safe="-._~")


def _encode(value: str) -> str:
    """RFC 3986; WooCommerce leaves what is encoded already, which is why `a%20b` cannot be searched for."""
    return _quote(unquote(value))


def _check_nonce(params: dict[str, str]) -> None:
    stamp, now = params["oauth_timestamp"], int(time.time())
    if not stamp.isdigit() or not now - NONCE_S <= int(stamp) <= now + NONCE_S:
        raise _refused("Invalid timestamp.")
    con = db()
    con.execute("DELETE FROM seen_jti WHERE expires < ?", (now,))
    sql = "INSERT OR IGNORE INTO seen_jti VALUES (?, ?)"
    name = f"oauth:{params['oauth_consumer_key']}:{stamp}:{params['oauth_nonce']}"
    if not con.execute(sql, (name, now + 2 * NONCE_S)).rowcount:
        raise _refused("Invalid nonce - nonce has already been used.")
