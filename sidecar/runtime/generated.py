"""Files that are made from the code: docs of agents and settings, and the agents' words for translation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sidecar.core.agent import Agent, Registry
from sidecar.core.errors import DevSkyyError
from sidecar.core.schema import portable
from sidecar.runtime import messages
from sidecar.runtime.privacy_page import privacy_page
from sidecar.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
OPENAPI = ROOT / "docs" / "openapi.json"
ACCESS = ROOT / "docs" / "access.md"


def write_all(registry: Registry, *, check: bool) -> list[Path]:
    """Writes every generated file, or with `check` only compares; the paths. DevSkyyError names one that
    differs.
    """
    if not (ROOT / "docs").is_dir():
        raise DevSkyyError(
            "There is no docs folder beside the package.",
            code="no_checkout",
            hint="Run this in a checkout of the project.",
        )
    receiving = ROOT / "sidecar" / "runtime" / "purchase_receipts.py"
    words = messages.collect(registry, ROOT / "sidecar" / "agents")
    words = sorted({*words, *messages.in_source(receiving.read_text(), str(receiving))})
    made = {
        ROOT / "docs" / "agents.md": agents_page(registry),
        ROOT / "docs" / "settings.md": settings_page(),
        ROOT / "docs" / "privacy.md": privacy_page(),
        ROOT / "wp-plugin" / "languages" / "agent-messages.php": php_file(words),
    }
    for path, text in made.items():
        put(path, text, check=check, command="devskyy catalog")
    return list(made)


def put(path: Path, text: str, *, check: bool, command: str) -> None:
    """Writes a file, or with `check` raises DevSkyyError unless it holds just this text."""
    if not check:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    elif not path.is_file() or path.read_text() != text:
        raise DevSkyyError(
            f"{path} is not up to date.", code="generated_differs", hint=f"Run `{command}` and commit."
        )


def agents_page(registry: Registry) -> str:
    """docs/agents.md: a table of all agents, then each with its input."""
    lines = [
        "<!-- Made by `devskyy catalog`; change the agents instead. -->",
        "# Agents",
        "",
        "| Agent | Family | What it does | Risk | Runs by itself | Wakes on | Reads |",
        "|---|---|---|---|---|---|---|",
    ]
    for agent in registry.values():
        wakes, reads = ", ".join(sorted(agent.on)) or "–", ", ".join(sorted(agent.reads))
        cells = (
            f"[`{agent.name}`](#{agent.name})",
            agent.family,
            agent.summary,
            agent.risk,
            agent.schedule,
            wakes,
            reads,
        )
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    for agent in registry.values():
        lines += ["", *_section(agent)]
    return "\n".join(lines) + "\n"


def _section(agent: Agent) -> list[str]:
    lines = [f"## {agent.name}", "", f"**{agent.title}**", "", agent.description, ""]
    properties = portable(agent.input_model, strict=True).get("properties", {})
    if properties:
        lines += ["| Input | Type | Default | Bounds | Meaning |", "|---|---|---|---|---|"]
        lines += [_input(name, part) for name, part in properties.items()]
    if agent.paths:
        lines += [
            "",
            "Also under: " + ", ".join(f"`POST {path.removeprefix('POST ')}`" for path in agent.paths),
        ]
    return lines


def _input(name: str, part: dict[str, Any]) -> str:
    bounds = [f"{sign} {part[key]}" for key, sign in (("minimum", "≥"), ("maximum", "≤")) if key in part]
    bounds += [", ".join(map(str, part["enum"]))] if "enum" in part else []
    default = json.dumps(part["default"], ensure_ascii=False) if "default" in part else "required or absent"
    cells = (
        f"`{name}`",
        part.get("type", "any"),
        default,
        ", ".join(bounds) or "–",
        part.get("description", ""),
    )
    return "| " + " | ".join(_cell(str(cell)) for cell in cells) + " |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def settings_page() -> str:
    """docs/settings.md: every setting with its variable, default and meaning."""
    lines = [
        "<!-- Made by `devskyy catalog`; change sidecar/settings.py instead. -->",
        "# Settings",
        "",
        "Each is an environment variable or a line in `.env`.",
        "",
        "| Variable | Default | Meaning |",
        "|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        default = (
            field.default.get_secret_value() if hasattr(field.default, "get_secret_value") else field.default
        )
        shown = (
            "empty"
            if default in ("", None)
            else f"`{str(default).lower() if isinstance(default, bool) else default}`"
        )
        lines.append(f"| `DEVSKYY_{name.upper()}` | {shown} | {_cell(field.description or '')} |")
    return "\n".join(lines) + "\n"


def php_file(words: list[str]) -> str:
    """The plugin's list of the agents' words: a function, nothing is translated before somebody asks."""
    lines = [
        "<?php",
        "",
        "/**",
        " * The words of the agents, for translation. Made by `devskyy catalog`; change the agents instead.",
        " *",
        " * @return callable(): array<string, string>",
        " */",
        "",
        "// phpcs:ignoreFile",
        "",
        "declare(strict_types=1);",
        "",
        "defined('ABSPATH') || exit;",
        "",
        "return static fn (): array => [",
        *(f"    {_php(word)} => __({_php(word)}, 'devskyy')," for word in words),
        "];",
    ]
    return "\n".join(lines) + "\n"


def _php(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
