"""One person's data: shown, erased; and how long everything is kept. WordPress's privacy tools call the first
two.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from sidecar.api import privacy_shapes as shapes
from sidecar.api.access import PERSON, access, caller, person, runtime
from sidecar.api.group import group, said
from sidecar.api.models import Model
from sidecar.runtime import privacy, retention

bp = group("gdpr", "What is held about a person, erasure, and how long data is kept.", "/api/v1/gdpr")
BIG = 2**63 - 1


class NamedBody(Model):
    """Who is meant, by at least one of these; never the e-mail address itself."""

    email_hash: str | None = Field(
        None, pattern=r"^[0-9a-f]{32}$", description="Keyed hash of the e-mail (docs/protocol.md, section 5)."
    )
    customer_id: int | None = Field(None, ge=1, le=BIG, description="Number of the customer's account.")
    user_id: int | None = Field(None, ge=1, le=BIG, description="WordPress user id, for staff.")
    login: str | None = Field(None, min_length=1, max_length=60, description="WordPress login, for staff.")
    review_ids: list[Annotated[int, Field(ge=1, le=BIG)]] = Field(
        [], max_length=5_000, description="Product reviews that they wrote."
    )

    @model_validator(mode="after")
    def _somebody(self) -> NamedBody:
        if self.email_hash is None and self.customer_id is None and self.user_id is None and not self.login:
            raise ValueError("name somebody by email_hash, customer_id, user_id or login")
        return self

    def whom(self) -> dict[str, Any]:
        """The fields that name a person."""
        return self.model_dump(include=set(NamedBody.model_fields))


class ExportBody(NamedBody):
    """Whose data, and which page of it."""

    page: int = Field(1, ge=1, le=1_000_000)
    limit: int = Field(100, ge=1, le=500)


@bp.post("/export-data", responses=said(shapes.Export))
@access(PERSON)
def export_data(body: ExportBody) -> Any:
    """What is held about a person, a page of rows"""
    found = privacy.export(runtime(), caller().shop_id, body.whom(), page=body.page, limit=body.limit)
    return {"ok": True, **found}


@bp.post("/delete-data", responses=said(shapes.Erased))
@access(PERSON)
def delete_data(body: NamedBody) -> Any:
    """Erase a person; says what was erased and what stays"""
    return {"ok": True, **privacy.erase(runtime(), caller().shop_id, body.whom(), person())}


@bp.get("/data-retention", responses=said(shapes.Retention))
@access("status:read")
def data_retention() -> Any:
    """How long each kind of row is kept, how many are due, and when the chore last ran"""
    return {
        "ok": True,
        "rules": retention.figures(runtime(), caller().shop_id),
        "lawful_minimum": privacy.lawful_minimum(),
    }
