"""Runs in the peers' own environment: statsforecast on arrays, parquet to arrays; knows no sidecar.

python peers_run.py forecasts FOLDER     every N.in.npz: y (n, t), NaN before a series begins, and how
python peers_run.py parquet FILE OUT.pickle COLUMN...
"""

from __future__ import annotations

import json
import pickle
import sys
import time
from pathlib import Path
from typing import Any

# The coverage of the intervals asked for: they give the quantiles 0.05, 0.1, 0.2, 0.8, 0.9 and 0.95.
INTERVALS = (60, 80, 90)
LEVELS = (0.05, 0.1, 0.2, 0.5, 0.8, 0.9, 0.95)


def model_of(method: str, season: int, recent: int) -> Any:
    """The statsforecast model of one of our names."""
    from statsforecast import models  # type: ignore[import-not-found]

    return {
        "SeasonalNaive": lambda: models.SeasonalNaive(season_length=season),
        "Mean of 8 weeks": lambda: models.WindowAverage(window_size=recent),
        "AutoETS": lambda: models.AutoETS(season_length=season),
        "AutoTheta": lambda: models.AutoTheta(season_length=season),
        "CrostonOptimized": models.CrostonOptimized,
        "TSB": lambda: models.TSB(alpha_d=0.1, alpha_p=0.1),
        "IMAPA": models.IMAPA,
    }[method]()


def forecasts(room: str) -> None:
    """Every job N.in.npz of the folder into N.out.npz; one process, because the import takes seconds."""
    for source in sorted(Path(room).glob("*.in.npz")):
        target = source.with_name(source.name.replace(".in.npz", ".out.npz"))
        forecast(source, target.with_suffix(".part.npz"))
        target.with_suffix(".part.npz").rename(target)


def forecast(source: Path, target: Path) -> None:
    """Means (n, h), and quantiles (n, levels, h) where the method gives intervals."""
    import numpy as np
    import pandas as pd
    from statsforecast import StatsForecast

    given = np.load(source)
    how = json.loads(str(given["how"]))
    y = given["y"]
    known = np.isfinite(y)
    frame = pd.DataFrame(
        {
            "unique_id": np.repeat(np.arange(len(y)), known.sum(axis=1)),
            "ds": np.broadcast_to(np.arange(y.shape[1]), y.shape)[known],
            "y": y[known],
        }
    )
    own = how["method"] in ("SeasonalNaive", "AutoETS", "AutoTheta")
    began = time.perf_counter()
    run = StatsForecast(
        models=[model_of(how["method"], how["season"], how["recent"])],
        freq=1,
        n_jobs=2,
        # Below what a method needs, the last value stands in.
        fallback_model=model_of("SeasonalNaive", 1, 1),
    )
    out = run.forecast(df=frame, h=how["horizon"], level=list(INTERVALS) if own else None)
    seconds = time.perf_counter() - began
    shape = (len(y), how["horizon"])
    column = next(name for name in out.columns if name not in ("unique_id", "ds"))
    mean = out[column].to_numpy(dtype=float).reshape(shape)
    result = {"mean": mean, "seconds": np.array(seconds)}
    if own:
        names = [
            *(f"{column}-lo-{i}" for i in (90, 80, 60)),
            column,
            *(f"{column}-hi-{i}" for i in INTERVALS),
        ]
        result["quantiles"] = np.stack([out[n].to_numpy(dtype=float).reshape(shape) for n in names], axis=1)
    np.savez_compressed(target, **result)


def parquet(source: str, target: str, columns: list[str]) -> None:
    """Columns of a parquet file as plain lists."""
    import pandas as pd

    frame = pd.read_parquet(source, columns=columns)
    with open(target, "wb") as file:
        pickle.dump({name: frame[name].astype(object).tolist() for name in columns}, file)


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "forecasts":
        forecasts(rest[0])
    else:
        parquet(rest[0], rest[1], rest[2:])
