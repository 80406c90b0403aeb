"""Encodings: accuracy that motion keeps, by how the video was encoded and by the source of the motion.

CamVid's labelled drive (101 frames, 480x360, 15 Hz) in each encoding at two qualities, all of one quality at the luma
PSNR that x264 with bf=0 refs=1 has at that crf; mIoU of each method on the same target frames at every distance from
the keyframe, with 95 % intervals over blocks of ten frames, and the difference in retention from bf=0 refs=1 with
``auto``, whose frames are drawn together with the row's own. The network sees the decoded frames.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from typing import Any

from benchmarks._lib.context import Context
from benchmarks._lib.encodings import ENCODINGS, REFERENCE, Clip
from benchmarks._lib.methods import Runner, summary
from benchmarks._lib.motion import cost, measure
from warpseg.engine.source import open_video
from warpseg.measure.accuracy.protocol import by_offset
from warpseg.measure.accuracy.results import Scores, average_retention, difference, worst_retention
from warpseg.types import MotionSource

Row = dict[str, Any]

_FLOW: list[str] = ["flow"] if find_spec("cv2") else []
QUALITIES, INTERVALS = [18.0, 28.0], [5, 10]
SOURCES: list[str] = ["auto", "codec", "estimate", *_FLOW, "none"]
KINDS: tuple[MotionSource, ...] = ("codec", "estimate", "flow", "none")  # of the motion that a frame got
IN_DETAIL = "x264 defaults"  # with every source; the other encodings with ``auto`` only
METHODS = ("copy", "propagate", "interpolate, average")
NAMES = {"mpeg4": "MPEG-4", "mpeg2 bf=2": "MPEG-2 bf=2", "x265 defaults": "x265"}


def run(context: Context) -> list[Row]:
    """Return a row per encoding, quality, motion source, interval and method."""
    network, drive = context.network(), context.drive()
    clip = Clip(drive.pictures, drive.rate, context.scratch)
    references: dict[tuple[float, int, str], Scores] = {}
    table = []
    for quality in context.pick(QUALITIES, QUALITIES[:1]):
        for name in context.pick([*ENCODINGS], [REFERENCE.name, IN_DETAIL]):
            encoded = clip.encode(ENCODINGS[name], quality)
            sources = context.pick(SOURCES, SOURCES[:1]) if name == IN_DETAIL else SOURCES[:1]
            for source in sources:
                with open_video(encoded.path, motion=source) as video:
                    frames = list(video)
                runner = Runner(network, frames)
                facts = {"encoding": name, "quality": quality, "psnr": encoded.psnr, "bytes": encoded.size}
                facts |= {"motion": source}
                facts |= {"motion_frames": {kind: video.motion[kind] for kind in KINDS}}
                ms = measure(encoded.path, source, passes=context.pick(5, 1))
                facts |= {stage: ms[stage] for stage in ("decode_alone_ms", "motion_ms", "reverse_ms")}
                for n in context.pick(INTERVALS, [2]):
                    for method in METHODS:
                        if method == "copy" and source != sources[0]:
                            continue  # the same without motion
                        scores = by_offset(frames, drive.labels, partial(runner.run, method, n), n, runner.classes)
                        row = {**facts, "interval": n, "scheme": method, **summary(scores)}
                        if name == REFERENCE.name and source == "auto":
                            references[quality, n, method] = scores
                        reference = references.get((quality, n, method))
                        if reference is not None and reference is not scores:
                            for reading in (average_retention, worst_retention):
                                found = difference(scores, reference, reading, block=context.pick(10, 2))
                                row[f"{reading.__name__}_less_reference"] = [100 * value for value in found]
                        print(line(row), flush=True)
                        table.append(row)
    return table


def line(row: Row) -> str:
    """Return a row as text."""
    text = (
        f"{row['encoding']:21} {row['quality']:g} {row['psnr']:.2f} dB {row['bytes'] // 1000:5} kB "
        f"{row['motion']:8} n={row['interval']:<2} {row['scheme']:20} "
        f"mIoU {row['average']:.1f} / {row['worst']:.1f} of {row['every_frame']:.1f}, "
        f"retention {row['average_retention']:.2f} / {row['worst_retention']:.2f} %"
    )
    if "average_retention_less_reference" in row:
        readings = ("average_retention", "worst_retention")
        for value, low, high in (row[f"{reading}_less_reference"] for reading in readings):
            text += f" {value:+.2f} ({low:+.2f} to {high:+.2f})"
    return f"{text}, {cost(row)}"


def tables(rows: Sequence[Row]) -> Iterator[str]:
    """Yield retention at each interval, size and milliseconds per encoding, motion from ``auto``."""
    rows = [row for row in rows if row["motion"] == "auto"]
    methods = {"propagate": "Alg. 1", "interpolate, average": "Alg. 2"}
    intervals = sorted({row["interval"] for row in rows})
    columns = [f"{called}, n = {n}" for called in methods.values() for n in intervals]
    yield "| encoding | size | " + " | ".join(columns) + " | decode | motion |"
    yield "|" + (len(columns) + 4) * "---|"
    for quality in dict.fromkeys(row["quality"] for row in rows):
        of_quality = [row for row in rows if row["quality"] == quality]
        psnr = next(row["psnr"] for row in of_quality if row["encoding"] == REFERENCE.name)
        yield f"| **{psnr:.1f} dB** |" + (len(columns) + 3) * " |"
        for encoding in dict.fromkeys(row["encoding"] for row in of_quality):
            found = {(row["scheme"], row["interval"]): row for row in of_quality if row["encoding"] == encoding}
            row = next(iter(found.values()))
            name = NAMES.get(encoding, encoding)
            name += "" if row["motion_frames"]["codec"] else " (estimated)"
            kept = [found[method, n] for method in methods for n in intervals]
            cells = [f"{each['average_retention']:.1f} / {each['worst_retention']:.1f}" for each in kept]
            cells += [f"{row['decode_alone_ms']:.1f}", f"{row['motion_ms']:.1f} + {row['reverse_ms']:.1f}"]
            yield f"| {name} | {row['bytes'] // 1000} kB | " + " | ".join(cells) + " |"


PAGES = {"docs/motion.md#encodings": tables}
