"""Clip: a synthetic street to measure on where no video is given."""

from __future__ import annotations

from pathlib import Path

from warpseg.datasets.encoded import cache_folder
from warpseg.synthetic import Street
from warpseg.video.encode import encode

__all__ = ["RATE", "street_clip"]

RATE = 30
_SEED = 7


def street_clip(size: tuple[int, int], frames: int, cache: Path | None = None) -> Path:
    """Return a street of ``size`` (height, width) as H.264 with x264's defaults, rendered unless ``cache`` holds it."""
    folder = (cache or cache_folder()) / "bench"
    path = folder / f"street_{size[1]}x{size[0]}_{frames}.mp4"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        street = Street(seed=_SEED, size=size, rate=RATE)
        encode((street.still(i)[0] for i in range(frames)), path, rate=RATE)
    return path
