"""An agent's run over the mirrored demo shop, watched."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from sidecar.core.agent import Agent, Result
from tests.sidecar.agents.frame_store import Ctx, Shelf
from tests.sidecar.agents.mirrored import Mirrored
from tests.sidecar.agents.watched import Watched, Writes


@dataclass(frozen=True)
class Ran:
    """What an agent answered, what it read, its CPU seconds, and whether it wrote anything."""

    result: Result[Any]
    asked: set[str]
    spent: float
    wrote: bool


def run(agent: Agent, mirrored: Mirrored, models: Shelf, given: dict[str, Any] | None = None) -> Ran:
    """Runs an agent on the demo shop with these kept forecasts."""
    writes = Writes(mirrored.databases)
    before = writes.count()
    with mirrored.open(agent.reads) as store:
        watched = Watched(store)
        begun = time.process_time()
        result = agent.run(agent.input_model.model_validate(given or {}), Ctx(watched, models=models))
        spent = time.process_time() - begun
    wrote = writes.count() != before
    writes.close()
    return Ran(result, watched.asked, spent, wrote)
