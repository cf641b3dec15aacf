"""Write dist/devskyy.zip: the plugin without the bundles' sources, tests and dot files.

The same tree gives the same bytes.
"""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path

PLUGIN = Path("wp-plugin")
LEFT_OUT = ("node_modules", "tests", "assets", "bin")
KEPT = {".php", ".js", ".css", ".svg", ".png", ".txt", ".pot", ".po", ".mo", ".json", ".html"}


def main() -> int:
    """Make the zip and say what is in it; 1 when a part that WordPress needs is missing."""
    files = [path for path in sorted(PLUGIN.rglob("*")) if path.is_file() and _belongs(path)]
    names = {str(path.relative_to(PLUGIN)) for path in files}
    absent = {"devskyy.php", "readme.txt", "uninstall.php", "build/inbox.js", "languages/devskyy.pot"} - names
    if absent:
        print("The plugin lacks " + ", ".join(sorted(absent)), file=sys.stderr)
        return 1
    version = re.search(r"^ \* Version:\s*(\S+)", (PLUGIN / "devskyy.php").read_text(), re.M)
    target = Path("dist/devskyy.zip")
    target.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as opened:
        for path in files:
            entry = zipfile.ZipInfo(f"devskyy/{path.relative_to(PLUGIN)}", (2026, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            opened.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    kilobytes = target.stat().st_size / 1000
    print(f"{target}: DevSkyy {version.group(1) if version else '?'}, {len(files)} files, {kilobytes:.0f} kB")
    return 0


def _belongs(path: Path) -> bool:
    parts = path.relative_to(PLUGIN).parts
    hidden = any(part.startswith(".") for part in parts)
    tools = len(parts) == 1 and path.name in {"package.json", "phpcs.xml", "phpunit.xml"}
    return not hidden and not tools and parts[0] not in LEFT_OUT and path.suffix in KEPT


if __name__ == "__main__":
    sys.exit(main())
