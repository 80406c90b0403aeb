"""GPU windows: Algorithm 2 for a whole window at once. Paths and reduced pictures go up, labels come down.

Nothing here waits for the device but asking for a result: uploads and downloads are asynchronous, from and to pinned
memory, and downloads have a stream of their own, so that the network's next run does not wait for them (docs/gpu.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import torch
from numpy.typing import NDArray
from torch import Tensor

from warpseg.core.fusion import DISTANCE, OUTSIDE, SHARPNESS
from warpseg.core.keyframes import Policy, Window
from warpseg.core.propagation import Propagated, Reverse, composed, searched
from warpseg.core.schemes import Estimate, SplitNetwork, enclosed, keyed, nearest
from warpseg.labels.gpu import labels_gpu
from warpseg.labels.gpu_warp import ConfidenceFusion, warp_and_fuse
from warpseg.motion.luma import MARGIN, Plane
from warpseg.motion.sad import PATCH
from warpseg.types import HALF_CONFIDENCE, Frame, MotionField

__all__ = ["Labelled", "Step", "interpolate", "label_steps", "steps"]


class Step(NamedTuple):
    """A frame of a window and what leads from it to the keyframes."""

    frame: Frame
    distance: int  # frames to the nearest keyframe it is made from; 0 for the keyframe itself
    alpha: float  # weight of the keyframe's map in [0, 1]; the rest is the next keyframe's
    to_key: MotionField | None  # not looked at where alpha is 0
    to_next: MotionField | None  # not looked at where alpha is 1


class Labelled:
    """One frame's result; its labels and confidence may still be on their way."""

    def __init__(self, step: Step, scores: Tensor, results: _Download, number: int) -> None:
        self.frame, self.distance = step.frame, step.distance
        self.scores = scores  # (C, h, w) float32, on the device
        self._results, self._number = results, number

    def labels(self) -> NDArray[Any]:
        """Wait for the class ids (H, W): uint8, or int32 for more than 255 classes."""
        ids: NDArray[Any] = self._results.wait()[0][self._number].numpy()
        return ids

    def estimate(self) -> Estimate:
        """Wait for the frame's estimate: its confidence (h, w) is on the CPU, None where it was not measured."""
        found = self._results.wait()
        confidence = found[1][self._number] if len(found) > 1 and self.distance > 0 else None
        return Estimate(self.frame, self.distance, self.scores, confidence)


def interpolate(
    frames: Iterable[Frame], network: SplitNetwork, n: int | Policy, *, photometric: bool, reverse: Reverse = searched
) -> Iterator[Labelled]:
    """Run ``core.schemes.interpolate`` with propagation ``composed``, labels included.

    ``network.features`` gives score maps on a CUDA device. The fusion is ``confidence`` if ``photometric``, else
    ``average``. Yields a window once its next keyframe is read and its kernels are queued.
    """
    for window, f_key, f_next in keyed(frames, network.features, n):
        todo = steps(window, f_key, f_next, reverse)
        yield from label_steps(todo, window.key, f_key, window.next_key, f_next, photometric=photometric)


def steps(window: Window, f_key: Tensor, f_next: Tensor | None, reverse: Reverse = searched) -> list[Step]:
    """Return a step for the keyframe and for each intermediate frame, paths on the grid of the map they lead to."""
    found = [Step(window.key, 0, 1.0, MotionField.zero((f_key.shape[-2], f_key.shape[-1])), None)]
    for frame, forward, backward, share in enclosed(window, f_key, f_next, composed, reverse):
        alpha = share if forward and backward else 1.0 if forward else 0.0
        found.append(Step(frame, nearest(forward, backward), alpha, _path(forward), _path(backward)))
    return found


def _path(propagated: Propagated | None) -> MotionField | None:
    return None if propagated is None else propagated.path


