"""The command line: everything but approving, which takes a person in wp-admin.

Each command imports what it needs itself: all of the sidecar takes two seconds.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable
from functools import partial, update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sidecar import __version__
from sidecar.core.errors import DevSkyyError

if TYPE_CHECKING:
    from sidecar.runtime.base import Runtime
    from sidecar.settings import Settings


# What is imported stays: looking through it for garbage as often as usual is a quarter of a start's time.
gc.set_threshold(50_000)


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


def with_runtime(command: Callable[..., Any], *, agents: bool = True) -> Callable[..., Any]:
    """Hands an open runtime to a command as its first argument, and closes it afterwards."""

    @click.pass_context
    def wrapped(ctx: click.Context, *args: Any, **kwargs: Any) -> Any:
        working = ctx.info_name == "worker"
        settings = settings_of(ctx, **({} if working else {"log_level": "WARNING", "log_json": False}))
        if working:
            from sidecar.runtime.counters import share_counters

            share_counters(settings.data_dir)
        from sidecar.opening import open_runtime

        rt = open_runtime(settings, None if agents else {})
        try:
            return ctx.invoke(command, rt, *args, **kwargs)
        finally:
            rt.close()

    return update_wrapper(wrapped, command)


with_data = partial(with_runtime, agents=False)
"""The same for commands that are done sooner, since they need no agents."""


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
@with_data
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
@click.option(
    "--days", type=click.IntRange(1, 3650), default=365, show_default=True, help="Days until it expires."
)
@click.option("--network", "networks", multiple=True, help="Where it may come from, as CIDR; else anywhere.")
@with_data
def create_key(rt: Runtime, name: str, scopes: tuple[str, ...], days: int, networks: tuple[str, ...]) -> None:
    """Make a key and print it this once."""
    from sidecar.runtime import people

    _, text = people.make_credential(
        rt, people.machine(shop_id(rt)), "key", name, scopes, days=days, networks=networks
    )
    click.echo(text)
    click.echo("Keep it: it is shown this once.", err=True)


@keys.command("master")
def master_key() -> None:
    """Print a fresh sealing key for DEVSKYY_MASTER_KEY; what another key sealed stays closed to it."""
    import secrets

    from sidecar.security.tokens import b64encode

    click.echo(b64encode(secrets.token_bytes(32)))


@keys.command("rotate-master")
@click.option("--wrapped", help="With a KMS: the new key as the KMS wrapped it.")
@with_data
def rotate_master(rt: Runtime, wrapped: str | None) -> None:
    """Make a new sealing key; what older ones sealed is sealed again in the background."""
    from sidecar.runtime.keys import rotate

    click.echo(f"The key {rotate(rt, wrapped)} seals from now on.")
    click.echo("Keep a copy of the key file apart from backups; later: devskyy keys retire-master.", err=True)


@keys.command("reseal")
@with_data
def reseal(rt: Runtime) -> None:
    """Seal everything under the newest key, here and now; safe to run at any time."""
    from sidecar.runtime.keys import reseal as reseal_all

    done = reseal_all(rt)
    click.echo(f"{done['sealed']} values sealed again, {done['signed']} signatures renewed.")
    if done["closed"]:
        click.echo(f"{done['closed']} values stay closed: their key is gone.", err=True)


@keys.command("masters")
@with_data
def master_keys(rt: Runtime) -> None:
    """List the sealing keys, newest first, and what each still seals."""
    from sidecar.runtime.keys import uses

    for use in uses(rt):
        signs = ", signs the audit" if use["signed"] else ""
        click.echo(f"{use['id']}  seals {use['sealed']}{signs}{'' if use['here'] else '  (gone)'}")


@keys.command("retire-master")
@with_data
def retire_master(rt: Runtime) -> None:
    """Drop sealing keys that seal nothing any more; refused while one still does."""
    from sidecar.runtime.keys import retire

    gone = retire(rt)
    click.echo(f"Retired {', '.join(gone)}." if gone else "There is only the one key.")
    if gone:
        click.echo("Backups from before still need it: keep its copy until they are gone.", err=True)


@keys.command("list")
@with_data
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
@with_data
def revoke_key(rt: Runtime, key_id: str) -> None:
    """End a key at once."""
    from sidecar.runtime import people

    people.end_credential(rt, people.machine(shop_id(rt)), "key", key_id)
    click.echo(f"Revoked {key_id}.")


@keys.command("rotate-tokens")
@with_data
def rotate_tokens(rt: Runtime) -> None:
    """Sign access tokens with a fresh key; those of the former one hold until they expire."""
    from sidecar.runtime.identity import rotate

    click.echo(f"Access tokens are signed by {rotate(rt)} now.")


@main.group()
def users() -> None:
    """Logins of the REST API; none of them can approve."""


@users.command("add")
@click.argument("login")
@click.option(
    "--role", required=True, help="owner, manager, analyst, support, agent or read-only: what it may read."
)
@click.option("--ask", is_flag=True, help="Ask for the password instead of making one.")
@with_data
def add_user(rt: Runtime, login: str, role: str, ask: bool) -> None:
    """Make a login and print its password this once."""
    from sidecar.runtime import people

    given = click.prompt("Password", hide_input=True, confirmation_prompt=True) if ask else None
    _, made = people.make_user(rt, people.machine(shop_id(rt)), login, role, given, None)
    if made:
        click.echo(made)
        click.echo("Keep it: it is shown this once.", err=True)


@users.command("list")
@with_data
def list_users(rt: Runtime) -> None:
    """List the logins of the shop."""
    from sidecar.runtime import people

    for user in people.list_users(rt, shop_id(rt)):
        state = "active" if user["active"] else "disabled"
        last = user.get("last_login_at", "never")
        click.echo(f"{user['id']}  {state}  {user['role']}  last login {last}  {user['login']}")


@users.command("disable")
@click.argument("login")
@with_data
def disable_user(rt: Runtime, login: str) -> None:
    """Switch a login off and end its sessions at once."""
    from sidecar.runtime import people

    user = people.user_named(rt, shop_id(rt), login)
    people.change_user(rt, people.machine(shop_id(rt)), user["id"], active=False)
    click.echo(f"Disabled {user['login']}.")


@main.command()
@click.option("--check", is_flag=True, help="Fail when docs/openapi.json is not up to date.")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write; else standard output."
)
def openapi(check: bool, output: Path | None) -> None:
    """Print the OpenAPI document."""
    from sidecar.runtime.generated import OPENAPI, put

    text = json.dumps(of_app(lambda app: app.api_doc), indent=1, ensure_ascii=False) + "\n"
    if check or output:
        put(output or OPENAPI, text, check=check, command="devskyy openapi --output docs/openapi.json")
    else:
        click.echo(text, nl=False)


@main.command("access")
@click.option("--check", is_flag=True, help="Fail when docs/access.md is not up to date.")
def access_page(check: bool) -> None:
    """Write the table of who may call what."""
    from sidecar.api.table import page
    from sidecar.runtime.generated import ACCESS, put

    put(ACCESS, of_app(page), check=check, command="devskyy access")
    click.echo(ACCESS)


def of_app(make: Callable[[Any], Any]) -> Any:
    """What `make` makes of an app with the package's own agents; needs no data folder of its own."""
    import tempfile

    from sidecar.app import build_app
    from sidecar.opening import open_runtime
    from sidecar.settings import Settings

    with tempfile.TemporaryDirectory() as folder:
        rt = open_runtime(
            Settings(
                data_dir=Path(folder), database_url="", mirror_url="", broker_url="", log_level="WARNING"
            )
        )
        made = make(build_app(rt))
        rt.close()
    return made


