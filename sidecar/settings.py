"""All settings in one class; nobody else reads the environment."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

RATE = r"^[1-9][0-9]{0,8}/(second|minute|hour|day)$"
ROUTE_RATES = r"^(\s*[A-Z]+ /\S+ [1-9][0-9]{0,8}/(second|minute|hour|day)\s*(,|$))*$"


class Settings(BaseSettings):
    """Settings of the sidecar; each may be set as `DEVSKYY_<NAME>` or in `.env`."""

    model_config = SettingsConfigDict(env_prefix="DEVSKYY_", env_file=".env", extra="ignore")

    data_dir: Path = Field(Path("devskyy-data"), description="Folder of the SQLite files and the key file.")
    database_url: str = Field(
        "", description="SQLAlchemy URL of the app database; empty: app.sqlite3 in the data folder."
    )
    mirror_url: str = Field(
        "", description="SQLAlchemy URL of the mirror; empty: mirror.sqlite3 in the data folder."
    )
    broker_url: str = Field(
        "", description="redis:// or amqp:// for jobs; empty: jobs.sqlite3 in the data folder."
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8787, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    public_url: str = Field(
        "", description="URL by which browsers and the shop reach the sidecar; empty: from host and port."
    )
    shop_url: str = Field(
        "", description="REST URL by which the sidecar reaches the shop when it differs from the public one."
    )
    pairing_key: SecretStr = Field(
        SecretStr(""), description="Shared key for pairing without a code, base64url of at least 32 bytes."
    )
    pairing_key_file: Path | None = Field(None, description="File that holds the shared pairing key.")
    master_key: SecretStr = Field(
        SecretStr(""),
        description="Keys that seal secrets, each base64url of 32 bytes, newest first, separated by commas; "
        "empty: from the key file.",
    )
    master_key_file: Path | None = Field(
        None,
        description="File of the sealing keys, one a line, newest first; empty: master.key in the data "
        "folder, made when absent.",
    )
    kms_command: str = Field(
        "",
        description="Program and arguments that unwrap sealing keys: a wrapped one on standard input, the "
        "key on standard output; run without a shell.",
    )
    audit_days: int = Field(730, ge=30, description="Days that rows of the audit are kept.")
    keep_runs_days: int = Field(400, ge=1, description="Days that ended runs and their logs are kept.")
    keep_proposals_days: int = Field(730, ge=30, description="Days that settled proposals are kept.")
    keep_events_days: int = Field(30, ge=1, description="Days that events which were worked off are kept.")
    keep_errors_days: int = Field(90, ge=1, description="Days that errors are kept.")
    keep_jobs_days: int = Field(30, ge=2, description="Days that ended jobs are kept.")
    keep_sessions_days: int = Field(
        30, ge=1, description="Days that logins, and keys and clients, are kept after they ended."
    )
    token_algorithm: Literal["HS256", "EdDSA", "RS256"] = Field(
        "HS256",
        description="What signs access tokens: HS256, or EdDSA or RS256, whose public keys others may read.",
    )
    pdf_font: Path | None = Field(
        None,
        description="A TrueType or OpenType font for characters of purchase orders that FiraGO lacks, such "
        "as Chinese, Japanese and Korean ones.",
    )
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")
    log_json: bool = Field(True, description="Logs as JSON lines; off: for people.")
    docs_open: bool = Field(
        False, description="Serve /docs, /openapi.json and /metrics beyond loopback without a token."
    )
    max_body_bytes: int = Field(2_000_000, ge=10_000, description="Largest request body.")
    allow_http: bool = Field(
        False, description="Take plain http from other machines too; only in a private network."
    )
    allowed_networks: str = Field(
        "", description="Networks that may call, such as 10.0.0.0/8, separated by commas; empty: all."
    )
    trusted_proxies: str = Field(
        "",
        description="Networks of reverse proxies whose X-Forwarded-For and -Proto are believed; empty: none.",
    )
    cors_origins: str = Field(
        "",
        description="Origins whose pages may call from a browser, such as https://app.example.com, separated "
        "by commas; empty: none.",
    )
    rate_sign_in: str = Field(
        "10/minute",
        pattern=RATE,
        description="Sign-in, token and pairing requests for each address, and for each login.",
    )
    rate_open: str = Field("600/minute", pattern=RATE, description="Requests without a token, per address.")
    rate_failed: str = Field(
        "60/minute", pattern=RATE, description="Refused requests of nobody in particular, per address."
    )
    rate_read: str = Field("600/minute", pattern=RATE, description="Reads of each key, user or client.")
    rate_write: str = Field(
        "120/minute", pattern=RATE, description="Writes of each key, user or client that start no run."
    )
    rate_run: str = Field(
        "60/minute", pattern=RATE, description="Runs started or cancelled by each key, user or client."
    )
    rate_plugin: str = Field(
        "60000/minute", pattern=RATE, description="Signed requests of each shop's plugin."
    )
    rate_routes: str = Field(
        "POST /api/v1/sync 12/minute, POST /api/v1/webhooks/test 30/minute",
        pattern=ROUTE_RATES,
        description="Limits of single routes for each key, user or client, beside the above: "
        "method, path as docs/access.md writes it, limit; separated by commas.",
    )
    web_workers: int = Field(2, ge=1, le=64, description="Gunicorn worker processes.")
    web_threads: int = Field(8, ge=1, le=128, description="Threads of each web worker.")
    job_threads: int = Field(2, ge=1, le=64, description="Threads that run jobs.")
    dask_scheduler: str = Field(
        "",
        description="Dask scheduler whose workers compute forecasts, such as tls://10.0.0.5:8786; empty: the "
        "cores of this machine. Needs devskyy[dask].",
    )
    run_timeout_s: int = Field(600, ge=10, description="Longest time one run may take, in seconds.")
    debounce_s: float = Field(
        30.0, ge=0, description="Quiet time after an event before the agents it wakes run, in seconds."
    )
    sync_every_s: int = Field(300, ge=10, description="Seconds between incremental syncs.")
    shop_timeout_s: float = Field(
        30.0, gt=0, description="Longest wait for an answer of the shop, in seconds."
    )
    integrations_allow_private: bool = Field(
        False, description="Connected services may live at private addresses, there by plain http too."
    )
    webhooks_allow_http: bool = Field(
        False, description="Send webhooks by plain http too; only for a receiver in a network you trust."
    )
    webhooks_allow_private: bool = Field(
        False, description="Send webhooks to private and loopback addresses too; never to metadata services."
    )
    webhooks_timeout_s: float = Field(
        10.0, gt=0, le=30, description="Longest wait for a webhook's receiver, in seconds."
    )
    keep_deliveries_days: int = Field(30, ge=1, description="Days that delivered webhook messages are kept.")
    keep_dead_deliveries_days: int = Field(90, ge=1, description="Days that dead webhook messages are kept.")
    cooldown_days: int = Field(14, ge=0, description="Days before a rejected proposal may return.")

    @field_validator("allowed_networks", "trusted_proxies")
    @classmethod
    def _networks(cls, given: str) -> str:
        for part in given.replace(",", " ").split():
            ip_network(part, strict=False)
        return given

    @property
    def key_file(self) -> Path:
        """The file of the sealing keys."""
        return self.master_key_file or self.data_dir / "master.key"

    def url(self, which: str) -> str:
        """The SQLAlchemy URL of `app` or `mirror`."""
        given = self.database_url if which == "app" else self.mirror_url
        return given or f"sqlite:///{self.data_dir / f'{which}.sqlite3'}"
