"""Installed shops that later ones are copied from: built once for a kind of shop, copied in a second."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.wordpress.stack.packages import fetch_zip

CHECKOUT = Path(__file__).resolve().parents[3]
BASE = CHECKOUT / ".wordpress"
SCRIPTS = Path(__file__).resolve().parent / "php"


@dataclass(frozen=True)
class Kind:
    """What makes two shops different: order storage, number of seeded orders, Elementor active or not."""

    hpos: bool = True
    orders: int = 60
    elementor: bool = False


def template(kind: Kind, build: Callable[[Path], None]) -> Path:
    """Folder of the installed shop of that kind (`site/`, `db/`), made by `build(folder)` when absent.

    Its key covers the zips' versions, the scripts and the day, since orders are dated back from today.
    """
    zips = {name: fetch_zip(name) for name in ("wordpress", "woocommerce", "elementor")}
    parts = [json.dumps(asdict(kind)), datetime.now(UTC).date().isoformat()]
    parts += [f"{name} {version}" for name, (_, version) in zips.items()]
    parts += [path.read_text() for path in sorted(SCRIPTS.glob("*.php"))]
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
    folder = BASE / "templates" / key
    with _lock(BASE / "templates.lock"):
        if not folder.is_dir():
            partial = folder.with_suffix(".part")
            shutil.rmtree(partial, ignore_errors=True)
            _drop_old(folder.parent)
            link_tree(_code({name: path for name, (path, _) in zips.items()}), partial / "site")
            build(partial)
            shutil.rmtree(partial / "run", ignore_errors=True)
            shutil.rmtree(partial / "log", ignore_errors=True)
            partial.rename(folder)
    return folder


def link_tree(source: Path, target: Path) -> None:
    """Copy a folder by hard links, which is quick; real copies where the file system refuses.

    Whatever WordPress rewrites in place must be copied for real afterwards.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(source, target, copy_function=_link, symlinks=True)


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def _code(zips: dict[str, Path]) -> Path:
    """WordPress with WooCommerce and Elementor unpacked, once for each set of zips."""
    stamp = "\n".join(f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in zips.values())
    folder = BASE / "code" / hashlib.sha256(stamp.encode()).hexdigest()[:12]
    if not folder.is_dir():
        print("Unpacking " + ", ".join(path.name for path in zips.values()), flush=True)
        shutil.rmtree(folder.parent, ignore_errors=True)
        partial = folder.with_suffix(".part")
        for name, path in zips.items():
            into = partial if name == "wordpress" else partial / "wordpress" / "wp-content" / "plugins"
            with zipfile.ZipFile(path) as opened:
                opened.extractall(into)
        partial.rename(folder)
    return folder / "wordpress"


def _drop_old(folder: Path) -> None:
    """Remove templates of earlier days; those of today may be in another run's hands."""
    today = datetime.now(UTC).date()
    for old in folder.glob("*"):
        if datetime.fromtimestamp(old.stat().st_mtime, UTC).date() < today:
            shutil.rmtree(old, ignore_errors=True)


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
