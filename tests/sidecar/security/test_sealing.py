"""Sealing: several keys at once, their rotation while everything runs, the former form, a KMS."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select, update

from sidecar.cli import main
from sidecar.core.errors import DevSkyyError
from sidecar.db import Databases, insert_new, read, write
from sidecar.db.app import app as tables
from sidecar.db.app import jobs, secrets
from sidecar.db.identity import signing_keys
from sidecar.db.outgoing import oauth_states
from sidecar.opening import open_runtime
from sidecar.runtime import audit, keys
from sidecar.runtime.base import Runtime
from sidecar.security import keyring, resealing
from sidecar.security.person_keys import PersonKeys
from sidecar.security.sealing import MAGIC, Sealer, get_secret, key_of, put_secret
from sidecar.security.tokens import b64decode, b64encode
from tests.sidecar.kit import do_jobs, no_devskyy_environment, settings_in, tiny_registry

OLD, NEW = b"o" * 32, b"n" * 32
KMS = """import base64, sys
# Turns a wrapped key round by xor; says so on standard error, as chatty programs do.
wrapped = base64.urlsafe_b64decode(sys.stdin.read().strip() + "=")
print("unwrapping", file=sys.stderr)
print(base64.urlsafe_b64encode(bytes(byte ^ 0x5a for byte in wrapped)).decode().rstrip("="))
"""


def refusal(call: Any, *given: Any, **more: Any) -> DevSkyyError:
    """The error that a call ends with."""
    with pytest.raises(DevSkyyError) as caught:
        call(*given, **more)
    return caught.value


def ring(*keys: bytes) -> Sealer:
    """A sealer of several keys, newest first."""
    return Sealer(keyring.Keyring(lambda: list(keys)))


def former(key: bytes, shop_id: str, name: str, value: bytes) -> bytes:
    """What the first version sealed: nonce and text, bound to shop and name."""
    nonce = os.urandom(12)
    return nonce + AESGCM(key).encrypt(nonce, value, f"{shop_id}\0{name}".encode())


@pytest.fixture
def rt(tmp_path: Path) -> Iterator[Runtime]:
    """A runtime whose keys stand in its data folder."""
    with no_devskyy_environment():
        opened = open_runtime(settings_in(tmp_path), tiny_registry())
    yield opened
    opened.close()


def aged(rt: Runtime) -> None:
    """Makes the key file look as if it was changed a while ago."""
    past = time.time() - 2 * keys.SETTLE_S
    os.utime(rt.settings.key_file, (past, past))


def fill(rt: Runtime, count: int = 3) -> None:
    """A value in every sealed column, and some more secrets."""
    with write(rt.db.app) as conn:
        for n in range(count):
            put_secret(conn, rt.sealer, f"shop-{n % 2}", f"secret-{n}", f"value {n}".encode())
        audit.record(conn, "shop-0", {"id": 7, "login": "anna"}, "test.noted")
        sealed = {"key_id": rt.sealer.key_id, "created_at": 1}
        row = {"shop_id": "", "kid": "hs256-1", "algorithm": "HS256", **sealed}
        insert_new(conn, signing_keys, row | {"sealed": rt.sealer.seal("", "signing_keys/hs256-1", b"jwt")})
        row = {"shop_id": "shop-0", "state_hash": "ab", "integration_id": "i", "redirect_uri": "/", **sealed}
        row |= {"sealed": rt.sealer.seal("shop-0", "state/ab", b"pkce"), "expires_at": 2}
        insert_new(conn, oauth_states, row)


def all_open(rt: Runtime, sealer: Sealer, count: int = 3) -> bool:
    """Whether everything that `fill` wrote opens with a sealer."""
    with read(rt.db.app) as conn:
        found = [get_secret(conn, sealer, f"shop-{n % 2}", f"secret-{n}") for n in range(count)]
        row = conn.execute(select(tables.tables["audit"])).mappings().one()
        person = PersonKeys(conn, sealer, "shop-0").open("user:7", row["sealed"])
        token = sealer.open(
            "", "signing_keys/hs256-1", conn.execute(select(signing_keys.c.sealed)).scalar_one()
        )
        state = sealer.open("shop-0", "state/ab", conn.execute(select(oauth_states.c.sealed)).scalar_one())
    assert found == [f"value {n}".encode() for n in range(count)]
    return (person, token, state) == ({"who": {"login": "anna"}}, b"jwt", b"pkce")


def test_the_newest_key_seals_and_all_open() -> None:
    before, both = ring(OLD), ring(NEW, OLD)
    sealed = before.seal("shop", "name", b"value")
    assert both.open("shop", "name", sealed) == b"value"
    again = both.seal("shop", "name", b"value")
    assert (key_of(sealed), key_of(again)) == (before.key_id, ring(NEW).key_id)
    assert ring(NEW).open("shop", "name", again) == b"value"
    assert refusal(before.open, "shop", "name", again).code == "sealing_key_wrong"


@pytest.mark.parametrize(
    ("shop_id", "name"),
    [("other", "person/user:7"), ("shop", "person/user:8"), ("shop", "user:7"), ("shop", "state/user:7")],
)
def test_a_value_opens_only_where_it_was_sealed(shop_id: str, name: str) -> None:
    sealer = ring(OLD)
    sealed = sealer.seal("shop", "person/user:7", b"value")
    assert sealer.open("shop", "person/user:7", sealed) == b"value"
    assert refusal(sealer.open, shop_id, name, sealed).code == "sealing_key_wrong"


def test_every_changed_byte_is_found() -> None:
    sealer = ring(OLD, NEW)
    sealed = sealer.seal("shop", "name", b"v")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        assert refusal(sealer.open, "shop", "name", bytes(changed)).code == "sealing_key_wrong"
    for length in range(len(sealed)):
        assert refusal(sealer.open, "shop", "name", sealed[:length]).code == "sealing_key_wrong"


def test_nonces_never_repeat() -> None:
    sealer = ring(OLD)
    nonces = {sealer.seal("shop", "name", b"same")[7:19] for _ in range(5_000)}
    assert len(nonces) == 5_000


def test_the_former_form_opens_and_is_sealed_again(databases: Databases) -> None:
    sealer = ring(NEW, OLD)
    row = {"shop_id": "shop", "name": "signing", "key_id": "x", "updated_at": 1}
    with write(databases.app) as conn:
        insert_new(conn, secrets, row | {"sealed": former(OLD, "shop", "signing", b"value")})
        assert get_secret(conn, sealer, "shop", "signing") == b"value"
        assert refusal(sealer.open, "shop", "other", former(OLD, "shop", "signing", b"v")).code
    with read(databases.app) as conn:
        assert resealing.due(conn, sealer)
    assert resealing.sealed_by(databases.app, sealer) == {ring(OLD).key_id: 1}
    assert resealing.reseal(databases.app, sealer) == {"sealed": 1, "closed": 0}
    with read(databases.app) as conn:
        found = conn.execute(select(secrets)).one()
        assert not resealing.due(conn, sealer)
        assert get_secret(conn, ring(NEW), "shop", "signing") == b"value"
    assert found.sealed.startswith(MAGIC)
    assert found.key_id == sealer.key_id == key_of(found.sealed)


def test_a_former_value_that_looks_like_a_new_one_opens() -> None:
    nonce = MAGIC + b"x" * 9
    sealed = nonce + AESGCM(OLD).encrypt(nonce, b"value", b"shop\0name")
    assert ring(NEW, OLD).open("shop", "name", sealed) == b"value"


def test_rotation_reseals_all_while_another_process_works(rt: Runtime, tmp_path: Path) -> None:
    fill(rt)
    first = rt.sealer.key_id
    other = open_runtime(settings_in(tmp_path), tiny_registry())
    second = keys.rotate(rt)
    assert second != first
    # the other process sees the new key without a restart, and what it seals is opened here
    with write(other.db.app) as conn:
        put_secret(conn, other.sealer, "shop-0", "later", b"later")
    with read(rt.db.app) as conn:
        row = conn.execute(select(secrets).where(secrets.c.name == "later")).one()
        assert get_secret(conn, rt.sealer, "shop-0", "later") == b"later"
    assert row.key_id == key_of(row.sealed) == second
    assert refusal(keys.retire, other).code == "sealing_key_in_use"  # just now, and all is in use
    aged(rt)
    assert "still seals" in refusal(keys.retire, other).message
    assert do_jobs(other, (keys.KIND,)) == 1
    assert [(use["id"], use["sealed"], use["signed"]) for use in keys.uses(rt)] == [
        (second, 7, True),
        (first, 0, False),
    ]
    assert keys.retire(rt) == [first]
    assert len(rt.settings.key_file.read_text().split()) == 1
    assert stat.S_IMODE(rt.settings.key_file.stat().st_mode) == 0o600
    alone = Sealer(keyring.load_key("", rt.settings.key_file))
    assert all_open(rt, alone)
    assert [report.problems for report in audit.verify(other)] == [[]]
    aged(rt)
    assert keys.retire(rt) == []
    other.close()


def test_the_commands(rt: Runtime, tmp_path: Path) -> None:
    def command(*words: str) -> tuple[int, str]:
        with no_devskyy_environment():
            done = CliRunner().invoke(main, ["--data-dir", str(tmp_path), "keys", *words])
        return done.exit_code, done.output

    fill(rt)
    first = rt.sealer.key_id
    assert command("masters") == (0, f"{first}  seals 6, signs the audit\n")
    code, told = command("rotate-master")
    second = rt.sealer.key_id
    assert (code, f"The key {second} seals from now on." in told) == (0, True)
    code, told = command("retire-master")
    assert (code, "Error: The key file changed less than a minute ago" in told) == (1, True)
    aged(rt)
    code, told = command("retire-master")
    assert (code, f"Error: The key {first} still seals 6 values and signs the audit." in told) == (1, True)
    assert command("reseal") == (0, "6 values sealed again, 1 signatures renewed.\n")
    assert command("masters")[1].splitlines() == [f"{second}  seals 6, signs the audit", f"{first}  seals 0"]
    assert f"Retired {first}." in command("retire-master")[1]
    aged(rt)
    assert command("retire-master") == (0, "There is only the one key.\n")
    assert all_open(rt, rt.sealer)
    assert command("rotate-master", "--wrapped", "x")[0] == 1


def test_the_ticker_finds_what_waits(rt: Runtime) -> None:
    fill(rt)
    keys.start_due(rt)
    with read(rt.db.app) as conn:
        assert conn.execute(select(jobs.c.id)).all() == []
    lines = [keyring.fresh_key(), *keyring.file_lines(rt.settings.key_file)]
    keyring.replace_file(rt.settings.key_file, lines)
    keys.start_due(rt)
    keys.start_due(rt)
    assert do_jobs(rt, (keys.KIND,)) == 1
    assert all_open(rt, Sealer(b64decode(lines[0])))


def test_two_resealers_at_once_do_no_harm(rt: Runtime, tmp_path: Path) -> None:
    fill(rt, 150)
    keys.rotate(rt)
    others = [open_runtime(settings_in(tmp_path), tiny_registry()) for _ in range(2)]
    done: list[Any] = []
    threads = [threading.Thread(target=lambda one=one: done.append(keys.reseal(one))) for one in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one["sealed"] for one in done) == 153
    assert sum(one["closed"] for one in done) == 0
    assert all_open(rt, Sealer(keyring.load_key("", rt.settings.key_file)), 150)
    for one in others:
        one.close()


def test_a_secret_that_is_changed_while_it_is_sealed_again_keeps_the_change(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealer, at_work = ring(NEW, OLD), Sealer.open
    with write(databases.app) as conn:
        put_secret(conn, ring(OLD), "shop", "name", b"before")

    def opens(self: Sealer, shop_id: str, name: str, sealed: bytes) -> bytes:
        # between reading and writing, as a server without the row lock would let it happen
        monkeypatch.setattr(Sealer, "open", at_work)
        values = {"sealed": ring(OLD).seal("shop", "name", b"after")}
        held[0].execute(update(secrets).values(values))
        return at_work(self, shop_id, name, sealed)

    held: list[Any] = []
    place = resealing.SEALED[0]
    with write(databases.app) as conn:
        held.append(conn)
        row = conn.execute(select(secrets.c.shop_id, secrets.c.name.label("ident"), secrets.c.sealed)).one()
        monkeypatch.setattr(Sealer, "open", opens)
        resealing._one(conn, sealer, place, row)
    with read(databases.app) as conn:
        assert get_secret(conn, sealer, "shop", "name") == b"after"


RESEALER = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from sidecar.opening import open_runtime
from sidecar.security import resealing
from sidecar.runtime import keys
from tests.sidecar.kit import settings_in, tiny_registry
resealing.AT_ONCE = 5
rt = open_runtime(settings_in(Path({folder!r})), tiny_registry())
print("ready", flush=True)
keys.reseal(rt)
"""


