"""One way of segmenting that is evaluated: a scheme with its interval and motion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from warpseg.core.adaptive import Adaptive
from warpseg.core.fusion import Fusion
from warpseg.engine.segmenter import Segmenter
from warpseg.engine.source import Motion
from warpseg.errors import ModelError
from warpseg.networks import Network, checksum

__all__ = ["EVERY", "SchemeName", "Setting", "settings"]

SchemeName = Literal["every", "copy", "propagate", "interpolate"]


@dataclass(frozen=True)
class Setting:
    """What ``Segmenter`` is given beside the network; ``max_interval`` goes with the interval ``auto``."""

    scheme: SchemeName
    interval: int | Literal["auto"]
    motion: Motion = "auto"
    fusion: Literal["confidence", "average", "maximum", "maximum-literal", "convolution"] | Fusion = "confidence"
    propagation: Literal["composed", "chained"] = "composed"
    reverse: Literal["searched", "inverted", "negated"] = "searched"
    flow_weights: Path | None = None
    fusion_weights: Path | None = None
    max_interval: int = 30

    @property
    def longest(self) -> int:
        """The most frames from one keyframe to the next."""
        return self.max_interval if self.interval == "auto" else self.interval

    def segmenter(self, network: Network) -> Segmenter:
        """Return the segmenter of this setting; raises as ``Segmenter`` does."""
        interpolates = self.scheme == "interpolate"
        return Segmenter(
            network,
            scheme=self.scheme,
            interval=Adaptive(longest=self.max_interval) if self.interval == "auto" else self.interval,
            fusion=self.fusion if interpolates else "confidence",
            fusion_weights=self.fusion_weights if interpolates and self.fusion == "convolution" else None,
            propagation=self.propagation,
            reverse=self.reverse,
            motion=self.motion,
            flow_weights=self.flow_weights if self.motion == "flow" else None,
        )

    def facts(self) -> dict[str, Any]:
        """Return what a result file says of it: only what this scheme depends on, files with their content's hash."""
        found: dict[str, Any] = {"scheme": self.scheme, "interval": self.interval}
        if self.interval == "auto":
            found["max_interval"] = self.max_interval
        if self.scheme != "every":
            found["motion"] = self.motion
            if self.flow_weights is not None and self.motion == "flow":
                found["flow_weights"] = _file(self.flow_weights)
        if self.scheme in ("propagate", "interpolate"):
            found["propagation"] = self.propagation
        if self.scheme == "interpolate":
            fusion = self.fusion if isinstance(self.fusion, str) else getattr(self.fusion, "__name__", "custom")
            found |= {"fusion": fusion, "reverse": self.reverse}
            if self.fusion_weights is not None and self.fusion == "convolution":
                found["fusion_weights"] = _file(self.fusion_weights)
        return found

    def __str__(self) -> str:
        """Name it in a few words, leaving out what is the default."""
        facts = self.facts()
        words = [f"{self.scheme} n={self.interval}" if self.scheme != "every" else "every"]
        if self.interval == "auto":
            words = [f"{self.scheme} auto", *([f"at most {self.max_interval}"] if self.max_interval != 30 else [])]
        for name, usual, said in (
            ("motion", "auto", "motion {}"),
            ("propagation", "composed", "{}"),
            ("fusion", "confidence", "{} fusion"),
            ("reverse", "searched", "{}"),
        ):
            if facts.get(name, usual) != usual:
                words.append(said.format(facts[name]))
        return ", ".join(words)


EVERY = Setting("every", 1, "none")


def settings(
    schemes: Sequence[SchemeName],
    intervals: Sequence[int | Literal["auto"]],
    motions: Sequence[Motion],
    **options: Any,
) -> list[Setting]:
    """Return frame by frame and every combination once; interval 1 is frame by frame, copies do not move.

    The interval ``auto`` follows motion: copies do not have it, nor have the others without motion.
    """
    found = [EVERY]
    for scheme in schemes:
        for motion in motions[:1] if scheme == "copy" else motions:
            for n in intervals:
                impossible = n == "auto" and (scheme == "copy" or motion == "none")
                if scheme != "every" and n != 1 and not impossible:
                    found.append(Setting(scheme, n, motion, **options))
    return list(dict.fromkeys(found))


def _file(path: Path) -> str:
    """Name a file and its content; raises ``ModelError`` where it cannot be read."""
    try:
        stat = path.stat()
        return f"{path.name}, sha256 {_checksum(path, stat.st_mtime_ns, stat.st_size)[:12]}"
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); give a file of weights") from error


@cache
def _checksum(path: Path, modified: int, size: int) -> str:
    return checksum(path)
