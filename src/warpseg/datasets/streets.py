"""Streets: a data set of synthetic streets, with a label on every frame."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PIL import Image

from warpseg.datasets.clip import Dataset, Options
from warpseg.datasets.encoded import describe
from warpseg.datasets.folders import frames_and_labels
from warpseg.files import whole
from warpseg.synthetic import Street

__all__ = ["open_streets"]

_RATE = 15
_CLIPS, _FRAMES = 4, 60  # unless others are asked for


def open_streets(root: Path | None, options: Options) -> Dataset:
    """Return drives with a label on every frame (CamVid's classes), rendered unless they are in the cache.

    ``root`` is not used: there is nothing to find.
    """
    size, frames_each = options.size, options.max_frames or _FRAMES
    clips = []
    for seed in range(options.max_clips or _CLIPS):
        name = f"street{seed}_{size[1]}x{size[0]}"
        # The number of frames is part of the name, so that a rendered folder is complete.
        folder, labels = (options.cache / kind / f"{name}_{frames_each}" for kind in ("streets", "street_labels"))
        for i in range(frames_each):
            if not (labels / f"{i:04}.png").exists():  # written last
                pixels, truth = Street(seed=1000 + seed, size=size, rate=_RATE).still(i)
                for where, image in ((folder, pixels), (labels, truth)):
                    with whole(where / f"{i:04}.png", parents=True) as part:
                        Image.fromarray(image).save(part)
        clips.append(frames_and_labels(folder, labels, replace(options, max_frames=None), rate=_RATE, name=name))
    return Dataset("streets", clips, None, describe(options.encoding), not options.clean)
