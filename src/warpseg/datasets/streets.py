"""Synthetic streets as a data set: labelled video where there is no other."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from PIL import Image

from warpseg.datasets.clip import Dataset
from warpseg.datasets.encoded import cache_folder, describe
from warpseg.datasets.folders import frames_and_labels
from warpseg.datasets.open import Encoding
from warpseg.files import whole
from warpseg.synthetic import Street

__all__ = ["open_streets"]

_RATE = 15


def open_streets(
    count: int,
    frames_each: int,
    *,
    size: tuple[int, int] = (360, 480),
    encoding: Encoding | None = None,
    frames: Literal["decoded", "clean"] = "decoded",
    cache: Path | None = None,
) -> Dataset:
    """Return ``count`` drives with a label on every frame (CamVid's classes), rendered unless they are in ``cache``.

    ``size`` is (height, width); the other options are those of ``open_dataset``.
    """
    chosen = None if encoding == "none" else encoding or "paper"
    cache = cache or cache_folder()
    clips = []
    for seed in range(count):
        name = f"street{seed}_{size[1]}x{size[0]}"
        # The number of frames is part of the folder's name: a folder is rendered once and then whole.
        folder, labels = (cache / kind / f"{name}_{frames_each}" for kind in ("streets", "street_labels"))
        for i in range(frames_each):
            if not (labels / f"{i:04}.png").exists():  # written last
                pixels, truth = Street(seed=1000 + seed, size=size, rate=_RATE).still(i)
                for where, image in ((folder, pixels), (labels, truth)):
                    with whole(where / f"{i:04}.png", parents=True) as part:
                        Image.fromarray(image).save(part)
        clips.append(
            frames_and_labels(
                folder, labels, encoding=chosen, clean=frames == "clean", rate=_RATE, cache=cache, name=name
            )
        )
    return Dataset("streets", clips, None, describe(chosen), frames != "clean")
