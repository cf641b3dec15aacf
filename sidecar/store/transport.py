"""What both clients of the shop share: bounded retries, and failures as errors that say what to do."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from typing import Any

import requests

from sidecar.core.errors import DevSkyyError, ShopUnreachable

ATTEMPTS = 4
LONGEST_WAIT_S = 60.0
RETRIED = frozenset({429, 500, 502, 503, 504})
SECRETS = re.compile(
    r"((?:consumer_key|consumer_secret|oauth_[a-z]+)=)[^&\s'\")]+|\b(c[ks])_[0-9A-Za-z]{8,}|Bearer \S+"
)


def redact(text: str) -> str:
    """Text without keys, signatures and tokens, fit for logs and errors."""
    return SECRETS.sub(lambda match: (match[1] or (f"{match[2]}_" if match[2] else "Bearer ")) + "…", text)


def with_retries(
    send: Callable[[], requests.Response],
    *,
    sleep: Callable[[float], None] = time.sleep,
    attempts: int = ATTEMPTS,
) -> requests.Response:
    """The answer of `send`, sent again (fresh) on connection trouble, 429 and 5xx; waits as Retry-After asks.

    ShopUnreachable when there is no answer in the end; a bad answer is returned as it is.
    """
    for attempt in range(1, attempts + 1):
        last = attempt == attempts
        try:
            response = send()
        except requests.RequestException as error:
            if last or isinstance(error, requests.exceptions.SSLError):
                raise no_answer(error) from None  # the cause holds URLs with keys
            sleep(_pause(attempt, None))
            continue
        if response.status_code not in RETRIED or last:
            return response
        sleep(_pause(attempt, response.headers.get("Retry-After")))
    raise AssertionError("unreachable")


def _pause(attempt: int, retry_after: str | None) -> float:
    if retry_after and retry_after.isdigit():
        return min(float(retry_after), LONGEST_WAIT_S)
    return float(0.5 * 2 ** (attempt - 1) * (1 + 0.2 * random.random()))


def no_answer(error: requests.RequestException) -> ShopUnreachable:
    """The error for a request that got no answer at all."""
    reason = {"reason": redact(str(error))[:200]}
    if isinstance(error, requests.exceptions.SSLError):
        return ShopUnreachable(
            "The shop's TLS certificate is not accepted.",
            code="shop_tls_failed",
            hint="Renew or complete the certificate chain, or add its issuer to the system's store.",
            details=reason,
        )
    if isinstance(error, requests.Timeout):
        return ShopUnreachable(
            "The shop did not answer in time.",
            code="shop_timeout",
            hint="Try again; if it stays, look at the shop's load or raise DEVSKYY_SHOP_TIMEOUT_S.",
            details=reason,
        )
    return ShopUnreachable(
        "The shop cannot be reached.",
        hint="Check its web server, and its address as seen from the sidecar (DEVSKYY_SHOP_URL).",
        details=reason,
    )


def json_of(response: requests.Response) -> Any:
    """The JSON of a good answer; an error with a hint for anything else."""
    kind = response.headers.get("Content-Type", "")
    if 300 <= response.status_code < 400:
        raise ShopUnreachable(
            f"The shop redirects to {redact(response.headers.get('Location', 'elsewhere'))[:200]}.",
            code="shop_redirects",
            hint="Pair again with the address that the shop itself uses, or set DEVSKYY_SHOP_URL to it.",
        )
    try:
        body = response.json()
    except requests.exceptions.JSONDecodeError:
        raise _no_json(response, kind) from None
    if response.status_code >= 400:
        raise _refused(response.status_code, body if isinstance(body, dict) else {})
    return body


def _no_json(response: requests.Response, kind: str) -> DevSkyyError:
    status = response.status_code
    details = {"status": status, "content_type": kind[:80], "begins": redact(response.text[:80])}
    if status == 404:
        return ShopUnreachable(
            "The shop has no REST API at this address.",
            code="rest_not_found",
            hint="Save Settings → Permalinks once in wp-admin, and check the address that the plugin gave.",
            details=details,
        )
    if status in (401, 403, 406, 451):
        return _blocked(details)
    if status >= 500:
        return ShopUnreachable(
            f"The shop answered with status {status}.",
            code="shop_failed",
            hint="Look into the PHP error log of the shop; if it is in maintenance, wait.",
            details=details,
        )
    return ShopUnreachable(
        "The shop answered with a page instead of JSON.",
        code="rest_blocked",
        hint="A coming-soon page, a cache or PHP warnings stand before it: open the address in a browser.",
        details=details,
    )


def _refused(status: int, body: dict[str, Any]) -> DevSkyyError:
    error = body.get("error") if isinstance(body.get("error"), dict) else body
    assert isinstance(error, dict)
    code, data = str(error.get("code", "")), error.get("data")
    hint = error.get("hint") or (data.get("hint") if isinstance(data, dict) else None)
    details = {"status": status, "shop_code": code}
    if code == "rest_no_route":
        return ShopUnreachable(
            "The shop lacks the route that was asked for.",
            code="route_missing",
            hint="Activate the DevSkyy plugin there, and update it if it is old.",
            details=details,
        )
    if code.startswith("woocommerce_rest_") and status in (401, 403):
        return ShopUnreachable(
            "WooCommerce refuses the REST key.",
            code="woocommerce_key_refused",
            hint="The key was revoked, or lacks the right to read: pair the plugin again.",
            details=details,
        )
    if status in (401, 403) and (code.startswith("rest_") or not code):
        return _blocked(details)
    return ShopUnreachable(
        redact(str(error.get("message") or f"The shop answered with status {status}."))[:300],
        code=code if hint and code else "shop_refused",
        hint=str(hint or "See the Status page of the plugin and the PHP error log of the shop."),
        details=details,
    )


def _blocked(details: dict[str, Any]) -> ShopUnreachable:
    return ShopUnreachable(
        "The shop does not let the sidecar use its REST API.",
        code="rest_blocked",
        hint="Let /wp-json/devskyy/ and /wp-json/wc/ pass in the security plugin or firewall.",
        details=details,
    )
