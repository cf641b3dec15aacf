"""`make wordpress` and `make wordpress-stop`: a shop to look at, in .wordpress/shop of this checkout."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from tests.wordpress.stack.packages import Unavailable, install_packages
from tests.wordpress.stack.person import USERS
from tests.wordpress.stack.process import NotStarted
from tests.wordpress.stack.shop import PhpError, Stack
from tests.wordpress.stack.sidecar import Sidecar
from tests.wordpress.stack.template import BASE, CHECKOUT


def main() -> int:
    """Read the command line; 0 when the shop stands, 1 with one line on standard error when it cannot."""
    parser = argparse.ArgumentParser(prog="python -m tests.wordpress.stack", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start the shop; make it first when there is none")
    up.add_argument("--hpos", choices=["on", "off"], default="on", help="WooCommerce's own order tables")
    up.add_argument("--orders", type=int, default=300, help="seeded orders; over 1000 with --hpos on only")
    up.add_argument("--elementor", action="store_true", help="activate Elementor too")
    up.add_argument("--port", type=int, help="the shop's port; a free one when absent")
    up.add_argument("--fresh", action="store_true", help="throw the shop that is there away first")
    commands.add_parser("down", help="stop everything that `up` started")
    arguments = parser.parse_args()
    try:
        shop = Stack(BASE / "shop")
        return _down(shop) if arguments.command == "down" else _up(shop.root, arguments)
    except (Unavailable, PhpError, NotStarted) as error:
        print(error, file=sys.stderr)
        return 1


def _up(root: Path, wanted: argparse.Namespace) -> int:
    install_packages()
    if wanted.fresh and root.exists():
        _down(Stack(root))
        shutil.rmtree(root)
    if (root / "stack.json").exists():
        shop = Stack(root)
        shop.start()
    else:
        shutil.rmtree(root, ignore_errors=True)
        shop = Stack.create(
            root,
            hpos=wanted.hpos == "on",
            orders=wanted.orders,
            elementor=wanted.elementor,
            plugin=False,
            port=wanted.port,
            # The plugin is a link to this checkout: "Delete" in wp-admin would delete the sources.
            constants={"DISALLOW_FILE_MODS": True},
        )
    sidecar = _join(shop)
    _say(shop, sidecar)
    return 0


def _join(shop: Stack) -> Sidecar | None:
    """Link the plugin in, start the sidecar and pair the two; None, with the reason printed, without them."""
    if not (shop.site / "wp-content" / "plugins" / "devskyy").exists() and not shop.add_plugin(link=True):
        print("There is no wp-plugin/devskyy.php in this checkout: the shop runs without the plugin.")
        return None
    sidecar = Sidecar(shop)
    sidecar.start()
    if not shop.php("return DevSkyy\\Sidecar\\Connection::paired();"):
        sidecar.pair()
    return sidecar


def _down(shop: Stack) -> int:
    Sidecar(shop).stop()
    shop.stop()
    print("Stopped.")
    return 0


def _say(shop: Stack, sidecar: Sidecar | None) -> None:
    print(f"\nShop      {shop.base_url}/shop/\nwp-admin  {shop.base_url}/wp-admin/")
    if sidecar is not None:
        print(f"DevSkyy   {shop.base_url}/wp-admin/admin.php?page=devskyy\nSidecar   {sidecar.url}/docs")
    print("\nSign in as (name / password):")
    for login, password in USERS.items():
        print(f"  {login} / {password}")
    print(f"\nLogs are in {shop.log.relative_to(CHECKOUT)}/. Stop it with: make wordpress-stop")


if __name__ == "__main__":
    sys.exit(main())
