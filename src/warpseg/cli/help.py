"""Help: options in groups, the names that an option accepts one per line; former spellings are left out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from typer.core import TyperCommand

from warpseg.cli.options import GROUPS, names_of

__all__ = ["Command"]

# Typer's words, and ours.
_WORDING = ((r"default: \((.*?)\)", r"default: \1"), (r"x>=(\d+)\]$", r"at least \1]"))


class Command(TyperCommand):
    """A command whose help is plain text in groups (``rich_help_panel``) as wide as the terminal, 120 at most."""

    def __init__(self, *positional: Any, context_settings: Mapping[str, Any] | None = None, **options: Any) -> None:
        settings = {"max_content_width": 120, **(context_settings or {})}
        super().__init__(*positional, context_settings=settings, **options)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write one section per group."""
        groups: dict[str, list[tuple[str, str]]] = {name: [] for name in ("Arguments", *GROUPS)}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                is_argument = parameter.param_type_name == "argument"
                group = "Arguments" if is_argument else getattr(parameter, "rich_help_panel", None) or GROUPS[-1]
                groups[group].append((_named(parameter, record[0]), _worded(record[1])))
                names = names_of(parameter.name or "", parameter.metavar or "")
                groups[group] += [(f"    {name}", meaning) for name, meaning in names.items()]
        for group, rows in groups.items():
            if rows:
                with formatter.section(group):
                    formatter.write_dl(rows)


def _named(parameter: Any, text: str) -> str:
    """Return the spellings of an option, without former ones and the type that some versions of Typer add."""
    for former in [name for name in parameter.opts if name.startswith("--")][1:]:
        text = text.replace(f", {former}", "")
    return re.sub(r" <.*>$", "", text)


def _worded(text: str) -> str:
    for pattern, ours in _WORDING:
        text = re.sub(pattern, ours, text)
    return text
