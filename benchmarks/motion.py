"""What motion is worth, by how the video was encoded and where the motion comes from; what it costs; how wrong it is.

    python benchmarks/motion.py [--data ROOT] [--out benchmarks/results/motion.json]
    python benchmarks/motion.py --table accuracy --encoding AV1 --quality 18 --interval 5 --frames 40    # a small piece

Three tables. *accuracy*: CamVid's labelled drive (101 frames, 480x360, 15 Hz) in each encoding at two qualities, all of
one quality at the luma PSNR that x264 with bf=0 refs=1 has at that crf; each scheme's mIoU on the same target frames
at every distance from the keyframe, with 95 % intervals over blocks of ten frames, and the difference in retention
from bf=0 refs=1 with ``auto``, whose frames are drawn together with the row's own. The network sees the decoded frames.
*speed*: milliseconds a frame of decoding and of motion at 720p and 1080p. *error*: endpoint error on synthetic streets.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import motion_error
import motion_speed
from quality import ENCODINGS, REFERENCE, Clip
from result import write
from warpseg.core import schemes
from warpseg.core.schemes import Estimate
from warpseg.datasets.camvid import Drive, camvid
from warpseg.engine.source import open_video
from warpseg.measure.accuracy.protocol import Remembering, by_offset
from warpseg.measure.accuracy.results import Scores, average_retention, difference, worst_retention
from warpseg.networks import Network, ScoreSpace, load

Row = dict[str, Any]

_FLOW: list[str] = ["flow"] if find_spec("cv2") else []
QUALITIES, INTERVALS = [18.0, 28.0], [5, 10]
SOURCES: list[str] = ["auto", "codec", "estimate", *_FLOW, "none"]
IN_DETAIL = "x264 defaults"  # with every source; the other encodings with ``auto`` only
SCHEMES: dict[str, Callable[..., Iterator[Estimate]]] = {
    "copy": schemes.copy_nearest,
    "propagate": schemes.propagate,
    "interpolate": schemes.interpolate,
}


def accuracy(
    network: Network, drive: Drive, folder: Path, names: Sequence[str], asked: argparse.Namespace
) -> Iterator[Row]:
    """Yield a row for each encoding, quality, motion source, interval and scheme."""
    assert network.classes is not None
    clip = Clip(drive.pictures, drive.rate, folder)
    references: dict[tuple[float, int, str], Scores] = {}
    for quality in asked.quality:
        for name in names:
            encoded = clip.encode(ENCODINGS[name], quality)
            runs = Remembering(ScoreSpace(network))
            sources = asked.motion or (SOURCES if name == IN_DETAIL else ["auto"])
            for source in sources:
                with open_video(encoded.path, motion=source) as video:
                    frames = list(video)
                facts = {"encoding": name, "quality": quality, **encoded.facts(), "motion": source}
                facts |= {"motion_frames": dict(video.motion), **motion_speed.measure(encoded.path, source)}
                for n in asked.interval:
                    for scheme, run in SCHEMES.items():
                        if scheme == "copy" and source != sources[0]:
                            continue  # the same without motion
                        scores = by_offset(frames, drive.labels, partial(run, network=runs, n=n), n, network.classes)
                        row = {**facts, "interval": n, "scheme": scheme, **scores.summary()}
                        if name == REFERENCE.name and source == "auto":
                            references[quality, n, scheme] = scores
                        reference = references.get((quality, n, scheme))
                        if reference is not None and reference is not scores:
                            for reading in (average_retention, worst_retention):
                                found = difference(scores, reference, reading)
                                row[f"{reading.__name__}_less_reference"] = [100 * value for value in found]
                        yield row


def line(row: Row) -> str:
    """Return a row of any of the tables as text."""
    if "scheme" in row:
        text = (
            f"{row['encoding']:21} {row['quality']:g} {row['psnr']:.2f} dB {row['bytes'] // 1000:5} kB "
            f"{row['motion']:8} n={row['interval']:<2} {row['scheme']:11} "
            f"mIoU {row['average']:.1f} / {row['worst']:.1f} of {row['every_frame']:.1f}, "
            f"retention {row['average_retention']:.2f} / {row['worst_retention']:.2f} %"
        )
        if "average_retention_less_reference" in row:
            readings = ("average_retention", "worst_retention")
            for value, low, high in (row[f"{reading}_less_reference"] for reading in readings):
                text += f" {value:+.2f} ({low:+.2f} to {high:+.2f})"
        return f"{text}, {cost(row)}"
    if "video" in row:
        return (
            f"{row['video']:42} {row['b_frames']:3} B of {row['frames']:3} {row['motion']:8} {cost(row)}, "
            f"decode + motion {row['fps']:.1f} fps"
        )
    return (
        f"{row['drive']} ({row['true_motion_mean_px']:.1f} px) {row['encoding']:18} {row['motion']:8} endpoint error "
        f"mean {row['mean_px']:.2f} px, median {row['median_px']:.2f} px"
    )


def cost(row: Row) -> str:
    return f"decode {row['decode_alone_ms']:.2f} ms, motion {row['motion_ms']:.2f} + {row['reverse_ms']:.2f} ms"


def main(asked: argparse.Namespace) -> None:
    results: dict[str, list[Row]] = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        sources = asked.motion or [source for source in SOURCES if source != "auto"]
        makes: dict[str, Callable[[], Iterator[Row]]] = {
            "speed": lambda: motion_speed.rows(
                asked.data, folder, asked.motion or ["codec", "estimate"], frames=asked.frames
            ),
            "error": lambda: motion_error.rows(folder, sources, frames=asked.frames),
            "accuracy": lambda: accuracy(
                load("camvid", device="cpu"),
                camvid(asked.data / "camvid", max_frames=asked.frames),
                folder,
                asked.encoding,
                asked,
            ),
        }
        for table in asked.table:
            results[table] = []
            for row in makes[table]():
                results[table].append(row)
                print(line(row), flush=True)
            if asked.out:  # after each: the tables take their time
                write(asked.out, results)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("WARPSEG_TEST_DATA", "../shared/data")))
    parser.add_argument("--table", action="append", choices=["speed", "error", "accuracy"])
    parser.add_argument("--encoding", action="append", choices=list(ENCODINGS))
    parser.add_argument("--quality", type=float, action="append", help=f"crf of {REFERENCE.name}")
    parser.add_argument("--interval", type=int, action="append")
    parser.add_argument("--motion", action="append", choices=SOURCES)
    parser.add_argument("--frames", type=int, help="frames of each video at most")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    arguments.table = arguments.table or ["speed", "error", "accuracy"]
    arguments.encoding = arguments.encoding or list(ENCODINGS)
    arguments.quality = arguments.quality or QUALITIES
    arguments.interval = arguments.interval or INTERVALS
    main(arguments)
