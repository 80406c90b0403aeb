"""One video in many encodings of equal quality: the quality parameter is searched until the PSNR agrees."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

os.environ.setdefault("SVT_LOG", "1")  # SVT-AV1 greets on stderr otherwise; read when the library is first used

from warpseg.video import open_pictures
from warpseg.video.encode import encode

__all__ = ["ENCODINGS", "REFERENCE", "TOLERANCE", "Clip", "Encoded", "Encoding"]

TOLERANCE = 0.3  # dB by which encodings of one quality may differ
_CLOSE = 0.05  # dB at which the search stops
_TRIES, _LINES = 12, 4  # at most, and the first of them along lines


@dataclass(frozen=True)
class Encoding:
    """An encoder with its options; ``knob`` sets its quality: ``crf``, or ``b`` in bits a second."""

    name: str
    codec: str
    options: Mapping[str, str]
    knob: str = "crf"
    slope: float = -0.55  # dB a step of the knob (of ``b``: a doubling), to begin the search with
    start: float = 20
    whole: bool = False  # whether the knob takes whole numbers only


def _x264(name: str, **options: str) -> Encoding:
    return Encoding(name, "libx264", options)


_VP9 = {"b": "0", "deadline": "good", "cpu-used": "4", "row-mt": "1"}
_RATE = {"knob": "b", "slope": 4.0, "start": 3_000_000}  # their constant quantiser has steps of 1 to 3 dB

ENCODINGS = {
    encoding.name: encoding
    for encoding in (
        _x264("x264 bf=0 refs=1", bf="0", refs="1", sc_threshold="0", **{"x264-params": "weightp=0"}),
        _x264("x264 defaults"),
        _x264("x264 slow bf=8 refs=8", preset="slow", bf="8", refs="8"),
        _x264("x264 ultrafast", preset="ultrafast", bf="0"),
        Encoding("mpeg4", "mpeg4", {"qmin": "1"}, **_RATE),  # type: ignore[arg-type]
        Encoding("mpeg2 bf=2", "mpeg2video", {"bf": "2", "qmin": "1"}, **_RATE),  # type: ignore[arg-type]
        Encoding("x265 defaults", "libx265", {}),
        Encoding("VP9", "libvpx-vp9", _VP9, slope=-0.25, whole=True),
        Encoding("AV1", "libsvtav1", {"preset": "8"}, slope=-0.25, whole=True),
    )
}
REFERENCE = ENCODINGS["x264 bf=0 refs=1"]  # as in the paper; its crf names a quality


@dataclass(frozen=True)
class Encoded:
    """A video file with what it took to make it."""

    path: Path
    setting: float  # of the encoding's knob
    psnr: float  # dB of luma over all frames
    size: int  # bytes


@dataclass(frozen=True, eq=False)
class Clip:
    """Source pictures (RGB), to be encoded into ``folder``; remembers what has been encoded."""

    pictures: list[NDArray[np.uint8]]
    rate: int
    folder: Path
    _lumas: list[NDArray[np.uint8]] = field(default_factory=list)
    _references: dict[float, Encoded] = field(default_factory=dict)

    def encode(self, encoding: Encoding, quality: float) -> Encoded:
        """Encode at the PSNR that the reference encoding has at crf ``quality``.

        Raises ``ValueError`` where no setting comes within ``TOLERANCE``.
        """
        if quality not in self._references:
            self._references[quality] = self._encode(REFERENCE, quality)
        target = self._references[quality].psnr
        if encoding == REFERENCE:
            return self._references[quality]
        tried: dict[float, Encoded] = {}
        knob = encoding.start
        while knob not in tried and len(tried) < _TRIES:
            tried[knob] = self._encode(encoding, knob)
            if abs(tried[knob].psnr - target) <= _CLOSE:
                break
            knob = _next(encoding, tried.values(), target)
        best, *others = sorted(tried.values(), key=lambda made: abs(made.psnr - target))
        for other in others:
            other.path.unlink()
        if abs(best.psnr - target) > TOLERANCE:
            raise ValueError(
                f"{encoding.name}: {best.psnr:.2f} dB at {encoding.knob} {best.setting:.8g} is the nearest to "
                f"{target:.2f} dB in {len(tried)} tries"
            )
        return best

    def _encode(self, encoding: Encoding, knob: float) -> Encoded:
        path = self.folder / f"{encoding.name} {encoding.knob} {knob:.8g}.mp4".replace(" ", "_")
        options = {**encoding.options, encoding.knob: f"{knob:.0f}" if encoding.knob == "b" else f"{knob:g}"}
        encode(self.pictures, path, codec=encoding.codec, rate=self.rate, options=options)
        return Encoded(path, knob, self._psnr(path), path.stat().st_size)

    def _psnr(self, path: Path) -> float:
        if not self._lumas:
            lossless = self.folder / "lossless.mkv"  # the source pictures as every encoder is given them
            encode(self.pictures, lossless, codec="ffv1", rate=self.rate)
            self._lumas.extend(_lumas(lossless))
            lossless.unlink()
        errors = [np.square(a.astype(np.float32) - b).mean() for a, b in zip(self._lumas, _lumas(path), strict=True)]
        return 10 * math.log10(255**2 / float(np.mean(errors)))


def _lumas(path: Path) -> list[NDArray[np.uint8]]:
    reader = open_pictures(path)
    lumas = [picture.luma.copy() for picture in reader]  # a view of a buffer that the decoder uses again
    reader.close()
    return lumas


def _next(encoding: Encoding, tried: Iterable[Encoded], target: float) -> float:
    """Return the setting to try next: between the nearest tries on either side of the target, where a line through
    them meets it and later halfway; on from the last one in its direction while all are on one side.
    """

    def position(made: Encoded) -> float:
        return math.log2(made.setting) if encoding.knob == "b" else made.setting

    newest_first = [*tried][::-1]  # of tries with equal PSNR the newest is nearest to the other side
    ranked = sorted(newest_first, key=lambda made: abs(made.psnr - target))
    best = ranked[0]
    other = next((made for made in ranked if (made.psnr > target) != (best.psnr > target)), None)
    if other is None:
        upwards = (best.psnr < target) == (encoding.slope > 0)
        last = (max if upwards else min)(ranked, key=position)
        found = position(last) + (target - last.psnr) / encoding.slope
    elif len(ranked) <= _LINES:
        share = (target - best.psnr) / (other.psnr - best.psnr)
        found = position(best) + share * (position(other) - position(best))
    else:  # lines creep where the encoder has steps
        found = (position(best) + position(other)) / 2
    if encoding.knob == "b":
        return float(round(2**found, -3))
    return float(round(min(max(found, 0), 63))) if encoding.whole else round(min(max(found, 0), 51), 2)
