"""What the real stack needs from the machine: Debian packages, and the zips of WordPress and its plugins."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path

import requests

PHP_EXTENSIONS = ("curl", "dom", "gd", "intl", "mbstring", "mysqli", "zip", "bcmath")
# The -core packages bring the programs without a service, so no server of the user's is touched.
APT = {
    "php": ["php-cli"],
    "mariadbd": ["mariadb-server-core", "mariadb-client-core"],
    "mariadb-install-db": ["mariadb-server-core", "mariadb-client-core"],
    "curl": ["php-curl"],
    "dom": ["php-xml"],
    "gd": ["php-gd"],
    "intl": ["php-intl"],
    "mbstring": ["php-mbstring"],
    "mysqli": ["php-mysql"],
    "zip": ["php-zip"],
    "bcmath": ["php-bcmath"],
    "npm": ["nodejs", "npm"],
}


class Unavailable(Exception):
    """The stack cannot run here; the message says what to do about it."""


@dataclass(frozen=True)
class Archive:
    """A zip that the stack unpacks: how its file is called, where its version stands, where it comes from."""

    name: str
    header: str
    version: str
    url: str


ARCHIVES = {
    "wordpress": Archive(
        "wordpress",
        "wordpress/wp-includes/version.php",
        r"\$wp_version = '([^']+)'",
        "https://wordpress.org/latest.zip",
    ),
    "woocommerce": Archive(
        "woocommerce",
        "woocommerce/woocommerce.php",
        r"Version:\s*(\S+)",
        "https://downloads.wordpress.org/plugin/woocommerce.latest-stable.zip",
    ),
    "elementor": Archive(
        "elementor",
        "elementor/elementor.php",
        r"Version:\s*(\S+)",
        "https://downloads.wordpress.org/plugin/elementor.latest-stable.zip",
    ),
}


def program(name: str) -> str | None:
    """Path of a program, looked for in the system folders too, which a plain user's PATH may lack."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin")


def missing_packages(bundler: bool = False) -> list[str]:
    """Debian packages that are not installed yet, sorted; empty when the stack can run.

    `bundler` adds what makes the wp-admin pages' scripts from their sources.
    """
    programs = ["php", "mariadbd", "mariadb-install-db", *(["npm"] if bundler else [])]
    absent = {name for name in programs if program(name) is None}
    if "php" in absent:
        absent.update(PHP_EXTENSIONS)
    else:
        listed = subprocess.run(["php", "-m"], capture_output=True, text=True, check=True).stdout
        absent.update(set(PHP_EXTENSIONS) - set(listed.lower().split()))
    return sorted({package for name in absent for package in APT[name]})


def install_packages() -> None:
    """Install what is missing with apt, as root or by sudo without a password; else say the exact line."""
    packages = missing_packages(bundler=True)
    if not packages:
        return
    line = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    allowed = not prefix or subprocess.run([*prefix, "true"], capture_output=True).returncode == 0
    if program("apt-get") is None or not allowed:
        raise Unavailable("Packages are missing. As root, say: " + " ".join(line))
    print("Installing " + " ".join(packages), flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run([*prefix, "apt-get", "update", "-qq"], env=environment, check=True)
    subprocess.run([*prefix, *line, "-qq"], env=environment, check=True, stdout=subprocess.DEVNULL)


def zip_folder() -> Path:
    """Folder that holds the zips: `$XDG_CACHE_HOME/devskyy`, by default `~/.cache/devskyy`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "devskyy"


def zip_version(path: Path, archive: Archive) -> str | None:
    """Version that stands in the zip's own header, None when it is some other zip."""
    try:
        with zipfile.ZipFile(path) as opened:
            head = opened.read(archive.header)[:8192].decode("utf-8", "replace")
    except (KeyError, zipfile.BadZipFile):
        return None
    found = re.search(archive.version, head)
    return found.group(1) if found else None


def find_zip(name: str) -> tuple[Path, str] | None:
    """Newest zip of that name in the cache, with the version from its header."""
    archive = ARCHIVES[name]
    found = [
        (path, version)
        for path in zip_folder().glob(f"{name}*.zip")
        if (version := zip_version(path, archive)) is not None
    ]
    return max(found, key=lambda item: _ordinal(item[1]), default=None)


def fetch_zip(name: str) -> tuple[Path, str]:
    """The zip from the cache, or else downloaded from wordpress.org into it."""
    if (found := find_zip(name)) is not None:
        return found
    archive = ARCHIVES[name]
    target = zip_folder() / f"{name}.zip"
    partial = target.with_suffix(".part")
    target.parent.mkdir(parents=True, exist_ok=True)
    print(f"Downloading {archive.url}", flush=True)
    try:
        with requests.get(archive.url, stream=True, timeout=60) as answer, partial.open("wb") as out:
            answer.raise_for_status()
            shutil.copyfileobj(answer.raw, out)
    except requests.RequestException as error:
        partial.unlink(missing_ok=True)
        raise Unavailable(
            f"No {name}*.zip in {zip_folder()} and wordpress.org does not answer ({type(error).__name__}). "
            f"Put the zip there by hand."
        ) from error
    version = zip_version(partial, archive)
    if version is None:
        partial.unlink()
        raise Unavailable(f"{archive.url} did not answer with the {name} zip.")
    partial.rename(target)
    return target, version


def why_not(elementor: bool = False) -> str | None:
    """Reason why the stack cannot run without installing or downloading anything; None when it can."""
    packages = missing_packages()
    if packages:
        return "not installed: apt-get install -y --no-install-recommends " + " ".join(packages)
    names = ["wordpress", "woocommerce"] + (["elementor"] if elementor else [])
    absent = [name for name in names if find_zip(name) is None]
    return f"no zip of {', '.join(absent)} in {zip_folder()}" if absent else None


def _ordinal(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))
