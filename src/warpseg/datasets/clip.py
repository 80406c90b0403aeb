"""Clips: frames with motion, and labels of some of them, by frame number."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from warpseg.classes import IGNORE
from warpseg.engine.source import Source, open_video
from warpseg.engine.timing import Stages
from warpseg.errors import DatasetError, VideoError
from warpseg.types import Frame
from warpseg.video.stills import load_still

__all__ = ["Clip", "Dataset", "LabelFiles", "Labels", "Options", "read_rgb"]

Labels = NDArray[np.uint8]  # (height, width) class ids, 255: void


class LabelFiles(Mapping[int, Labels]):
    """Label images by frame number, read on demand.

    ``table`` (256,) uint8 turns the values of the files into class ids (255: void). Reading raises ``DatasetError``,
    which names the file, for images that are not label maps; after ``checked`` also for values and sizes that do not
    fit.
    """

    def __init__(self, paths: Mapping[int, Path], table: Labels | None = None) -> None:
        self.paths = dict(sorted(paths.items()))
        self._table = table
        self._classes: int | None = None
        self._size: tuple[int, int] | None = None

    @property
    def mark(self) -> str:
        """Everything but the files on which the labels depend."""
        return "" if self._table is None else self._table.tobytes().hex()

    def checked(self, classes: int, size: tuple[int, int]) -> LabelFiles:
        """Return the same labels, checked against ``classes`` classes and the frames' ``size`` (height, width)."""
        found = LabelFiles(self.paths, self._table)
        found._classes, found._size = classes, size
        return found

    def __getitem__(self, index: int) -> Labels:
        path = self.paths[index]
        try:
            with Image.open(path) as image:
                values = np.asarray(image)
        except (OSError, ValueError, SyntaxError) as error:
            raise DatasetError(f"{path}: not a readable image; replace or remove it") from error
        if values.ndim != 2:
            raise DatasetError(f"{path}: {image.mode} colours; a label image has one class id per pixel")
        if self._size is not None and values.shape != self._size:
            sizes = [f"{width}x{height}" for height, width in (values.shape, self._size)]
            raise DatasetError(f"{path}: label is {sizes[0]}, its frame {sizes[1]}; bring both to one size")
        if int(values.max(initial=0)) > IGNORE:
            raise DatasetError(f"{path}: label value {int(values.max())}; expected class ids below 255, 255 for void")
        labels = values.astype(np.uint8)
        if self._table is not None:
            labels = self._table[labels]
        if self._classes is not None:
            strange = values[(labels >= self._classes) & (labels != IGNORE)]
            if strange.size:
                raise DatasetError(
                    f"{path}: label value {int(strange[0])}; it is none of the {self._classes} classes, nor void"
                )
        return labels

    def __iter__(self) -> Iterator[int]:
        return iter(self.paths)

    def __len__(self) -> int:
        return len(self.paths)

    def __contains__(self, index: object) -> bool:
        return index in self.paths

    def __repr__(self) -> str:
        return f"LabelFiles({len(self)} images)"


@dataclass(frozen=True, eq=False, repr=False)
class Clip:
    """Part of a video with its labels."""

    name: str
    labels: LabelFiles  # by frame number, as ``frames`` counts; empty where there are none
    find_source: Callable[[], Source]  # finds what each pass opens: a file (encoded by the first pass), or pictures
    fingerprint: str  # changes when the clip's files or its encode do
    clean: tuple[Path, ...] | None = None  # pictures that the network sees instead of the decoded ones
    max_frames: int | None = None
    known_count: int | None = None  # number of frames, where that is known without decoding

    def count(self) -> int:
        """Return the number of frames; decodes them where it is not known. Raises the errors of ``open_video``."""
        return self.known_count if self.known_count is not None else sum(1 for _ in self.frames("none"))

    def frames(
        self,
        motion: str = "auto",
        *,
        flow_weights: Path | str | None = None,
        stages: Stages | None = None,
        decoded: bool = False,
    ) -> Generator[Frame]:
        """Yield the frames in order, numbered from 0, each with motion as ``open_video`` finds it.

        The network sees the clean pictures where the clip has them, unless ``decoded``. Raises the errors of
        ``open_video``.
        """
        source, limit = self.find_source(), self.max_frames
        with open_video(source, motion=motion, flow_weights=flow_weights, max_frames=limit, stages=stages) as video:
            for frame in video:
                yield frame if decoded else self.seen(frame)

    def seen(self, frame: Frame) -> Frame:
        """Return a decoded frame as the network sees it: with the clean picture, where the clip has one."""
        return frame if self.clean is None else replace(frame, load=partial(read_rgb, self.clean[frame.index]))

    def __repr__(self) -> str:
        return f"Clip({self.name!r}, {len(self.labels)} labelled)"


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Clips that are scored together."""

    name: str
    clips: Sequence[Clip]
    classes: tuple[str, ...] | None = None  # names by label; None: the labels' ids are the network's
    encoding: str | None = None  # the encoding of its frames, in words; None: the source is used as it is
    decoded: bool = True  # the network sees the decoded frames; otherwise the clean ones
    categories: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  # groups of classes

    @property
    def is_labelled(self) -> bool:
        """True where there is any label; otherwise agreement with the network's own result is measured."""
        return any(len(clip.labels) for clip in self.clips)

    def __repr__(self) -> str:
        return f"Dataset({self.name!r}, {len(self.clips)} clips, {len(self.classes or ())} classes)"


@dataclass(frozen=True)
class Options:
    """Options for opening a data set, each for those to which it applies; see ``open.open_dataset``."""

    cache: Path  # folder for pictures that are encoded or rendered
    labels: Path | None = None
    split: str = "val"
    encoding: str | None = None  # a name of ``choices.ENCODINGS``; None: pictures are not encoded
    clean: bool = False  # whether the network sees the pictures as they were before they were encoded
    ignore: tuple[int, ...] = ()
    rate: int = 25
    size: tuple[int, int] = (360, 480)
    max_frames: int | None = None
    max_clips: int | None = None


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """Read a picture as RGB (height, width, 3) uint8; raises ``DatasetError`` where it is not one."""
    if not path.exists():
        raise DatasetError(f"{path}: no such frame; complete the folder")
    try:
        return load_still(path)
    except VideoError as error:
        raise DatasetError(f"{path.parent}: {error}; replace it") from error