def test_resealing_goes_on_after_kill_9(rt: Runtime, tmp_path: Path) -> None:
    count = 1_500
    fill(rt, count)
    first = rt.sealer.key_id
    second = keys.rotate(rt)
    root = str(Path(__file__).parents[3])
    code = RESEALER.format(root=root, folder=str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=root) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == b"ready\n"
        end = time.monotonic() + 30
        while resealing.sealed_by(rt.db.app, rt.sealer).get(second, 0) < 20 and time.monotonic() < end:
            time.sleep(0.005)
        killed.kill()
    left = resealing.sealed_by(rt.db.app, rt.sealer)
    assert left[first] > 0, "it was done before it could be killed"
    assert left[second] >= 20
    assert keys.reseal(rt)["sealed"] == left[first]
    assert resealing.sealed_by(rt.db.app, rt.sealer) == {second: count + 3}
    assert all_open(rt, Sealer(keyring.load_key("", rt.settings.key_file)), count)


def test_a_value_whose_key_is_gone_is_told_and_left(rt: Runtime) -> None:
    fill(rt, 1)
    with write(rt.db.app) as conn:
        put_secret(conn, Sealer(b"z" * 32), "shop-0", "lost", b"lost")
    keys.rotate(rt)
    assert keys.reseal(rt)["sealed"] == 4
    assert keys.uses(rt)[-1] == {"id": Sealer(b"z" * 32).key_id, "sealed": 1, "signed": False, "here": False}
    with read(rt.db.app) as conn:
        assert not resealing.due(conn, rt.sealer)


