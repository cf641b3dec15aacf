"""A process that delivers webhooks: `webhook_worker.py FOLDER [LEASE_S]`; it prints `ready` first."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from sidecar.opening import open_runtime
from sidecar.runtime import deliveries
from tests.sidecar.kit import settings_in, tiny_registry

if __name__ == "__main__":
    if len(sys.argv) > 2:
        deliveries.LEASE_S = int(sys.argv[2])
    settings = settings_in(Path(sys.argv[1]), webhooks_allow_private=True)
    rt = open_runtime(settings, tiny_registry(), migrate=False)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    deliveries.Deliverer(rt).run(threading.Event())
