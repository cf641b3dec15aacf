"""Write wp-plugin/languages/devskyy.pot from the plugin's PHP and scripts; `--check` only compares.

xgettext loses its way in JSX, so it is handed the calls of `__`, `_x` and `_n` alone, with their translators'
comments, in files of the same names.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PLUGIN = Path("wp-plugin")
OTHERS = {"node_modules", "build", "assets", "tests"}
POT = PLUGIN / "languages" / "devskyy.pot"
TEXT = r"(?:'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\")"
COMMENT = r"/\*\s*translators:(?:(?!\*/).)*\*/"
# Between a comment and its call stand at most `sprintf(`, a condition or the braces of JSX.
CALL = re.compile(rf"(?:({COMMENT})[^'\"`;]{{0,60}}?)?\b(__|_x|_nx|_n)\(\s*({TEXT}(?:\s*,\s*{TEXT})*)", re.S)
KEYWORDS = [
    *(f"{name}:1" for name in ("__", "_e", "esc_html__", "esc_html_e", "esc_attr__", "esc_attr_e")),
    *(f"{name}:1,2c" for name in ("_x", "esc_html_x", "esc_attr_x")),
    *("_n:1,2", "_nx:1,2,4c", "_n_noop:1,2"),
]


def main() -> int:
    """Make the file, or say that it is not what the sources make; 1 then, or without xgettext."""
    if shutil.which("xgettext") is None:
        print("xgettext is missing: apt-get install -y gettext", file=sys.stderr)
        return 1
    made = _gather()
    if "--check" not in sys.argv:
        POT.parent.mkdir(exist_ok=True)
        POT.write_text(made)
        return 0
    if POT.exists() and POT.read_text() == made:
        return 0
    print(f"{POT} is not up to date; say: make pot", file=sys.stderr)
    return 1


def _gather() -> str:
    php = [path for path in sorted(PLUGIN.rglob("*.php")) if path.relative_to(PLUGIN).parts[0] not in OTHERS]
    scripts = sorted((PLUGIN / "assets" / "src").rglob("*.js*"))
    with tempfile.TemporaryDirectory() as folder:
        for path in php:
            _put(Path(folder) / path.relative_to(PLUGIN), path.read_text())
        for path in scripts:
            _put(Path(folder) / path.relative_to(PLUGIN), _calls(path.read_text()))
        out = Path(folder) / "devskyy.pot"
        _xgettext(folder, "PHP", php, out)
        _xgettext(folder, "JavaScript", scripts, out, "--join-existing")
        lines = out.read_text().splitlines()
    return "\n".join(line for line in lines if not line.startswith('"POT-Creation-Date')) + "\n"


def _calls(source: str) -> str:
    """The calls alone; strings that follow each other stay arguments, what comes after them is left out."""
    found = CALL.finditer(source)
    return "\n".join(f"{match[1] or ''} {match[2]}({match[3]});" for match in found) + "\n"


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _xgettext(folder: str, language: str, paths: list[Path], out: Path, *more: str) -> None:
    if not paths:
        return
    options = [
        f"--language={language}",
        "--from-code=UTF-8",
        "--add-comments=translators",
        "--add-location=file",
    ]
    options += ["--package-name=DevSkyy", "--copyright-holder=the DevSkyy authors", "--sort-by-file"]
    options += ["-k", *(f"--keyword={keyword}" for keyword in KEYWORDS), f"--output={out}", *more]
    names = [str(path.relative_to(PLUGIN)) for path in paths]
    subprocess.run(["xgettext", *options, *names], cwd=folder, check=True)


if __name__ == "__main__":
    sys.exit(main())
