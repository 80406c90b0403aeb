"""Method: how to segment, as one value. Scheme, interval, fusion, propagation, reverse and motion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import KW_ONLY, dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, cast

from torch import Tensor

from warpseg.core.adaptive import Adaptive, policy_of
from warpseg.core.fusion import Fusion, MapFusion, with_confidence
from warpseg.core.keyframes import Every, Policy
from warpseg.core.schemes import Estimate, SplitNetwork, every_frame
from warpseg.engine.choices import FUSIONS, MOTIONS, PROPAGATIONS, REVERSES, SCHEMES, check, is_from_file
from warpseg.errors import ModelError
from warpseg.networks import checksum
from warpseg.types import Frame

__all__ = ["EVERY", "Method"]


@dataclass(frozen=True)
class Method:
    """A way to segment a video with a network; ``engine.choices`` holds the names that each field may have.

    Args:
        scheme: ``every``, ``copy``, ``propagate`` (Algorithm 1) or ``interpolate`` (Algorithm 2).
        interval: frames from one keyframe to the next, ``auto`` (keyframes where they are needed), or a
            ``core.keyframes.Policy``.
        fusion: name of a fusion, a ``core.fusion.Fusion``, or a function (forward, backward, alpha) of two maps
            (channels, h, w).
        fusion_weights: safetensors file of a learned fusion.
        propagation: ``composed`` or ``chained``.
        reverse: ``searched``, ``inverted`` or ``negated``.
        motion: ``auto``, ``codec``, ``estimate``, ``flow`` or ``none``.
        flow_weights: weights file of the motion source ``flow``.
        max_interval: the most frames between keyframes where ``interval`` is ``auto``.

    Raises:
        ValueError: a name is not known, or two fields exclude each other.

    Examples:
        >>> print(Method(interval=10))
        interpolate n=10
        >>> Method(scheme="propagate", propagation="chained").delay
        0
    """

    scheme: str = "interpolate"
    interval: int | Policy | Literal["auto"] = 5
    _: KW_ONLY
    fusion: str | Fusion | Callable[[Tensor, Tensor, float], Tensor] = "confidence"
    fusion_weights: Path | str | None = None
    propagation: str = "composed"
    reverse: str = "searched"
    motion: str = "auto"
    flow_weights: Path | str | None = None
    max_interval: int = 30

    def __post_init__(self) -> None:
        check("scheme", self.scheme, SCHEMES)
        check("propagation", self.propagation, PROPAGATIONS)
        check("reverse", self.reverse, REVERSES)
        check("motion", self.motion, MOTIONS)
        if not callable(self.fusion):
            check("fusion", self.fusion, FUSIONS)
        _ = self.policy
        needs_path = isinstance(self.fusion, str) and FUSIONS[self.fusion].needs_path and self.interpolates
        if needs_path and not PROPAGATIONS[self.propagation].has_path:
            ways = " or ".join(repr(name) for name, choice in PROPAGATIONS.items() if choice.has_path)
            raise ValueError(f"fusion {self.fusion!r} follows motion to the keyframe: choose propagation {ways}")
        if self.flow_weights is not None and not is_from_file(MOTIONS, self.motion):
            raise ValueError(f"flow_weights are for motion 'flow', not {self.motion!r}")
        learned = is_from_file(FUSIONS, self.fusion)
        if learned != (self.fusion_weights is not None):
            fusion = self.fusion if learned else " or ".join(name for name in FUSIONS if FUSIONS[name].weights)
            raise ValueError(f"fusion {fusion!r} and fusion_weights go together: give both or neither")

    @cached_property
    def policy(self) -> Policy:
        """The keyframes that the interval stands for; all frames for scheme ``every``."""
        interval: int | str | Policy = self.interval
        if interval == "auto":
            interval = Adaptive(longest=self.max_interval)
        chosen = policy_of(interval, follows=self.follows, closes=self.interpolates)
        return Every(1) if self.scheme == "every" else chosen

    @cached_property
    def fuse(self) -> Fusion:
        """The fusion itself, its weights read. Raises ``ModelError`` where they cannot be."""
        if isinstance(self.fusion, str):
            made = FUSIONS[self.fusion].load()
            fusion: Fusion = made(self.fusion_weights) if FUSIONS[self.fusion].weights else made
            return fusion
        if hasattr(self.fusion, "linear"):
            return cast(Fusion, self.fusion)
        return MapFusion(getattr(self.fusion, "__name__", "custom"), self.fusion)

    @property
    def fusion_name(self) -> str:
        """The name of the fusion."""
        return self.fusion if isinstance(self.fusion, str) else getattr(self.fuse, "name", type(self.fuse).__name__)

    @property
    def longest(self) -> int:
        """The most frames from one keyframe to the next."""
        return self.policy.longest

    @property
    def interpolates(self) -> bool:
        """True if maps of two keyframes are fused."""
        return "fusion" in SCHEMES[self.scheme].uses

    @property
    def follows(self) -> bool:
        """True if maps are propagated along motion."""
        return self.scheme == "every" or ("propagation" in SCHEMES[self.scheme].uses and MOTIONS[self.motion].moves)

    @property
    def needs_motion(self) -> str:
        """The motion source to open a video with: ``none`` where every frame goes through the network."""
        return "none" if self.scheme == "every" else self.motion

    @property
    def delay(self) -> int:
        """The most frames by which a result lags behind the frame read last."""
        waits = SCHEMES[self.scheme].waits and self.longest > 1
        return self.policy.look_ahead + (self.longest if waits else 0)

    @property
    def has_confidence(self) -> bool:
        """True if every frame has a confidence: it is a keyframe, or there is a path from it to one."""
        return self.longest == 1 or (self.follows and PROPAGATIONS[self.propagation].has_path)

    def run(
        self,
        frames: Iterable[Frame],
        network: SplitNetwork,
        policy: Policy | None = None,
        *,
        fuse: Fusion | None = None,
        confidence: bool = False,
    ) -> Iterator[Estimate]:
        """Run the scheme.

        Args:
            frames: frames with motion, in display order.
            network: what runs on keyframes; maps that it gives are propagated.
            policy: keyframes other than the method's own.
            fuse: a fusion that does on the network's maps what the method's own does on features.
            confidence: whether to measure the confidence of results that have none by themselves.

        Returns:
            An estimate for each frame, in order.
        """
        policy, fuse = policy or self.policy, fuse or self.fuse
        if policy.longest == 1:  # every frame is a keyframe: nothing to wait for
            return every_frame(frames, network)
        options = {
            "fusion": ("fuse", with_confidence(fuse) if confidence and self.has_confidence else fuse),
            "propagation": ("propagation", PROPAGATIONS[self.propagation].load()),
            "reverse": ("reverse", REVERSES[self.reverse].load()),
        }
        scheme = SCHEMES[self.scheme]
        found: Iterator[Estimate] = scheme.load()(
            frames, network, policy, **dict(options[name] for name in scheme.uses)
        )
        return found

    def facts(self) -> dict[str, Any]:
        """Return the method's lines of ``run.json``."""
        return {
            "scheme": self.scheme,
            "interval": self.policy.n if isinstance(self.policy, Every) else repr(self.policy),
            "fusion": self.fusion_name,
            "propagation": self.propagation,
            "reverse": self.reverse,
        }

    def identity(self) -> dict[str, Any]:
        """Return only the facts that results depend on, for result files and caches; files with their content's hash.

        Raises ``ModelError`` where a file of weights cannot be read.
        """
        interval = self.interval if isinstance(self.interval, (int, str)) else repr(self.interval)
        found: dict[str, Any] = {"scheme": self.scheme, "interval": interval}
        if self.interval == "auto":
            found["max_interval"] = self.max_interval
        if self.scheme != "every":
            found["motion"] = self.motion
            if self.flow_weights is not None and MOTIONS[self.motion].weights:
                found["flow_weights"] = _file(Path(self.flow_weights))
        uses = SCHEMES[self.scheme].uses
        if "propagation" in uses:
            found["propagation"] = self.propagation
        if "fusion" in uses:
            found |= {"fusion": self.fusion_name, "reverse": self.reverse}
            if self.fusion_weights is not None:
                found["fusion_weights"] = _file(Path(self.fusion_weights))
        return found

    @property
    def label(self) -> str:
        """The scheme, and the fusion where it has one, for any interval: ``interpolate (confidence)``."""
        return f"{self.scheme} ({self.fusion_name})" if self.interpolates else self.scheme

    def __str__(self) -> str:
        """Name the method in a few words, leaving out what is the default."""
        if self.scheme == "every":
            return "every"
        words = [
            f"{self.scheme} n={self.interval}" if isinstance(self.interval, int) else f"{self.scheme} {self.interval}"
        ]
        if self.interval == "auto" and self.max_interval != 30:
            words.append(f"at most {self.max_interval}")
        uses = SCHEMES[self.scheme].uses
        words += [f"motion {self.motion}"] if self.motion != "auto" else []
        words += [self.propagation] if "propagation" in uses and self.propagation != "composed" else []
        words += [f"{self.fusion_name} fusion"] if "fusion" in uses and self.fusion_name != "confidence" else []
        words += [self.reverse] if "reverse" in uses and self.reverse != "searched" else []
        return ", ".join(words)


EVERY = Method("every", 1, motion="none")


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
