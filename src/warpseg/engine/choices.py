"""Choices: the legal names of schemes, fusions, propagations, reverses and motion sources, once for the whole program.

A new one is a file with its code and a line here. Options, their help, error messages, ``run.json`` and result files
follow. Code is imported when a choice is first used, so that the command line answers without waiting for torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

__all__ = ["FUSIONS", "MOTIONS", "PROPAGATIONS", "REVERSES", "SCHEMES", "Choice", "check", "is_from_file"]


@dataclass(frozen=True)
class Choice:
    """One legal name: its line in the help, and its code."""

    help: str
    code: str | None = None  # "module:name", relative to warpseg

    def load(self) -> Any:
        """Import the code and return it."""
        assert self.code is not None
        module, _, name = self.code.partition(":")
        return getattr(import_module(f"warpseg.{module}"), name)


@dataclass(frozen=True)
class SchemeChoice(Choice):
    """A scheme: called with frames, network and policy, it yields an estimate for each frame."""

    uses: tuple[str, ...] = ()  # of "fusion", "propagation", "reverse": its keyword arguments
    waits: bool = False  # whether it needs the next keyframe before the frames between
    gpu_windows: bool = False  # whether engine.gpu_windows runs it


@dataclass(frozen=True)
class PropagationChoice(Choice):
    """A propagation: a ``core.propagation.Propagation``."""

    has_path: bool = False  # whether its maps know the path to the keyframe, along which pictures are compared
    gpu_windows: bool = False  # whether engine.gpu_windows runs it


@dataclass(frozen=True)
class FusionChoice(Choice):
    """A fusion: a ``core.fusion.Fusion``, or with ``weights`` a function from a file of weights to one."""

    weights: bool = False
    needs_path: bool = False  # whether it compares pictures along the path


@dataclass(frozen=True)
class MotionChoice(Choice):
    """A motion source; ``code``, where there is any, makes a ``motion.flow.Flow`` from a file of weights or None."""

    vectors: Literal["required", "preferred", "unused"] = "unused"  # the codec's motion vectors
    moves: bool = True  # False: all fields are zero and nothing is spent on them
    weights: bool = False  # whether a file of weights may be given


SCHEMES: dict[str, SchemeChoice] = {
    "every": SchemeChoice("the network on each frame", "core.schemes:every_frame"),
    "copy": SchemeChoice("the nearest keyframe's result, unmoved", "core.schemes:copy_nearest", waits=True),
    "propagate": SchemeChoice("Algorithm 1, no look-ahead", "core.schemes:propagate", ("propagation",)),
    "interpolate": SchemeChoice(
        "Algorithm 2, both enclosing keyframes", "core.schemes:interpolate",
        ("fusion", "propagation", "reverse"), waits=True, gpu_windows=True,
    ),
}  # fmt: skip

FUSIONS: dict[str, FusionChoice] = {
    "confidence": FusionChoice("each cell by photometric error", "core.fusion:confidence", needs_path=True),
    "average": FusionChoice("by distance alone, as in the paper", "core.fusion:average"),
    "maximum": FusionChoice("the larger of both, normalised", "core.fusion:maximum"),
    "maximum-literal": FusionChoice("the larger of both, as the paper prints it", "core.fusion:maximum_literal"),
    "convolution": FusionChoice("the paper's learned fusion", "networks.convolution:load_convolution", weights=True),
}

PROPAGATIONS: dict[str, PropagationChoice] = {
    "composed": PropagationChoice(
        "follow motion to the keyframe, warp once", "core.propagation:composed", has_path=True, gpu_windows=True
    ),
    "chained": PropagationChoice("warp step by step, as the paper prints it", "core.propagation:chained"),
}

REVERSES: dict[str, Choice] = {
    "searched": Choice("search motion to the next frame as well", "core.propagation:searched"),
    "inverted": Choice("splat each vector to where it points", "core.propagation:inverted"),
    "negated": Choice("negate in place, as in the paper", "core.propagation:negated"),
}

MOTIONS: dict[str, MotionChoice] = {
    "auto": MotionChoice("the stream's vectors where it has them, else estimate", vectors="preferred"),
    "codec": MotionChoice("the stream's vectors, checked and refined", vectors="required"),
    "estimate": MotionChoice("a block search on the pictures alone"),
    "flow": MotionChoice("dense optical flow: DIS, or RAFT from a file of weights", "motion.flow:flow", weights=True),
    "none": MotionChoice("no motion", moves=False),
}


def check(what: str, value: object, names: Mapping[str, Choice] | Iterable[str]) -> None:
    """Raise ``ValueError`` unless ``value`` is among ``names``; ``what`` is called so in the message."""
    if value not in names:
        raise ValueError(f"{what} {value!r}: expected one of {', '.join(names)}")


def is_from_file(choices: Mapping[str, FusionChoice | MotionChoice], name: object) -> bool:
    """Tell whether a choice is made from a file of weights."""
    return isinstance(name, str) and name in choices and choices[name].weights
