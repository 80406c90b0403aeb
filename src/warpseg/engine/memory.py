"""Memory: how many frames may wait between the stages of a pipeline, from a budget in bytes."""

from __future__ import annotations

from dataclasses import dataclass

from warpseg.types import VideoInfo

__all__ = ["Bounds", "bounds_for"]

_PICTURE = 3.0  # bytes per pixel of a decoder's frame: 8-bit 4:4:4, or 10-bit 4:2:0
_MOTION = 1.5e6  # bytes per frame, about: luma of some 400 lines, motion on cells of 4x4 of its pixels, its source


@dataclass(frozen=True)
class Bounds:
    """Bounds on what waits between the stages of a pipeline."""

    batch: int = 1  # keyframes that go through the network together
    frames: int = 1  # decoded frames, their motion known, that wait for the scheme
    keeps_pixels: bool = True  # whether intermediate frames keep the decoder's picture


def bounds_for(
    info: VideoInfo, *, longest: int, workers: int, batch: int, keeps_pixels: bool, memory: float, waits: bool
) -> tuple[Bounds, str | None]:
    """Return the bounds that keep all workers busy within a memory budget, and a warning where that takes something.

    Args:
        info: the video.
        longest: the most frames from one keyframe to the next.
        workers: networks at work at the same time.
        batch: keyframes wanted in each pass of the network.
        keeps_pixels: whether the pictures of intermediate frames are needed.
        memory: budget in bytes.
        waits: whether the scheme itself holds a window of frames.
    """
    height, width = info.size
    each = _MOTION + (_PICTURE * height * width if keeps_pixels else 0)
    allowed = int(memory / each) - (longest if waits else 0)
    fits = max(min(batch, allowed // longest), 1)
    wanted = longest * workers * fits + 1
    bounds = Bounds(fits, max(min(wanted, allowed - longest * (fits - 1)), 1), keeps_pixels)
    warning = None
    if fits < batch:
        warning = f"batches of {fits} keyframes, not {batch}: more frames would wait than fit into {memory / 1e9:g} GB"
    elif allowed < 1:
        warning = (
            f"the {longest} frames of a window take about {longest * each / 1e9:.1f} GB, more than {memory / 1e9:g}"
        )
    return bounds, warning
