"""The same checks as the Status page, and one real request to every paired shop."""

from __future__ import annotations

from sidecar.core.errors import DevSkyyError
from sidecar.runtime import health, shop
from sidecar.runtime.base import Row, Runtime


def examine(rt: Runtime) -> list[Row]:
    """All checks, worst news included."""
    found = health.vital(rt)
    if found:
        return found
    shops = shop.paired(rt)
    if not shops:
        return [health.check("shop", "Shop", "warning", "No shop is paired.", "Run `devskyy pair`.")]
    for row in shops:
        found += health.status(rt, row["shop_id"])["checks"]
        found.append(_reach(rt, row))
    return found


def _reach(rt: Runtime, row: Row) -> Row:
    label = f"Reach {row['home_url']}"
    try:
        told = shop.client(rt, row["shop_id"]).shop()
    except DevSkyyError as error:
        return health.check("reach", label, "critical", error.message, error.hint)
    return health.check("reach", label, "good", f"Plugin {told.get('versions', {}).get('plugin')} answers.")
