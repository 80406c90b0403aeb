"""Encoded pictures: video files made of pictures, once for each encoding, in a cache folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

from warpseg.datasets.choices import ENCODINGS
from warpseg.datasets.clip import read_rgb
from warpseg.errors import DatasetError, OutputError
from warpseg.video.encode import encode

__all__ = ["cache_folder", "describe", "encoded", "fingerprint"]


def cache_folder() -> Path:
    """Return the folder that keeps encoded pictures by default: ``warpseg`` in the user's cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "warpseg"


def describe(encoding: str | None) -> str | None:
    """Return the encoder and its options in words, for reports; None for pictures that are not encoded."""
    if encoding is None:
        return None
    return "libx264 " + " ".join(f"{key}={value}" for key, value in _x264_options(encoding).items())


def fingerprint(paths: Sequence[Path], *more: object) -> str:
    """Return 16 hexadecimal digits that change with the files' names, sizes and times, and with ``more``.

    Raises ``DatasetError`` where a file is missing.
    """
    facts = [repr(more)]
    for path in paths:
        try:
            stat = path.stat()
        except FileNotFoundError as error:
            raise DatasetError(f"{path}: no such file; complete the folder") from error
        facts.append(f"{path.name} {stat.st_size} {stat.st_mtime_ns}")
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]


def encoded(paths: Sequence[Path], name: str, encoding: str, rate: Fraction | int, cache: Path) -> Path:
    """Return the pictures as H.264 (a name of ``choices.ENCODINGS``), encoded unless ``cache`` has the file.

    Raises ``DatasetError`` for pictures that cannot be read or encoded together.
    """
    options = _x264_options(encoding)
    path = cache / f"{name}-{fingerprint(paths, dict(options), rate)}.mp4"
    if not path.exists():
        try:
            cache.mkdir(parents=True, exist_ok=True)
            encode((read_rgb(picture) for picture in paths), path, rate=rate, options=options)
        except (ValueError, OSError, OutputError) as error:
            raise DatasetError(f"{name}: cannot be encoded ({error}); try --encoding none") from error
    return path


def _x264_options(encoding: str) -> Mapping[str, str]:
    options = ENCODINGS[encoding].options
    assert options is not None, "pictures that are not encoded have no options"
    return options