def test_keys_from_the_environment(tmp_path: Path) -> None:
    given = f" {b64encode(NEW)}, {b64encode(OLD)} "
    with no_devskyy_environment():
        rt = open_runtime(settings_in(tmp_path, master_key=given), tiny_registry())
    assert [key.raw for key in rt.sealer.ring.keys] == [NEW, OLD]
    assert not (tmp_path / "master.key").exists()
    assert refusal(keys.rotate, rt).code == "invalid"
    assert refusal(keys.retire, rt).code == "invalid"
    rt.close()
    assert (
        refusal(keyring.open_keyring, f"{b64encode(NEW)},short", tmp_path / "k").code
        == "sealing_key_malformed"
    )


def test_a_file_that_is_broken_for_a_moment_stops_nobody(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    sealer = Sealer(keyring.open_keyring("", path))
    good, first = path.read_text(), sealer.key_id
    path.write_text("nonsense\n")
    assert sealer.key_id == first
    path.write_text("")
    assert sealer.key_id == first
    path.unlink()
    assert sealer.key_id == first
    path.write_text(f"{b64encode(NEW)}\n{good}")
    assert [key.id for key in sealer.ring.keys] == [ring(NEW).key_id, first]
    assert refusal(keyring.open_keyring, "", tmp_path / "master.key" / "x").code == "sealing_key_unreadable"


def test_a_kms_unwraps_the_keys(tmp_path: Path) -> None:
    program = tmp_path / "my kms.py"
    program.write_text(KMS)
    command = f"{sys.executable} '{program}'"

    def wrapped(key: bytes) -> str:
        return b64encode(bytes(byte ^ 0x5A for byte in key))

    path = tmp_path / "master.key"
    assert refusal(keyring.open_keyring, "", path, command).code == "sealing_key_unreadable"
    assert not path.exists()  # with a KMS no key is made here in clear
    path.write_text(wrapped(OLD) + "\n")
    with no_devskyy_environment():
        rt = open_runtime(settings_in(tmp_path, kms_command=command), tiny_registry())
    assert rt.sealer.ring.newest.raw == OLD
    fill(rt)
    assert refusal(keys.rotate, rt).code == "invalid"
    assert keys.rotate(rt, wrapped(NEW)) == ring(NEW).key_id
    assert refusal(keys.rotate, rt, wrapped(NEW)).code == "sealing_key_known"
    assert path.read_text().split() == [wrapped(NEW), wrapped(OLD)]
    keys.reseal(rt)
    assert all_open(rt, ring(NEW))
    rt.close()
    # what it says when it fails is not repeated: it may hold what nobody shall read
    broken = f"{sys.executable} -c 'import sys; print(sys.stdin.read(), file=sys.stderr); sys.exit(3)'"
    told = refusal(keyring.open_keyring, wrapped(OLD), path, broken)
    assert (told.code, wrapped(OLD) in f"{told.message}{told.hint}{told.details}") == ("kms_failed", False)
    for command in ("/nowhere/kms", "'unclosed", f"{sys.executable} -c 'print(1)'"):
        code = refusal(keyring.open_keyring, wrapped(OLD), path, command).code
        assert code in ("kms_failed", "sealing_key_malformed")


def test_signatures_name_their_key() -> None:
    sealer = ring(NEW, OLD)
    signature = ring(OLD).sign("text")
    assert sealer.signed("text", signature)
    assert not sealer.signed("texT", signature)
    assert not ring(NEW).signed("text", signature)
    for forged in ("", ".", sealer.key_id, f"{sealer.key_id}.{'0' * 64}", signature[:-1]):
        assert not sealer.signed("text", forged)
