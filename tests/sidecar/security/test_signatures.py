"""Signatures of webhook messages, as a receiver checks them."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from sidecar.core.errors import Invalid, Unauthorized
from sidecar.security.signatures import headers, new_secret, secret_bytes, secret_text, verify

NOW = 1_795_000_000
BODY = b'{"type":"webhook.test"}'


def test_the_vector_of_standard_webhooks() -> None:
    """The example of the specification's own libraries."""
    key = secret_bytes("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}', [key])
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_it_is_an_hmac_of_id_time_and_body() -> None:
    key = new_secret()
    assert len(key) == 32
    made = headers("m1", NOW, BODY, [key])
    ours = hmac.new(key, f"m1.{NOW}.".encode() + BODY, hashlib.sha256).digest()
    assert made["webhook-signature"] == "v1," + base64.b64encode(ours).decode()
    assert verify(secret_text(key), made, BODY, now=NOW) == "m1"
    assert secret_bytes(secret_text(key)) == key


def test_one_good_signature_of_several_is_enough() -> None:
    old, new = new_secret(), new_secret()
    made = headers("m1", NOW, BODY, [new, old])
    for key in (old, new):
        assert verify(secret_text(key), made, BODY, now=NOW)
    with pytest.raises(Unauthorized):
        verify(secret_text(new_secret()), made, BODY, now=NOW)


@pytest.mark.parametrize("shift", [-300, 300])
def test_the_replay_window_is_five_minutes(shift: int) -> None:
    secret = secret_text(new_secret())
    made = headers("m1", NOW, BODY, [secret_bytes(secret)])
    assert verify(secret, made, BODY, now=NOW + shift)
    with pytest.raises(Unauthorized) as caught:
        verify(secret, made, BODY, now=NOW + shift + (1 if shift > 0 else -1))
    assert caught.value.code == "signature_expired"


@pytest.mark.parametrize(
    ("name", "value"),
    [("webhook-id", "m2"), ("webhook-timestamp", str(NOW + 1)), ("webhook-signature", "v1,AAAA"),
     ("webhook-signature", "v2,x"), ("webhook-signature", "é"), ("webhook-signature", " "),
     ("webhook-id", ""), ("webhook-timestamp", "soon"), ("webhook-timestamp", "١٧٩٥٠٠٠٠٠٠"),
     ("webhook-timestamp", "-1"), ("webhook-signature", "")],
)  # fmt: skip
def test_what_was_altered_is_refused(name: str, value: str) -> None:
    secret = secret_text(new_secret())
    made = headers("m1", NOW, BODY, [secret_bytes(secret)])
    with pytest.raises(Unauthorized):
        verify(secret, {**made, name: value}, BODY, now=NOW)
    with pytest.raises(Unauthorized):
        verify(secret, made, BODY + b" ", now=NOW)
    assert verify(secret, {key.title(): text for key, text in made.items()}, BODY, now=NOW)


def test_a_secret_that_is_none_is_said_so() -> None:
    with pytest.raises(Invalid):
        secret_bytes("whsec_***")
