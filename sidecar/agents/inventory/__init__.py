"""Inventory agents: what will sell, what to order, and what lies too long."""

from __future__ import annotations

from sidecar.agents.inventory.demand_forecast import DemandForecastInput, demand_forecast
from sidecar.agents.inventory.reorder_plan import ReorderPlanInput, reorder_plan
from sidecar.agents.inventory.reorder_points import ReorderPointsInput, reorder_points

__all__ = [
    "DemandForecastInput", "ReorderPlanInput", "ReorderPointsInput", "demand_forecast", "reorder_plan",
    "reorder_points",
]  # fmt: skip
