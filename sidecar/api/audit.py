"""The audit: who did what, and how much of it."""

from __future__ import annotations

from typing import Any

from pydantic import AwareDatetime, Field

from sidecar.api import audit_shapes as shapes
from sidecar.api.access import access, caller, runtime
from sidecar.api.group import group, said
from sidecar.api.models import Model
from sidecar.db import read
from sidecar.runtime import audit_check, audit_log
from sidecar.runtime.base import now

bp = group("audit", "Who did what.", "/api/v1/security")
PERIOD_S = 30 * 86_400
LAST_S = 253_402_300_799
"""The end of the year 9999, after which no date can be written."""
NO_NUL = r"^[^\x00]*$"


class AuditQuery(Model):
    """Which rows of the audit."""

    action: str | None = Field(
        None,
        max_length=600,
        pattern=NO_NUL,
        description="An action, several by commas, or a group such as `proposal.`",
    )
    target: str | None = Field(None, max_length=200, pattern=NO_NUL)
    person: str | None = Field(None, max_length=64, pattern=NO_NUL, description="As in an entry, or `none`.")
    request_id: str | None = Field(None, max_length=64, pattern=NO_NUL)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = Field(None, description="Before this time.")
    failed: bool | None = Field(
        None, description="Only what failed or was refused; false: only what did not."
    )
    q: str | None = Field(
        None, max_length=100, pattern=NO_NUL, description="Free text, names of people included."
    )
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=80)

    def filters(self) -> audit_log.Filters:
        """Which rows, as the runtime asks."""
        return audit_log.Filters(
            self.action, self.target, self.person, self.request_id, _seconds(self.since),
            _seconds(self.until), self.failed, self.q,
        )  # fmt: skip


class SummaryQuery(Model):
    """Which period; the last 30 days unless it says otherwise."""

    since: AwareDatetime | None = None
    until: AwareDatetime | None = Field(None, description="Before this time.")

    def period(self) -> tuple[int, int]:
        """First second, and the second after the last."""
        until = _seconds(self.until)
        until = now() + 1 if until is None else until
        since = _seconds(self.since)
        return max(until - PERIOD_S, 0) if since is None else since, until


@bp.get("/audit-log", responses=said(shapes.Entries))
@access("audit:read")
def audit_log_page(query: AuditQuery) -> Any:
    """What people, keys and the sidecar did, newest first"""
    with read(runtime().db.app) as conn:
        found = audit_log.page(conn, caller().shop_id, query.filters(), query.limit, query.cursor)
    return {"ok": True, **found}


@bp.get("/audit-summary", responses=said(shapes.Summary))
@access("audit:read")
def audit_summary(query: SummaryQuery) -> Any:
    """How often what was done, by whom and when, and whether the record is unbroken"""
    rt, shop_id = runtime(), caller().shop_id
    with read(rt.db.app) as conn:
        figures = audit_log.summary(conn, shop_id, *query.period())
        return {"ok": True, **figures, "chain": audit_check.state(conn, rt.sealer, shop_id)}


def _seconds(moment: AwareDatetime | None) -> int | None:
    return None if moment is None else min(max(int(moment.timestamp()), 0), LAST_S)
