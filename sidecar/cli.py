"""The command line: everything but approving, which takes a person in wp-admin."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sidecar import __version__
from sidecar.core.errors import DevSkyyError

if TYPE_CHECKING:
    from sidecar.runtime.base import Runtime
    from sidecar.settings import Settings


class Group(click.Group):
    """A group whose expected errors are two lines: what happened and what to do."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; an expected error ends with status 1."""
        try:
            return super().invoke(ctx)
        except DevSkyyError as error:
            click.echo(f"Error: {error.message}", err=True)
            for path, text in error.fields.items():
                click.echo(f"  {path}: {text}", err=True)
            if error.hint:
                click.echo(f"Hint: {error.hint}", err=True)
            ctx.exit(1)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.option(
    "--data-dir", type=click.Path(file_okay=False, path_type=Path), help="Folder of the SQLite files."
)
@click.option("--shop", help="Which shop, when several are paired.")
@click.pass_context
def main(ctx: click.Context, data_dir: Path | None, shop: str | None) -> None:
    """Agents for WooCommerce that propose; you approve in wp-admin."""
    ctx.obj = {"given": {"data_dir": data_dir} if data_dir else {}, "shop": shop}


def settings_of(ctx: click.Context, **more: Any) -> Settings:
    """The settings with what the command line overrides."""
    from sidecar.settings import Settings

    given = {name: value for name, value in more.items() if value is not None}
    return Settings(**{**ctx.obj["given"], **given})


def with_runtime(command: Callable[..., Any]) -> Callable[..., Any]:
    """Hands an open runtime to a command as its first argument, and closes it afterwards."""

    @click.pass_context
    def wrapped(ctx: click.Context, *args: Any, **kwargs: Any) -> Any:
        working = ctx.info_name == "worker"
        settings = settings_of(ctx, **({} if working else {"log_level": "WARNING", "log_json": False}))
        if working:
            from sidecar.runtime.counters import share_counters

            share_counters(settings.data_dir)
        from sidecar.app import open_runtime

        rt = open_runtime(settings)
        try:
            return ctx.invoke(command, rt, *args, **kwargs)
        finally:
            rt.close()

    return update_wrapper(wrapped, command)


def shop_id(rt: Runtime) -> str:
    """The shop that the command means."""
    from sidecar.runtime.shop import only_shop

    return str(only_shop(rt, click.get_current_context().find_root().obj["shop"])["shop_id"])


@main.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 picks a free one.")
@click.pass_context
def serve(ctx: click.Context, host: str | None, port: int | None) -> None:
    """Run everything: web, worker and ticker."""
    from sidecar.runtime.serve import Supervisor

    supervisor = Supervisor(
        settings_of(ctx, host=host, port=port), say=lambda text: click.echo(text, err=True)
    )
    supervisor.migrate()
    supervisor.start()
    click.echo(f"DevSkyy sidecar {__version__}: {supervisor.url}")
    sys.exit(supervisor.run())


@main.command()
@with_runtime
def worker(rt: Runtime) -> None:
    """Run jobs and schedules; start as many as you like."""
    from sidecar.runtime.serve import follow_supervisor
    from sidecar.runtime.work import serve_jobs

    follow_supervisor()
    serve_jobs(rt)


@main.command()
@with_runtime
def pair(rt: Runtime) -> None:
    """Print a code that pairs one shop; it holds 15 minutes."""
    from sidecar.runtime.pairing import new_code

    click.echo(new_code(rt))
    click.echo("Enter it in wp-admin under WooCommerce → Settings → DevSkyy within 15 minutes.", err=True)


@main.command()
@click.option("--full", is_flag=True, help="Read everything again.")
@with_runtime
def sync(rt: Runtime, full: bool) -> None:
    """Read the shop into the mirror."""
    from sidecar.runtime.bars import sync_with_bar

    report = sync_with_bar(rt, shop_id(rt), full=full)
    click.echo(
        ", ".join(f"{n} {name}" for name, n in report["rows"].items()) + f" in {report['seconds']:.1f} s"
    )


@main.command("run")
@click.argument("agent")
@click.option("--input", "text", default="{}", help="The input as JSON.")
@click.option("--seed", type=click.IntRange(0), help="Seed of its random numbers.")
@with_runtime
def run_agent(rt: Runtime, agent: str, text: str, seed: int | None) -> None:
    """Run an agent here and now, and print its answer."""
    from sidecar.runtime.bars import run_here

    try:
        given = json.loads(text)
    except ValueError as error:
        raise click.BadParameter(f"not JSON: {error}", param_hint="--input") from error
    if not isinstance(given, dict):
        raise click.BadParameter("not a JSON object", param_hint="--input")
    run = run_here(rt, shop_id(rt), agent, given, trigger="cli", seed=seed)
    click.echo(json.dumps(run, indent=2, ensure_ascii=False))
    sys.exit(0 if run["state"] == "done" else 1)


@main.command()
@with_runtime
def agents(rt: Runtime) -> None:
    """List the agents."""
    from rich.console import Console
    from rich.table import Table

    table = Table("Agent", "Family", "Risk", "Schedule", "What it does")
    for agent in rt.registry.values():
        table.add_row(agent.name, agent.family, agent.risk, agent.schedule, agent.summary)
    Console().print(table)


