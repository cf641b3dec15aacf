"""The agents, one module per family; a family is listed here or it does not exist."""

from __future__ import annotations

from sidecar.agents import catalog, inventory, pricing
from sidecar.core.agent import Registry, collect

FAMILIES = (catalog, inventory, pricing)


def registry() -> Registry:
    """Every agent by name."""
    return collect(FAMILIES)
