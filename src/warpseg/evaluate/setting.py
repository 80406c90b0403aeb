"""One way of segmenting that is evaluated: a scheme with its interval and motion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from warpseg.evaluate.protocol import Scheme
from warpseg.fusion import Fusion
from warpseg.networks import Network
from warpseg.schemes import Estimate, SplitNetwork
from warpseg.segmenter import Segmenter
from warpseg.source import Motion
from warpseg.types import Frame

__all__ = ["EVERY", "SchemeName", "Setting", "settings"]

SchemeName = Literal["every", "copy", "propagate", "interpolate"]


@dataclass(frozen=True)
class Setting:
    """What ``Segmenter`` is given beside the network."""

    scheme: SchemeName
    interval: int
    motion: Motion = "auto"
    fusion: Literal["confidence", "average", "maximum", "maximum-literal"] | Fusion = "confidence"
    propagation: Literal["composed", "chained"] = "composed"
    reverse: Literal["searched", "inverted", "negated"] = "searched"
    flow_weights: Path | None = None

    def segmenter(self, network: Network) -> Segmenter:
        """Return the segmenter of this setting."""
        return Segmenter(
            network,
            scheme=self.scheme,
            interval=self.interval,
            fusion=self.fusion,
            propagation=self.propagation,
            reverse=self.reverse,
            motion=self.motion,
            flow_weights=self.flow_weights if self.motion == "flow" else None,
        )

    def run(self, network: Network, runs: SplitNetwork) -> Scheme:
        """Return the scheme on ``runs``, which stands for ``network``, for example remembering what it computed."""
        segmenter = self.segmenter(network)

        def scheme(frames: Iterable[Frame]) -> Iterator[Estimate]:
            return segmenter.estimates(frames, runs)  # the very dispatch that users run

        return scheme

    def facts(self) -> dict[str, Any]:
        """Return what a result file says of it: only what this scheme depends on."""
        found: dict[str, Any] = {"scheme": self.scheme, "interval": self.interval}
        if self.scheme != "every":
            found["motion"] = self.motion
            if self.flow_weights is not None and self.motion == "flow":
                found["flow_weights"] = self.flow_weights.name
        if self.scheme in ("propagate", "interpolate"):
            found["propagation"] = self.propagation
        if self.scheme == "interpolate":
            fusion = self.fusion if isinstance(self.fusion, str) else getattr(self.fusion, "__name__", "custom")
            found |= {"fusion": fusion, "reverse": self.reverse}
        return found

    def __str__(self) -> str:
        """Name it in a few words, leaving out what is the default."""
        facts = self.facts()
        words = [f"{self.scheme} n={self.interval}" if self.scheme != "every" else "every"]
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
    schemes: Sequence[SchemeName], intervals: Sequence[int], motions: Sequence[Motion], **options: Any
) -> list[Setting]:
    """Return frame by frame and every combination once; interval 1 is frame by frame, copies do not move."""
    found = [EVERY]
    for scheme in schemes:
        for motion in motions[:1] if scheme == "copy" else motions:
            for n in intervals:
                if scheme != "every" and n > 1:
                    found.append(Setting(scheme, n, motion, **options))
    return list(dict.fromkeys(found))