@main.group()
def keys() -> None:
    """API keys for scripts; none of them can approve."""


@keys.command("create")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, help="Repeat for several.")
@click.option("--days", type=click.IntRange(1), help="Days until it expires.")
@with_runtime
def create_key(rt: Runtime, name: str, scopes: tuple[str, ...], days: int | None) -> None:
    """Make a key and print it this once."""
    from sidecar.runtime.base import now
    from sidecar.security import apikeys

    until = now() + days * 86_400 if days else None
    _, text = apikeys.create_key(rt.db.app, shop_id(rt), name, scopes, now=now(), expires_at=until)
    click.echo(text)
    click.echo("Keep it: it is shown this once.", err=True)


@keys.command("master")
def master_key() -> None:
    """Print a fresh sealing key for DEVSKYY_MASTER_KEY; what another key sealed stays closed to it."""
    import secrets

    from sidecar.security.tokens import b64encode

    click.echo(b64encode(secrets.token_bytes(32)))


@keys.command("list")
@with_runtime
def list_keys(rt: Runtime) -> None:
    """List the keys of the shop."""
    from sidecar.runtime.base import at
    from sidecar.security import apikeys

    for key in apikeys.list_keys(rt.db.app, shop_id(rt)):
        state = (
            "revoked" if key.revoked_at else f"expires {at(key.expires_at)}" if key.expires_at else "active"
        )
        click.echo(
            f"{key.id}  {state}  last used {at(key.last_used_at) or 'never'}  "
            f"{','.join(sorted(key.scopes))}  {key.name}"
        )


@keys.command("revoke")
@click.argument("key_id")
@with_runtime
def revoke_key(rt: Runtime, key_id: str) -> None:
    """End a key at once."""
    from sidecar.runtime.base import now
    from sidecar.security import apikeys

    apikeys.revoke_key(rt.db.app, shop_id(rt), key_id, now=now())
    click.echo(f"Revoked {key_id}.")


@main.command()
@click.option("--check", is_flag=True, help="Fail when docs/openapi.json is not up to date.")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write; else standard output."
)
def openapi(check: bool, output: Path | None) -> None:
    """Print the OpenAPI document."""
    from sidecar.runtime.generated import OPENAPI, put

    text = json.dumps(openapi_document(), indent=1, ensure_ascii=False) + "\n"
    if check or output:
        put(output or OPENAPI, text, check=check, command="devskyy openapi --output docs/openapi.json")
    else:
        click.echo(text, nl=False)


def openapi_document() -> dict[str, Any]:
    """The OpenAPI document of the package's own agents; needs no data folder of its own."""
    import tempfile

    from sidecar.app import build_app, open_runtime
    from sidecar.settings import Settings

    with tempfile.TemporaryDirectory() as folder:
        rt = open_runtime(
            Settings(
                data_dir=Path(folder), database_url="", mirror_url="", broker_url="", log_level="WARNING"
            )
        )
        document: dict[str, Any] = build_app(rt).api_doc  # type: ignore[attr-defined]
        rt.close()
    return document


@main.command()
@click.option("--check", is_flag=True, help="Fail when a generated file is not up to date.")
def catalog(check: bool) -> None:
    """Write what is generated from the agents: docs and the templates for translation."""
    from sidecar.app import default_registry
    from sidecar.runtime.generated import write_all

    for path in write_all(default_registry(), check=check):
        click.echo(path)


@main.command()
@click.argument("target", type=click.Path(file_okay=False, path_type=Path))
@with_runtime
def backup(rt: Runtime, target: Path) -> None:
    """Copy what cannot be read again from the shop: the app database and the key."""
    from sidecar.runtime.backup import back_up

    for path in back_up(rt, target):
        click.echo(path)


@main.command()
@click.pass_context
def migrate(ctx: click.Context) -> None:
    """Bring the databases to this version."""
    from sidecar.app import open_runtime
    from sidecar.db.migrate import current

    rt = open_runtime(settings_of(ctx, log_level="WARNING"))
    click.echo(f"app {current(rt.db.app, 'app')}, mirror {current(rt.db.mirror, 'mirror')}")
    rt.close()


@main.command()
@with_runtime
def doctor(rt: Runtime) -> None:
    """Check the databases, the worker and every paired shop."""
    from sidecar.runtime.doctor import examine

    bad = False
    for check in examine(rt):
        bad |= check["status"] == "critical"
        click.echo(
            f"{check['status']:<9} {check['label']}: {check['message']}"
            + (f"\n          {check['hint']}" if check["hint"] else "")
        )
    sys.exit(1 if bad else 0)


@main.command()
@click.option("--once", is_flag=True, help="Stop after the report.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("demo-report.html"),
    show_default=True,
)
@click.pass_context
def demo(ctx: click.Context, once: bool, report: Path) -> None:
    """Show it all on a bundled shop: sync, agents, one proposal approved, applied and undone."""
    from sidecar.demo.command import run_demo

    sys.exit(run_demo(ctx.obj["given"].get("data_dir") or Path(".demo"), report, once=once))


if __name__ == "__main__":
    main()
