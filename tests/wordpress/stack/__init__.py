"""A real shop without Docker: WordPress, WooCommerce, MariaDB and PHP's own server in one folder.

    from tests.wordpress.stack import Stack

    with Stack.create(tmp_path / "shop", hpos=True, orders=50) as shop:
        shop.php("return get_option('blogname');")
        sidecar = Sidecar(shop)
        sidecar.start()
        sidecar.pair()

The first shop of a kind is installed and kept as a template; later ones are copies that start in seconds.
"""

from tests.wordpress.stack.database import Database
from tests.wordpress.stack.packages import Unavailable, why_not
from tests.wordpress.stack.person import Person
from tests.wordpress.stack.shop import PhpError, Stack
from tests.wordpress.stack.sidecar import Sidecar

__all__ = ["Database", "Person", "PhpError", "Sidecar", "Stack", "Unavailable", "why_not"]
