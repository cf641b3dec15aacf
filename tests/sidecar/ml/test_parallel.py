"""Work in parts: on threads, and on a real Dask cluster of two worker processes, with the same numbers."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from sidecar.core.errors import DevSkyyError
from sidecar.ml import parallel
from sidecar.ml.methods import METHODS
from sidecar.ml.series import Floats


@pytest.fixture(autouse=True)
def _here() -> Iterator[None]:
    yield
    parallel.use(cores=0, scheduler="")


def test_parts_come_back_in_order_from_several_threads() -> None:
    parallel.use(cores=2)
    meet = threading.Barrier(2, timeout=20)

    def work(n: int) -> int:
        if n < 2:
            meet.wait()  # would break if the first two were not under way at once
        return n * n

    assert parallel.mapped(work, [(n,) for n in range(9)]) == [n * n for n in range(9)]
    assert parallel.mapped(work, []) == []


def test_slices_cover_all_rows_once() -> None:
    found = np.concatenate([np.arange(1000)[part] for part in parallel.slices(1000, 256)])
    np.testing.assert_array_equal(found, np.arange(1000))
    assert parallel.slices(0, 256) == []


# In a process of its own: Dask warns and leaves threads behind, which this suite takes for errors.
CLUSTER = """
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from distributed import LocalCluster

from sidecar.core.errors import DevSkyyError
from sidecar.ml import parallel
from tests.sidecar.ml.test_parallel import forecasts, where

if __name__ == "__main__":
    alone = forecasts()
    kind = dict(n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1")
    with LocalCluster(**kind, local_directory=sys.argv[1]) as cluster:
        parallel.use(scheduler=cluster.scheduler_address)
        np.testing.assert_array_equal(forecasts(), alone)
        with ThreadPoolExecutor(2) as jobs:
            for found in jobs.map(lambda _: forecasts(), range(2)):
                np.testing.assert_array_equal(found, alone)
        processes = set(parallel.mapped(where, [(n,) for n in range(8)]))
        assert os.getpid() not in processes and len(processes) == 2, processes
    parallel.use(scheduler="tcp://127.0.0.1:1")
    parallel.WAIT_S = 1
    try:
        forecasts()
    except DevSkyyError as error:
        assert error.code == "dask_away" and "DEVSKYY_DASK_SCHEDULER" in error.hint
        print("same numbers, and nobody who does not answer")
"""


def forecasts() -> Floats:
    """Smoothing of 60 series in parts of 16."""
    y = np.random.default_rng(1).poisson(3, (60, 90)).astype(float)
    parts = [(y[rows], [60, 90], 14, 7) for rows in parallel.slices(60, 16)]
    return np.concatenate(parallel.mapped(METHODS["ets"], parts))


def where(_: int) -> int:
    """The process that computes."""
    return os.getpid()


def test_dask_gives_the_same_numbers_or_says_that_it_is_away(tmp_path: object) -> None:
    script = os.path.join(str(tmp_path), "cluster.py")
    with open(script, "w") as file:
        file.write(CLUSTER)
    env = os.environ | {"PYTHONPATH": os.getcwd()}
    done = subprocess.run(
        [sys.executable, script, str(tmp_path)], env=env, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "same numbers, and nobody who does not answer" in done.stdout


def test_dask_that_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    parallel.use(scheduler="tcp://127.0.0.1:1")
    with pytest.raises(DevSkyyError) as error:
        forecasts()
    assert error.value.code == "dask_missing"
    assert "devskyy[dask]" in error.value.hint
