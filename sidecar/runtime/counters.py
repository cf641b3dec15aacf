"""One folder in which the counters of all processes of a data folder and a machine meet."""

from __future__ import annotations

import os
import socket
from pathlib import Path

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def share_counters(data_dir: Path) -> None:
    """Names the folder to prometheus_client, which looks for it when it is first imported: call this before.

    A folder that the operator named is left as it is. In ours, files of processes that are gone are dropped;
    each
    machine (or container, where process ids mean something else) has its own.
    """
    if VARIABLE in os.environ:
        return
    folder = data_dir.absolute() / "metrics" / socket.gethostname()
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*_*.db"):
        pid = path.stem.rsplit("_", 1)[1]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            path.unlink(missing_ok=True)
    os.environ[VARIABLE] = str(folder)


def folder_of_counters() -> str | None:
    """Where the counters meet, or None when this process counts for itself."""
    return os.environ.get(VARIABLE)