def label_steps(
    steps: Sequence[Step],
    key: Frame,
    forward: Tensor,
    next_key: Frame | None = None,
    backward: Tensor | None = None,
    *,
    photometric: bool,
) -> list[Labelled]:
    """Propagate score maps to the frames of ``steps`` and label them all, not waiting for the device.

    ``forward`` (C, h, w) are the scores of ``key``, ``backward`` those of ``next_key``, on one device. They are
    averaged by ``alpha`` alone, or with ``photometric`` as the fusion ``confidence`` does, if every frame has a plane.
    Returns a result for each step, in order. Raises ValueError where maps that differ in shape are to be averaged.
    """
    if backward is not None and next_key is not None and next_key.size != key.size:
        # The picture's size changes at a cut, where nothing is averaged: two windows, each of one size.
        before = [step for step in steps if step.alpha == 1]
        after = [step._replace(alpha=1.0, to_key=step.to_next, to_next=None) for step in steps if step.alpha == 0]
        if len(before) + len(after) < len(steps):
            raise ValueError(
                f"keyframes of {key.size} and {next_key.size} pixels: only frames of one size are averaged"
            )
        return label_steps(before, key, forward, photometric=photometric) + label_steps(
            after, next_key, backward, photometric=photometric
        )
    if not steps:
        return []
    device = forward.device
    still = torch.zeros(2, *forward.shape[-2:], dtype=torch.float32)
    led = [path for step in steps for path in (step.to_key, step.to_next)]
    paths = _upload([still if path is None else path.offsets for path in led], device).unflatten(0, (-1, 2))
    weights = _upload([torch.tensor(step.alpha, dtype=torch.float32) for step in steps], device)
    seen = [key, *(step.frame for step in steps), *([next_key] if next_key else [])]
    fusion = _confidence_fusion(seen, device) if photometric else None
    scores, confidence = warp_and_fuse(forward, backward, paths, weights, fusion)
    ids = labels_gpu(scores, key.size)
    results = _Download([ids] if confidence is None else [ids, confidence])
    return [Labelled(step, scores[number], results, number) for number, step in enumerate(steps)]


def _confidence_fusion(frames: Sequence[Frame], device: torch.device) -> ConfidenceFusion | None:
    """Upload the frames' reduced pictures; None where one has none."""
    planes = [frame.plane for frame in frames if isinstance(frame.plane, Plane)]
    if len(planes) < len(frames):
        return None
    pixels = _upload([torch.from_numpy(plane.pixels) for plane in planes], device)
    size, factor = planes[0].size, planes[0].factor
    return ConfidenceFusion(pixels, size, factor, MARGIN, PATCH, SHARPNESS, DISTANCE, OUTSIDE, HALF_CONFIDENCE)


def _upload(rows: Sequence[Tensor], device: torch.device) -> Tensor:
    """Stack tensors on a device; from pinned memory, which torch keeps until it has been read."""
    staged = torch.empty((len(rows), *rows[0].shape), dtype=rows[0].dtype, pin_memory=device.type == "cuda")
    return torch.stack(list(rows), out=staged).to(device, non_blocking=True)


class _Download:
    """Tensors on their way to pinned memory."""

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self._arrived: torch.cuda.Event | None = None
        self._tensors = list(tensors)
        device = tensors[0].device
        if device.type != "cuda":
            return
        stream = _copies(device)
        stream.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(stream):
            for number, tensor in enumerate(tensors):
                pinned = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
                self._tensors[number] = pinned.copy_(tensor, non_blocking=True)
                tensor.record_stream(stream)  # its memory is not given away before it has been read
            self._arrived = torch.cuda.Event(blocking=True)  # who waits leaves the core to others
            self._arrived.record(stream)

    def wait(self) -> list[Tensor]:
        """Return the tensors on the CPU once they are there."""
        if self._arrived is not None:
            self._arrived.synchronize()
        return self._tensors


@lru_cache
def _copies(device: torch.device) -> torch.cuda.Stream:
    """Return the stream on which results leave a device."""
    return torch.cuda.Stream(device)
