"""Lookahead: runs keyframes through the network before the scheme asks for them, several at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import NoReturn

import torch
from torch import Tensor

from warpseg.core.keyframes import Policy, chosen
from warpseg.engine.pipeline import Pipeline, Threads
from warpseg.engine.timing import Stages
from warpseg.networks import Batched, Network
from warpseg.types import Frame

__all__ = ["Lookahead", "threads_for"]

_WORKERS = 4  # networks at work at the same time, at most: each needs memory for its activations


def threads_for(network: Network) -> Threads:
    """Return a pipeline with as many networks at work at the same time as use the device best."""
    cores = torch.get_num_threads()
    # Independent networks need not wait for each other's threads. A user's module may not be safe to run twice at the
    # same time, and a GPU has one queue.
    workers = min(cores, _WORKERS) if network.reentrant and network.device.type == "cpu" else 1
    return Threads(workers, max(cores // workers, 1))


class Lookahead:
    """A ``core.schemes.SplitNetwork`` that runs ahead of the scheme which asks it.

    ``frames`` chooses the keyframes and has ``batch`` of them at a time computed by the workers of ``pipeline``; the
    scheme is given ``policy``, which repeats the choice.
    """

    def __init__(self, network: Batched, policy: Policy, batch: int, pipeline: Pipeline, stages: Stages) -> None:
        self._network, self._batch, self._pipeline, self._stages = network, batch, pipeline, stages
        self._chooses = policy
        self._known: dict[int, tuple[Future[list[Tensor]], int]] = {}  # by frame number: its batch, its place in it
        self.task = network.task
        self.policy: Policy = _Chosen(policy, self._known)

    def frames(self, frames: Iterable[Frame], *, keeps_pixels: bool) -> Iterator[Frame]:
        """Yield the frames, each batch of keyframes once it is whole.

        Unless ``keeps_pixels``, frames that no network will run on let go of their picture.
        """
        held: list[Frame] = []
        keys: list[Frame] = []
        for frame, is_key in chosen(frames, self._chooses):
            if is_key:
                keys.append(frame)
            elif not keeps_pixels and not frame.cut:  # a scene between two cuts gets a keyframe of its own
                frame = replace(frame, load=_gone)
            held.append(frame)
            if len(keys) == self._batch:
                self._submit(keys)
                keys = []
            if not keys:
                yield from _emptied(held)
        if keys:
            self._submit(keys)
        yield from _emptied(held)

    def features(self, frame: Frame) -> Tensor:
        """Return the map of a keyframe; waits for its batch."""
        found = self._known.pop(frame.index, None)
        if found is None:  # the first frame of a scene that no chosen keyframe sees
            with self._stages.measure("network"):
                return self._network.features(frame)
        future, place = found
        with self._stages.measure(None):
            return future.result()[place]

    def _submit(self, keys: list[Frame]) -> None:
        def run() -> list[Tensor]:
            with self._stages.measure("network"):
                maps = self._network.batch(keys)
                if maps[0].is_cuda:  # so that the time is the network's; only this worker waits, once per batch
                    torch.cuda.current_stream(maps[0].device).synchronize()
            return maps

        future = self._pipeline.submit(run)
        for place, frame in enumerate(keys):
            self._known[frame.index] = future, place


@dataclass(frozen=True)
class _Chosen:
    """A policy that repeats the choice of another for the same frames."""

    chooses: Policy
    known: dict[int, tuple[Future[list[Tensor]], int]]

    @property
    def look_ahead(self) -> int:
        return 0

    @property
    def longest(self) -> int:
        return self.chooses.longest

    def start(self) -> Callable[[Frame, Sequence[Frame]], bool]:
        return lambda frame, following: frame.index in self.known


def _emptied(frames: list[Frame]) -> Iterator[Frame]:
    """Yield the frames and forget them."""
    frames.reverse()
    while frames:
        yield frames.pop()


def _gone() -> NoReturn:
    raise ValueError("the picture of an intermediate frame was not kept: open the run with keeps_pixels=True")
