"""Inventory agents: what will sell, what to order, and what lies too long."""

from __future__ import annotations

# First in every list, and so first to run where all run: the others use what it keeps.
from sidecar.agents.inventory.demand_forecast import DemandForecastInput, demand_forecast

# isort: split
from sidecar.agents.inventory.assortment_review import AssortmentReviewInput, assortment_review
from sidecar.agents.inventory.dead_stock import DeadStockInput, dead_stock
from sidecar.agents.inventory.reorder_plan import ReorderPlanInput, reorder_plan
from sidecar.agents.inventory.reorder_points import ReorderPointsInput, reorder_points
from sidecar.agents.inventory.size_gaps import SizeGapsInput, size_gaps
from sidecar.agents.inventory.stock_transfers import StockTransfersInput, stock_transfers

__all__ = [
    "AssortmentReviewInput", "DeadStockInput", "DemandForecastInput", "ReorderPlanInput",
    "ReorderPointsInput", "SizeGapsInput", "StockTransfersInput", "assortment_review", "dead_stock",
    "demand_forecast", "reorder_plan", "reorder_points", "size_gaps", "stock_transfers",
]  # fmt: skip
