"""How ``--profile`` and the options beside it become settings."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from warpseg.cli.common import complain
from warpseg.errors import WarpsegError
from warpseg.run.startup import heavy_imports

if TYPE_CHECKING:
    from warpseg.measure.calibration.profile import Profile

__all__ = ["Settings", "settle"]


@dataclass(frozen=True)
class Settings:
    """What a profile leaves of the options that it may set."""

    options: dict[str, Any]  # scheme, interval, fusion, motion, flow_weights
    profile: Profile | None = None
    facts: dict[str, Any] | None = None  # for ``run.json``

    def check_model(self, name: str, checksum: str | None) -> None:
        """Raise ``ModelError`` where the profile was made with another network."""
        if self.profile is not None and self.facts is not None:
            self.profile.check_model(name, checksum, self.facts["file"])


def settle(context: typer.Context, path: Path | None, **options: Any) -> Settings:
    """Let the profile at ``path`` set those options that are not on the command line; ends it (2) where it is none.

    ``options`` are scheme, interval, fusion, motion and flow_weights.
    """
    settings = Settings(options)
    if path is None:
        return settings
    with heavy_imports():
        from warpseg.measure.calibration.profile import Weights, read

    weights: Path | None = options.pop("flow_weights")
    try:
        profile = read(path)
        flows = (options["motion"] if _is_given(context, "motion") else profile.motion) == "flow"
        others = weights is not None and Weights.of(weights).sha256 != getattr(profile.flow_weights, "sha256", None)
        if weights is None and flows and profile.flow_weights is not None:
            weights = profile.flow_weights.found(path)
    except WarpsegError as error:
        complain(error)
        raise typer.Exit(2) from error
    own = {name for name in options if _is_given(context, name)}
    overridden = [name for name in options if name in own and options[name] != getattr(profile, name)]
    for name in overridden:
        said = f"note: --{name} {options[name]} instead of the profile's {getattr(profile, name)}"
        print(f"{said}: its promise does not hold", file=sys.stderr)
    if others:
        print("note: --flow-weights are not the profile's: its promise does not hold", file=sys.stderr)
        overridden.append("flow_weights")
    taken = {name: value if name in own else getattr(profile, name) for name, value in options.items()}
    promise = f"--{profile.target.kind} {profile.target.value:g}"
    facts = {"file": str(path), "target": promise, "overridden": overridden}
    return replace(settings, options=taken | {"flow_weights": weights}, profile=profile, facts=facts)


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
