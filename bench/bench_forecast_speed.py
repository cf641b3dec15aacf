"""Forecasts of 10,000 daily series over two years: time, memory, how cost grows, and AutoETS in the same run.

    make bench-forecast-speed

Every size runs in a process of its own, which makes the series, forecasts 90 days with intervals and a method
chosen per series, and says its seconds and its peak memory. statsforecast's AutoETS forecasts a sample of the
same series, spread evenly over them, on the same cores, half of it before and half after ours; its time is
scaled to all of them. Prints a table, and last one line of JSON. Exit code 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import peers

Floats = NDArray[np.float64]

DAYS, HORIZON, SEASON, CORES = 730, 90, 7, 2
FIRST = date(2024, 12, 1)
LIMIT_S, LIMIT_MB, TIMES = 60.0, 2048.0, 30.0


def series(n: int, days: int = DAYS, seed: int = 0) -> Floats:
    """Daily demand of n items: smooth, trending, lumpy and slow; some new, some at times out of stock."""
    rng = np.random.default_rng(seed)
    t = np.arange(days)
    kind = rng.integers(0, 4, n)
    level = np.exp(rng.normal(np.where(kind == 3, -2.0, 1.2), 0.8))[:, None]
    week = 1 + rng.uniform(0, 0.5, (n, 1)) * np.sin((t + rng.integers(0, 7, (n, 1))) * 2 * np.pi / 7)
    year = 1 + rng.uniform(0, 0.4, (n, 1)) * np.sin(t * 2 * np.pi / 365.25 + rng.uniform(0, 1, (n, 1)))
    trend = np.exp(np.where(kind == 1, rng.normal(0, 0.001, n), 0)[:, None] * t)
    rate = level * week * year * trend
    rate = np.where((kind == 2)[:, None], rate * rng.gamma(0.5, 2.0, (n, days)), rate)
    y = rng.poisson(rate).astype(float)
    born = np.where(rng.random(n) < 0.15, rng.integers(0, days - 30, n), 0)
    y[t < born[:, None]] = np.nan
    gone = np.where(rng.random(n) < 0.2, rng.integers(30, days - 60, n), days)
    y[(t >= gone[:, None]) & (t < gone[:, None] + rng.integers(5, 40, n)[:, None])] = np.nan
    return y


def groups(n: int) -> list[str]:
    """Forty categories."""
    return [str(row % 40) for row in range(n)]


def fit(n: int, scheduler: str = "") -> dict[str, Any]:
    """Forecasts n series in this process and says what it took."""
    import sklearn.ensemble  # noqa: F401 - imports are left out of the clock, as they are for AutoETS

    from sidecar.ml import parallel
    from sidecar.ml.forecast import forecast

    parallel.use(cores=CORES, scheduler=scheduler)
    y = series(n)
    before, cpu = time.perf_counter(), time.process_time()
    found = forecast(y, HORIZON, season=SEASON, first_day=FIRST, groups=groups(n))
    seconds, cpu = time.perf_counter() - before, time.process_time() - cpu
    methods, counts = np.unique(np.array(found.method), return_counts=True)
    if not np.isfinite(found.mean).all():
        raise SystemExit("Some means are not finite.")
    return {
        "series": n,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu, 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "methods": dict(zip(methods.tolist(), counts.tolist(), strict=True)),
        "checksum": float(np.round(found.mean, 6).sum() + np.round(found.quantiles, 6).sum()),
    }


def one(times: int) -> dict[str, Any]:
    """Milliseconds of a forecast of a single series, first import included apart."""
    from sidecar.ml.forecast import forecast

    y = series(times + 1)
    took = []
    for row in range(times + 1):
        before = time.perf_counter()
        forecast(y[row : row + 1], HORIZON, season=SEASON, first_day=FIRST)
        took.append((time.perf_counter() - before) * 1000)
    return {
        "p50_ms": round(float(np.median(took[1:])), 1),
        "p95_ms": round(float(np.quantile(took[1:], 0.95)), 1),
    }


def each(n: int) -> dict[str, float]:
    """Processor seconds of every method alone, four origins."""
    from sidecar.ml.methods import METHODS

    y, took = series(n), {}
    for name, method in METHODS.items():
        before = time.process_time()
        method(y, [DAYS - 3 * HORIZON, DAYS - 2 * HORIZON, DAYS - HORIZON, DAYS], HORIZON, SEASON)
        took[name] = round(time.process_time() - before, 2)
    return took


def cluster(n: int) -> dict[str, Any]:
    """The same on a local Dask cluster of two workers, a process each, sharing nothing."""
    try:
        from distributed import LocalCluster
    except ImportError:
        return {"skipped": "Dask is not installed: pip install 'devskyy[dask]'"}
    kind = {"n_workers": CORES, "threads_per_worker": 1, "dashboard_address": None, "host": "127.0.0.1"}
    with (
        tempfile.TemporaryDirectory(prefix="devskyy-bench-") as room,
        LocalCluster(**kind, local_directory=room) as dask,
    ):
        found = fit(n, dask.scheduler_address)
        from sidecar.ml import parallel

        parallel.use(scheduler="")
    return found


def child(*words: str) -> Any:
    """What one of the functions above says in a process of its own, BLAS kept to one thread."""
    env = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    out = subprocess.run(
        [sys.executable, "-m", "bench.bench_forecast_speed", *words],
        check=True,
        stdout=subprocess.PIPE,
        env=env,
    )
    return json.loads(out.stdout.splitlines()[-1])


def autoets(y: Floats) -> float:
    """Seconds of AutoETS with intervals, on two cores, without its imports."""
    with tempfile.TemporaryDirectory(prefix="devskyy-bench-") as room:
        how = {"method": "AutoETS", "horizon": HORIZON, "season": SEASON, "recent": 56}
        np.savez(f"{room}/0.in.npz", y=y, how=json.dumps(how))
        peers.run("forecasts", room)
        with np.load(Path(room, "0.out.npz")) as found:
            return float(found["seconds"])


def compare(sizes: list[int], sample: int) -> dict[str, Any]:
    """Ours in all sizes between two halves of the peer's sample."""
    most = max(sizes)
    chosen = series(most)[:: max(most // sample, 1)][:sample]
    peers.python()
    peer = autoets(chosen[::2])
    ours = [child("--fit", str(n)) for n in sizes]
    peer += autoets(chosen[1::2])
    scaled = peer / len(chosen) * most
    largest = ours[-1]
    small = min(sizes)
    return {
        "series": most,
        "days": DAYS,
        "horizon": HORIZON,
        "cores": CORES,
        "runs": ours,
        "seconds": largest["seconds"],
        "peak_mb": largest["peak_mb"],
        "autoets_sample": len(chosen),
        "autoets_sample_seconds": round(peer, 1),
        "autoets_scaled_seconds": round(scaled, 1),
        "times_faster": round(scaled / largest["seconds"], 1),
        "one_series": child("--one", "40"),
        "dask": child("--dask", str(small)),
        "methods_1000_cpu_seconds": child("--each", "1000"),
        "targets": {"seconds": LIMIT_S, "peak_mb": LIMIT_MB, "times_faster": TIMES},
    }


def show(found: dict[str, Any]) -> None:
    """The table."""
    print(f"{found['series']:,} daily series x {DAYS} days, horizon {HORIZON} with intervals, {CORES} cores")
    print(f"{'series':>8}{'seconds':>10}{'ms a series':>13}{'cpu s':>8}{'peak MB':>9}")
    for run in found["runs"]:
        each_ms = run["seconds"] / run["series"] * 1000
        print(
            f"{run['series']:>8,}{run['seconds']:>10.1f}{each_ms:>13.2f}"
            f"{run['cpu_seconds']:>8.1f}{run['peak_mb']:>9,}"
        )
    dask = found["dask"]
    if "skipped" in dask:
        print(f"Dask: {dask['skipped']}")
    else:
        print(f"{dask['series']:>8,}{dask['seconds']:>10.1f}  over Dask, 2 workers: {dask['agrees']}")
    print(
        f"statsforecast AutoETS: {found['autoets_sample_seconds']} s for {found['autoets_sample']} of these "
        f"series, scaled {found['autoets_scaled_seconds']:,} s for all: {found['times_faster']} times ours."
    )
    one_series = found["one_series"]
    print(f"one series by itself: p50 {one_series['p50_ms']} ms, p95 {one_series['p95_ms']} ms")
    costs = found["methods_1000_cpu_seconds"].items()
    print("cpu seconds per 1,000 series, 4 origins: " + ", ".join(f"{name} {took}" for name, took in costs))


def main() -> int:
    """Reads the command line and runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="2500,5000,10000", help="numbers of series, separated by commas")
    parser.add_argument("--sample", type=int, default=200, help="series that AutoETS forecasts")
    for word in ("fit", "one", "each", "dask"):
        parser.add_argument(f"--{word}", type=int, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    inner: dict[str, Callable[[int], Any]] = {"fit": fit, "one": one, "each": each, "dask": cluster}
    for word, function in inner.items():
        if getattr(wanted, word) is not None:
            print(json.dumps(function(getattr(wanted, word))))
            return 0
    found = compare(sorted(int(size) for size in wanted.sizes.split(",")), wanted.sample)
    alone = found["runs"][0]
    if "skipped" not in found["dask"]:
        same = found["dask"]["checksum"] == alone["checksum"]
        found["dask"]["agrees"] = "same numbers" if same else "OTHER NUMBERS"
    show(found)
    print(json.dumps(found))
    missed = (
        found["seconds"] > LIMIT_S
        or found["peak_mb"] > LIMIT_MB
        or found["times_faster"] < TIMES
        or found["dask"].get("agrees") == "OTHER NUMBERS"
    )
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
