"""The words of the agents that wp-admin translates, found in their source: say() templates, labels, titles,
help texts.

Static, so that a sentence that no demo run happens to say is translated too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sidecar.core.agent import Registry
from sidecar.core.schema import portable

LABELLED = {
    "Fact": {"label"}, "Chart": {"title", "x_label", "y_label", "unit"}, "Series": {"name"}, "Band": {"name"},
    "Mark": {"label"}, "Shade": {"label"}, "ErrorFigure": {"name", "unit"}, "BaselineError": {"name"},
    "Evidence": {"n_label"}, "Effect": {"unit"}, "Number": {"unit"},
}  # fmt: skip
"""Classes of core.evidence and the fields of theirs that a person reads."""


def collect(registry: Registry, folder: Path) -> list[str]:
    """All words, sorted, each once; ValueError names a say() whose template is no literal."""
    found = set(_declared(registry))
    for path in sorted(folder.rglob("*.py")):
        found |= set(in_source(path.read_text(), str(path)))
    return sorted(found)


def in_source(source: str, where: str) -> Iterator[str]:
    """Templates and labels in one module's source."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _of_call(node, where)
        elif isinstance(node, ast.Assign) and any(_is_labels(target) for target in node.targets):
            yield from (part.value for part in ast.walk(node.value) if _is_text(part))  # type: ignore[attr-defined]


def _of_call(node: ast.Call, where: str) -> Iterator[str]:
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    if name == "say":
        texts = list(_texts(node.args[0])) if node.args else []
        if not texts:
            raise ValueError(f"{where}:{node.lineno}: say() takes its template as a literal")
        yield from texts
    for keyword in node.keywords:
        if keyword.arg in LABELLED.get(name, ()):
            yield from _texts(keyword.value)


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)
    elif _is_text(node):
        yield node.value  # type: ignore[attr-defined]


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(node.value.strip())


def _is_labels(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) and target.id.endswith("LABELS")


def _declared(registry: Registry) -> Iterator[str]:
    for agent in registry.values():
        yield from (agent.title, agent.summary)
        for model, strict in ((agent.input_model, True), (agent.output_model, False)):
            yield from _help(portable(model, strict=strict))


def _help(schema: Any) -> Iterator[str]:
    for name, part in (schema.get("properties") or {}).items():
        if not isinstance(part, dict):
            continue
        yield from (str(part[key]) for key in ("title", "description") if part.get(key) and name)
        yield from _help(part)
        if isinstance(part.get("items"), dict):
            yield from _help(part["items"])
