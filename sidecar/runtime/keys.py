"""Changing the sealing key while everything runs: a new one seals, all is sealed again, old ones go."""

from __future__ import annotations

import time

from sidecar.core.errors import Conflict, Invalid
from sidecar.db import lease, read
from sidecar.runtime import audit_chain, jobs
from sidecar.runtime.base import Row, Runtime, now
from sidecar.security import keyring, resealing

LEASE_S = 60
SETTLE_S = 60
"""Seconds after a change of the key file in which another process may still finish with the key before."""
KIND = "reseal"


def rotate(rt: Runtime, wrapped: str | None = None) -> str:
    """Puts a new key first in the key file and starts sealing again; the new key's id.

    With a KMS, `wrapped` is the new key as the KMS wrapped it. Invalid when the keys are not in the file.
    """
    path = rt.settings.key_file
    _check_file(rt)
    if bool(rt.settings.kms_command) != (wrapped is not None):
        raise Invalid(
            "With DEVSKYY_KMS_COMMAND the new key comes from the KMS, wrapped; without it, from here.",
            hint="Let the KMS make a data key and hand its wrapped form on: `devskyy keys rotate-master "
            "--wrapped TEXT`." if rt.settings.kms_command else "Leave --wrapped out.",
        )  # fmt: skip
    text = wrapped.strip() if wrapped is not None else keyring.fresh_key()
    made = keyring.Key(keyring.key_from(keyring.unwrap(rt.settings.kms_command, text) if wrapped else text))
    with lease.held(rt.db.app, "", "master-key", rt.owner, now=now(), seconds=LEASE_S) as mine:
        _check_alone(mine)
        if rt.sealer.ring.get(made.id) is not None:
            raise Conflict("This key is in the file.", code="sealing_key_known", hint="Have a new one made.")
        keyring.replace_file(path, [text, *keyring.file_lines(path)])
    start(rt)
    return made.id


def start(rt: Runtime) -> str:
    """Starts sealing again in the background, unless it is under way."""
    return jobs.start(rt, "", KIND, {}, title="Seal secrets under the newest key", unique_key=KIND)


def start_due(rt: Runtime) -> None:
    """Starts sealing again when something waits for it."""
    with read(rt.db.app) as conn:
        waits = resealing.due(conn, rt.sealer)
    if waits:
        start(rt)


def reseal(rt: Runtime, _shop_id: str = "", _args: Row | None = None) -> Row:
    """Seals everything under the newest key, signatures of the audit too; the handler of the job."""
    done = resealing.reseal(rt.db.app, rt.sealer)
    return {**done, "signed": audit_chain.sign_again(rt.db.app, rt.sealer)}


def uses(rt: Runtime) -> list[Row]:
    """Each key, newest first, with how much it sealed; keys that are gone but sealed something come last."""
    sealed = resealing.sealed_by(rt.db.app, rt.sealer)
    with read(rt.db.app) as conn:
        signed = audit_chain.signed_by(conn, rt.sealer)
    here = [key.id for key in rt.sealer.ring.keys]
    return [
        {"id": key_id, "sealed": sealed.get(key_id, 0), "signed": key_id in signed, "here": key_id in here}
        for key_id in [*here, *sorted(set(sealed) - set(here))]
    ]


def retire(rt: Runtime) -> list[str]:
    """Drops every key but the newest from the key file; their ids. Conflict while one still seals something,
    or a process may still use it.
    """
    path = rt.settings.key_file
    _check_file(rt)
    with lease.held(rt.db.app, "", "master-key", rt.owner, now=now(), seconds=LEASE_S) as mine:
        _check_alone(mine)
        if time.time() - path.stat().st_mtime < SETTLE_S:
            raise Conflict(
                "The key file changed less than a minute ago: a process may still use the key before.",
                code="sealing_key_in_use",
                hint="Try again in a minute.",
            )
        former = [key.id for key in rt.sealer.ring.keys][1:]
        for use in uses(rt):
            if use["id"] in former and (use["sealed"] or use["signed"]):
                raise Conflict(
                    f"The key {use['id']} still seals {use['sealed']} values"
                    f"{' and signs the audit' if use['signed'] else ''}.",
                    code="sealing_key_in_use",
                    hint="Run `devskyy keys reseal`, then try again.",
                )
        if former:
            keyring.replace_file(path, keyring.file_lines(path)[:1])
    return former


def _check_file(rt: Runtime) -> None:
    if keyring.split(rt.settings.master_key.get_secret_value()):
        raise Invalid(
            "The sealing keys stand in DEVSKYY_MASTER_KEY, which only you can change.",
            hint="Restart everything with `old,new`, then with `new,old`, run `devskyy keys reseal`, and at "
            "last leave the old one out.",
        )


def _check_alone(mine: bool) -> None:
    if not mine:
        raise Conflict(
            "Somebody else is changing the sealing keys.",
            code="sealing_keys_busy",
            hint="Try again in a minute.",
        )
