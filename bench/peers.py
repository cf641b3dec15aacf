"""The peers of the forecast benches: statsforecast in a virtual environment of its own.

The environment lies in .bench/peers of the checkout and is made on first use. A forecast is kept under a hash
of the numbers it was made from, so that another run of the bench costs seconds and a changed series is never
answered from an old result.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PINNED = ("statsforecast==2.1.1", "pyarrow==26.0.1")
KEPT = Path(".bench")
SCRIPT = Path(__file__).with_name("peers_run.py")
LEVELS = (0.05, 0.1, 0.2, 0.5, 0.8, 0.9, 0.95)
METHODS = (
    "SeasonalNaive",
    "Mean of 8 weeks",
    "AutoETS",
    "AutoTheta",
    "CrostonOptimized",
    "TSB",
    "IMAPA",
)


@dataclass(frozen=True)
class Peer:
    """What one peer said: mean (n, h), quantiles (n, LEVELS, h) where it gives intervals, and its seconds."""

    mean: Floats
    quantiles: Floats | None
    seconds: float


def python() -> Path:
    """The peers' interpreter; makes the environment when it is not there yet."""
    home = KEPT / "peers"
    ready = home / ("ready-" + hashlib.sha256(" ".join(PINNED).encode()).hexdigest()[:12])
    if not ready.exists():
        print(f"setting up {home} with {' and '.join(PINNED)}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, *PINNED], check=True)
        ready.touch()
    return home / "bin" / "python"


def run(*words: str) -> None:
    """The script, in the peers' environment; its own threads are kept to two."""
    quiet = os.environ | {"OMP_NUM_THREADS": "1", "NIXTLA_ID_AS_COL": "1", "PYTHONWARNINGS": "ignore"}
    subprocess.run([str(python()), str(SCRIPT), *words], check=True, env=quiet)


def parquet_columns(file: Path, columns: tuple[str, ...]) -> dict[str, list[Any]]:
    """Columns of a parquet file, which pandas cannot read without a package that nothing else here needs."""
    stamp = file.stat()
    key = hashlib.sha256(f"{file.resolve()} {stamp.st_size} {columns}".encode()).hexdigest()[:24]
    kept = KEPT / f"{key}.pickle"
    if not kept.exists():
        KEPT.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=KEPT) as room:
            run("parquet", str(file), f"{room}/out", *columns)
            Path(room, "out").rename(kept)
    with kept.open("rb") as stream:
        read: dict[str, list[Any]] = pickle.load(stream)
    return read


@dataclass(frozen=True)
class Job:
    """A peer's forecast from y (n, t), NaN before a series begins, for `horizon` periods."""

    method: str
    y: Floats
    horizon: int
    season: int
    recent: int

    @property
    def how(self) -> str:
        """All but the numbers, as text."""
        names = ("method", "horizon", "season", "recent")
        return json.dumps({name: getattr(self, name) for name in names} | {"with": PINNED}, sort_keys=True)

    @property
    def kept(self) -> Path:
        """Where the result is kept, by the content of what it is made from."""
        content = np.ascontiguousarray(self.y).tobytes() + f"{self.y.shape} {self.how}".encode()
        return KEPT / f"{hashlib.sha256(content).hexdigest()[:24]}.npz"


def peers(jobs: Sequence[Job]) -> list[Peer]:
    """Answers to all jobs; those not yet known are made in one process."""
    KEPT.mkdir(exist_ok=True)
    todo = {job.kept: job for job in jobs if not job.kept.exists()}
    if todo:
        print(f"{len(todo)} forecasts of peers to make", file=sys.stderr)
        with tempfile.TemporaryDirectory(dir=KEPT) as room:
            for n, job in enumerate(todo.values()):
                np.savez(f"{room}/{n:04}.in.npz", y=job.y, how=job.how)
            try:
                run("forecasts", room)
            finally:
                for n, kept in enumerate(todo):
                    made = Path(room, f"{n:04}.out.npz")
                    if made.exists():
                        made.rename(kept)
    return [_read(job.kept) for job in jobs]


def _read(kept: Path) -> Peer:
    with np.load(kept) as found:
        quantiles = found.get("quantiles")
        return Peer(found["mean"], quantiles, float(found["seconds"]))
