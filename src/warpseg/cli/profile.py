"""Profile option: settings from ``--profile``, and the options that override them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from warpseg.cli.errors import errors, note
from warpseg.errors import WarpsegError
from warpseg.run.startup import heavy_imports

if TYPE_CHECKING:
    from warpseg.measure.calibration.profile import Profile

__all__ = ["Settings", "settle"]

# Options that a profile does not hold: calibration leaves them at these values.
_UNHELD = {"propagation": "composed", "reverse": "searched"}


@dataclass(frozen=True)
class Settings:
    """Options of ``Segmenter``, some of them from a profile."""

    options: dict[str, Any]
    profile: Profile | None = None
    facts: dict[str, Any] | None = None  # for ``run.json``

    def check_model(self, name: str, checksum: str | None) -> None:
        """Raise ``ModelError`` if the profile was made with another network."""
        if self.profile is not None and self.facts is not None:
            self.profile.check_model(name, checksum, self.facts["file"])


def settle(context: typer.Context, path: Path | None, *, debug: bool, **options: Any) -> Settings:
    """Return ``options`` with those of the profile at ``path`` where the command line has none of its own.

    A note on standard error names each option that overrides the profile. Ends the command (exit code 2) if the file
    is not a profile.
    """
    settings = Settings(options)
    if path is None:
        return settings
    with heavy_imports():
        from warpseg.measure.calibration.profile import Weights, read

    weights: Path | None = options.pop("flow_weights")
    own = {name for name in options if _is_given(context, name)}
    with errors(debug, usage=(WarpsegError,)):
        profile = read(path)
        flows = (options["motion"] if "motion" in own else profile.method.motion) == "flow"
        others = weights is not None and Weights.of(weights).sha256 != getattr(profile.flow_weights, "sha256", None)
        if weights is None and flows and profile.flow_weights is not None:
            weights = profile.flow_weights.found(path)
    held = _UNHELD | {name: getattr(profile.method, name) for name in ("scheme", "interval", "fusion", "motion")}
    held |= {"precision": profile.precision, "imgsz": profile.imgsz}
    overridden = [name for name in options if name in own and options[name] != held[name]]
    for name in overridden:
        note(f"note: --{name} {options[name]} instead of the profile's {held[name]}: its promise does not hold")
    if others:
        note("note: --flow-weights are not the profile's: its promise does not hold")
        overridden.append("flow_weights")
    taken = {name: value if name in own else held[name] for name, value in options.items()}
    facts = {"file": str(path), "target": f"{profile.target.option} {profile.target.value:g}", "overridden": overridden}
    return replace(settings, options=taken | {"flow_weights": weights}, profile=profile, facts=facts)


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
