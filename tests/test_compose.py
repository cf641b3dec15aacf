"""docker-compose.wordpress.yml is valid, and says the same as the sidecar's settings."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from sidecar.settings import Settings

CHECKOUT = Path(__file__).resolve().parents[1]


def _compose(*arguments: str, env_file: str = ".env.example") -> subprocess.CompletedProcess[str]:
    program = shutil.which("docker-compose")
    if program is None:
        pytest.skip("docker-compose is not installed (apt-get install -y docker-compose)")
    return subprocess.run(
        [program, "-f", "docker-compose.wordpress.yml", "--env-file", env_file, *arguments],
        cwd=CHECKOUT,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def config() -> dict[str, Any]:
    return dict(yaml.safe_load((CHECKOUT / "docker-compose.wordpress.yml").read_text()))


def test_it_is_valid_with_the_example_settings() -> None:
    done = _compose("config", "-q")
    assert done.returncode == 0, done.stderr


def test_it_refuses_to_start_without_secrets(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    done = _compose("config", "-q", env_file=str(tmp_path / "empty"))
    assert done.returncode != 0
    assert "in .env" in done.stderr


def test_every_service_that_stays_has_a_health_check(config: dict[str, Any]) -> None:
    staying = {name for name, service in config["services"].items() if "restart" in service}
    assert staying == {"db", "wordpress", "sidecar", "worker"}
    assert all("healthcheck" in config["services"][name] for name in staying)


def test_the_sidecars_settings_exist(config: dict[str, Any]) -> None:
    known = {f"DEVSKYY_{name.upper()}" for name in Settings.model_fields}
    for name in ("sidecar", "worker"):
        given = {key for key in config["services"][name]["environment"] if key.startswith("DEVSKYY_")}
        assert given <= known
