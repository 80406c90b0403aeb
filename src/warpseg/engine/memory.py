"""How many frames may wait while others are worked on."""

from __future__ import annotations

from dataclasses import dataclass

from warpseg.types import VideoInfo

__all__ = ["Room", "room_for"]

_PICTURE = 3.0  # bytes a pixel of a decoder's frame: 8-bit 4:4:4, or 10-bit 4:2:0
_MOTION = 1.5e6  # bytes a frame, about: luma of some 400 lines, motion on cells of 4x4 of its pixels, what it came from


@dataclass(frozen=True)
class Room:
    """Bounds on what waits between the stages of a pipeline."""

    batch: int = 1  # keyframes that go through the network together
    frames: int = 1  # decoded frames, their motion known, that wait for the scheme
    keeps_pixels: bool = True  # whether frames between keyframes keep the decoder's picture


def room_for(
    info: VideoInfo, *, longest: int, workers: int, batch: int, keeps_pixels: bool, memory: float, waits: bool
) -> tuple[Room, str | None]:
    """Return the room that keeps all workers busy and that ``memory`` bytes allow, and what was given up for that.

    ``longest`` is the most frames from one keyframe to the next; ``waits`` says that the scheme itself holds them.
    """
    height, width = info.size
    each = _MOTION + (_PICTURE * height * width if keeps_pixels else 0)
    allowed = int(memory / each) - (longest if waits else 0)
    fits = max(min(batch, allowed // longest), 1)
    wanted = longest * workers * fits + 1
    room = Room(fits, max(min(wanted, allowed - longest * (fits - 1)), 1), keeps_pixels)
    said = None
    if fits < batch:
        said = f"batches of {fits} keyframes, not {batch}: more frames would wait than fit into {memory / 1e9:g} GB"
    elif allowed < 1:
        said = f"the {longest} frames of a window take about {longest * each / 1e9:.1f} GB, more than {memory / 1e9:g}"
    return room, said
