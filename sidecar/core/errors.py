"""Errors that say what to do next; the API turns them into its one error shape."""

from __future__ import annotations

from collections.abc import Mapping


class DevSkyyError(Exception):
    """An expected failure.

    `code` is stable and machine readable, `message` says what happened, `hint` what to do next,
    `fields` maps a field's path to its complaint, `status` is the HTTP status of an answer.
    """

    status = 500
    code = "internal"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        code: str | None = None,
        fields: Mapping[str, str] | None = None,
        status: int | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or self.code
        self.status = status or self.status
        self.fields = dict(fields or {})
        self.details = dict(details or {})

    def as_dict(self, request_id: str | None = None) -> dict[str, object]:
        """The `error` object of the one error shape (docs/protocol.md, section 2)."""
        body: dict[str, object] = {"code": self.code, "message": self.message, "hint": self.hint}
        if request_id:
            body["request_id"] = request_id
        if self.fields:
            body["fields"] = self.fields
        if self.details:
            body["details"] = self.details
        return body


class Invalid(DevSkyyError):
    """The input is wrong; `fields` says where."""

    status = 422
    code = "invalid"


class Unauthorized(DevSkyyError):
    """Nobody is known by this request."""

    status = 401
    code = "unauthorized"


class Forbidden(DevSkyyError):
    """Known, but not allowed."""

    status = 403
    code = "forbidden"


class NotFound(DevSkyyError):
    """There is no such thing."""

    status = 404
    code = "not_found"


class Conflict(DevSkyyError):
    """The thing is not in the state this needs."""

    status = 409
    code = "conflict"


class Unavailable(DevSkyyError):
    """Something this needs is away for now; trying again later may work."""

    status = 503
    code = "unavailable"


class ShopUnreachable(Unavailable):
    """The shop did not answer, or not with what the plugin would say."""

    status = 502
    code = "shop_unreachable"


class Cancelled(DevSkyyError):
    """A person cancelled the run."""

    status = 409
    code = "cancelled"


class UndeclaredRead(DevSkyyError):
    """An agent asked the store for something that its declaration does not list in `reads`."""

    status = 500
    code = "undeclared_read"