@main.command()
@click.option("--check", is_flag=True, help="Fail when a generated file is not up to date.")
def catalog(check: bool) -> None:
    """Write what is generated from the agents: docs and the templates for translation."""
    from sidecar.opening import default_registry
    from sidecar.runtime.generated import write_all

    for path in write_all(default_registry(), check=check):
        click.echo(path)


@main.group("audit")
def audit_group() -> None:
    """The record of who did what."""


@audit_group.command("verify")
@click.option("--shop", help="Only this shop; else all.")
@with_data
def verify_audit(rt: Runtime, shop: str | None) -> None:
    """Find every altered, removed or moved row; ends with status 1 when there is one."""
    from sidecar.runtime.audit import verify

    bad = False
    for report in verify(rt, shop or click.get_current_context().find_root().obj["shop"]):
        bad |= bool(report.problems)
        for problem in report.problems:
            click.echo(f"{report.shop_id}: row {problem.n}: {problem.what}", err=True)
        click.echo(
            f"{report.shop_id}: {report.rows} rows{f' after {report.let_go} let go' if report.let_go else ''}"
            f", head {report.n} {report.hash[:16]}: {'broken' if report.problems else 'good'}"
        )
    sys.exit(1 if bad else 0)


@main.command()
@click.argument("target", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--key-to", type=click.Path(file_okay=False, path_type=Path), help="Copy the key file too, elsewhere."
)
@with_data
def backup(rt: Runtime, target: Path, key_to: Path | None) -> None:
    """Copy what cannot be read again from the shop: the app database; the key only to another place."""
    from sidecar.runtime.backup import back_up

    for path in back_up(rt, target, key_to):
        click.echo(path)
    if key_to is None:
        click.echo("The sealing key is not in it: keep a copy of it elsewhere (--key-to).", err=True)


@main.command()
@click.pass_context
def migrate(ctx: click.Context) -> None:
    """Bring the databases to this version."""
    from sidecar.db.migrate import current
    from sidecar.opening import open_runtime

    rt = open_runtime(settings_of(ctx, log_level="WARNING"), {})
    click.echo(f"app {current(rt.db.app, 'app')}, mirror {current(rt.db.mirror, 'mirror')}")
    rt.close()


@main.command()
@with_data
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
