"""Help: options in groups, the names that an option accepts one per line; former spellings are left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typer.core import TyperCommand

from warpseg.cli.options import names_of

__all__ = ["Command"]

Row = tuple[str, str]


class Command(TyperCommand):
    """A command whose help is plain text in groups (``rich_help_panel``) as wide as the terminal, 120 at most."""

    def __init__(self, *positional: Any, context_settings: Mapping[str, Any] | None = None, **options: Any) -> None:
        settings = {"max_content_width": 120, **(context_settings or {})}
        super().__init__(*positional, context_settings=settings, **options)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write one section per group, in the order of the options."""
        groups: dict[str, list[Row]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is None:
                continue
            named, text = record
            for old in [name for name in parameter.opts if name.startswith("--")][1:]:
                named = named.replace(f", {old}", "")
            is_argument = parameter.param_type_name == "argument"
            group = getattr(parameter, "rich_help_panel", None) or ("Arguments" if is_argument else "Other")
            rows = groups.setdefault(group, [])
            rows.append((named, text))
            names = names_of(parameter.name or "", parameter.metavar or "")
            rows += [(f"    {name}", meaning) for name, meaning in names.items()]
        for group, rows in groups.items():
            with formatter.section(group):
                formatter.write_dl(rows)
