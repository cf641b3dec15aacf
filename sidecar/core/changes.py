"""What a proposal would change in the shop: typed, digestible, undoable where it can be undone."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

RESOURCE = re.compile(r"^(wc/v3|wp/v2|devskyy/v1)/[a-z_]+(/[a-z0-9_-]+)*$")
META_PATH = re.compile(r"^meta_data\[[A-Za-z0-9_:-]{1,255}\]$")
IMAGE_PATH = re.compile(r"^images\[\d{1,3}\]\.alt$")
FIELD_PATH = re.compile(r"^[a-z_]{1,64}$")
# Every field is written, those that were not given too.
WRITTEN = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=True)


def canonical_json(value: object) -> str:
    """JSON with keys sorted by code point, no white space, `/` and non-ASCII unescaped.

    Both sides hash this text, so floats, whose text differs between languages, are refused (TypeError).
    """
    _refuse_floats(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _refuse_floats(value: object) -> None:
    if isinstance(value, float):
        raise TypeError("changes hold no floats: use a string")
    if isinstance(value, dict):
        for part in value.values():
            _refuse_floats(part)
    elif isinstance(value, list | tuple):
        for part in value:
            _refuse_floats(part)


class SetField(BaseModel):
    """One field of one resource: what stood there when the agent looked, and what shall stand there.

    With `to` equal to `was` it is a guard: compared before anything is written, and left as it is.
    """

    model_config = WRITTEN

    path: str
    was: JsonValue = None
    to: JsonValue

    @field_validator("path")
    @classmethod
    def _known_form(cls, path: str) -> str:
        if not (FIELD_PATH.match(path) or META_PATH.match(path) or IMAGE_PATH.match(path)):
            raise ValueError("a path is a field, meta_data[<key>], images[<n>].alt or stock_delta")
        return path

    @model_validator(mode="after")
    def _no_floats(self) -> SetField:
        _refuse_floats([self.was, self.to])
        if self.path == "stock_quantity":
            raise ValueError("stock moves by stock_delta, never to an absolute number")
        if self.path == "stock_delta" and not isinstance(self.to, int):
            raise ValueError("stock_delta takes a whole number")
        return self


class Patch(BaseModel):
    """One write to one existing resource (docs/protocol.md, section 7)."""

    model_config = WRITTEN

    kind: Literal["patch"] = "patch"
    change_id: str = ""
    resource: str = Field(pattern=RESOURCE.pattern)
    set: list[SetField] = Field(min_length=1)


class Create(BaseModel):
    """A new resource; it carries its change id as meta and is looked up before a retry."""

    model_config = WRITTEN

    kind: Literal["create"] = "create"
    change_id: str = ""
    resource: str = Field(pattern=RESOURCE.pattern)
    body: dict[str, JsonValue]


class Act(BaseModel):
    """Something the sidecar does at most once and nobody can undo, such as sending mail."""

    model_config = WRITTEN

    kind: Literal["act"] = "act"
    change_id: str = ""
    resource: str = Field(pattern=r"^sidecar/[a-z0-9_/-]+$")


Change = Annotated[Patch | Create | Act, Field(discriminator="kind")]


def with_ids(proposal_id: str, changes: list[Patch | Create | Act]) -> list[dict[str, Any]]:
    """The changes as JSON values with their change ids, `<proposal id>-<n>`."""
    return [
        change.model_copy(update={"change_id": f"{proposal_id}-{n}"}).model_dump(mode="json")
        for n, change in enumerate(changes, start=1)
    ]


def digest(proposal_id: str, changes: list[dict[str, Any]]) -> str:
    """SHA-256 over what a person approves: the proposal's id and its changes."""
    text = canonical_json({"id": proposal_id, "changes": changes})
    return hashlib.sha256(text.encode()).hexdigest()


def written(change: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields that a change sets, without its guards."""
    return [
        field
        for field in change.get("set", [])
        if field["path"] == "stock_delta" or field["was"] != field["to"]
    ]


def touched(changes: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """The (resource, path) pairs that the changes write; one open proposal may hold each."""
    pairs = set()
    for change in changes:
        if change["kind"] == "patch":
            pairs |= {(change["resource"], field["path"]) for field in change["set"]}
        elif change["kind"] == "act":
            pairs.add((change["resource"], ""))
    return pairs


def undoable(changes: list[dict[str, Any]]) -> bool:
    """Whether undoing would take everything back."""
    return all(change["kind"] != "act" for change in changes)
