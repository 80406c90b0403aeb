"""The speed that README and docs/speed.md show, by `warpseg bench`'s own measurements.

    python benchmarks/speed.py [--part embedded|paper] [--interval 1,2,5,10,20] [--rounds 3] [--data ROOT]

embedded: the embedded network on a synthetic street at 480x360, 720p and 1080p, and on real video where there is some,
to a mask video and to the default outputs. paper: ResNet-101 at 1024x2048 in bf16 and fp32 (paper_model.py), with
fusion by confidence and with the paper's weights, beside the paper's own way.

Each measurement is added to benchmarks/results/speed.json when it is done, and the tables of docs/speed.md are written
anew; one that is there already, made with the same options, is not made again. All of it takes hours on two CPU cores,
nine tenths of them for the paper's network; it wants a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from paper_model import paper_network
from result import write
from speed_page import write_page
from warpseg.measure.speed.clip import street_clip
from warpseg.measure.speed.run import bench
from warpseg.run.startup import keep_memory

REPOSITORY = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("WARPSEG_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
OUT, PAGE = REPOSITORY / "benchmarks" / "results" / "speed.json", REPOSITORY / "docs" / "speed.md"

STREETS = ((360, 480), (720, 1280), (1080, 1920))
REAL = ("VID_1920x1080_cabac_temporal_direct.264", "solidWhiteRight.mp4")
OUTPUTS = {"masks": ["masks"], "default outputs": ["overlay", "masks", "stats"]}
PAPER_SIZE = (1024, 2048)
_FEW = 20  # frames where the paper's network is measured once more

Measurement = Callable[[], dict[str, Any]]


def embedded(options: argparse.Namespace, out: Path) -> Iterator[tuple[str, Measurement]]:
    """Yield name and measurement of each video and set of outputs."""
    videos: dict[str, Callable[[], Path]] = {
        f"street {width}x{height}": partial(street_clip, (height, width), options.frames) for height, width in STREETS
    }
    videos |= {name: partial(Path, options.data / "video" / name) for name in REAL}
    for name, find in videos.items():
        for outputs, save in OUTPUTS.items():
            if not name.startswith("street") and not find().exists():
                print(f"{find()}: not there, left out", flush=True)
                break

            def measure(find: Callable[[], Path] = find, save: list[str] = save) -> dict[str, Any]:
                return bench(
                    str(find()), out, intervals=options.interval, rounds=options.rounds, max_frames=options.frames,
                    save=save, compare_paper=save == ["masks"], command=["python", *sys.argv], progress=said,
                )  # fmt: skip

            yield f"embedded, {name}, {outputs}", measure


def paper(options: argparse.Namespace, out: Path) -> Iterator[tuple[str, Measurement]]:
    """Yield name and measurement of each precision and fusion."""
    for precision, fusion in (("bf16", "confidence"), ("fp32", "confidence"), ("bf16", "average")):
        # Neither fusion nor precision changes what the rest of all intervals costs: one of them shows it.
        usual = (precision, fusion) == ("bf16", "confidence")
        intervals = options.interval if usual else [1, 10]
        frames = options.paper_frames if usual else min(options.paper_frames, _FEW)

        def measure(
            precision: Any = precision, fusion: str = fusion, intervals: list[int] = intervals, frames: int = frames
        ) -> dict[str, Any]:
            video = street_clip(PAPER_SIZE, options.paper_frames)
            return bench(
                str(video), out, model=paper_network(video, precision=precision), options={"fusion": fusion},
                intervals=intervals, rounds=options.rounds, max_frames=frames, fresh=False,
                compare_paper=fusion == "confidence", command=["python", *sys.argv], progress=said,
            )  # fmt: skip

        yield f"paper, {precision}, {fusion}", measure


def said(line: str) -> None:
    """Print progress."""
    print(f"  {line}", flush=True)


def main() -> None:
    keep_memory()  # as the command line does
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--part", choices=("embedded", "paper"), action="append")
    parser.add_argument("--interval", type=lambda text: [int(n) for n in text.split(",")], default=[1, 2, 5, 10, 20])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--paper-frames", type=int, default=40)
    parser.add_argument("--data", type=Path, default=DATA, help="where video/*.264 and *.mp4 are")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--page", type=Path, default=PAGE, help="whose tables are written anew")
    options = parser.parse_args()
    wanted = {"rounds": options.rounds, "intervals": options.interval}
    found: dict[str, Any] = json.loads(options.out.read_text())["results"] if options.out.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        for part in options.part or ["embedded", "paper"]:
            for name, measure in {"embedded": embedded, "paper": paper}[part](options, Path(folder)):
                asked = wanted | {"frames": options.frames if part == "embedded" else options.paper_frames}
                if found.get(name, {}).get("asked") == asked:
                    print(f"{name}: done before", flush=True)
                    continue
                print(name, flush=True)
                found[name] = {"asked": asked, **measure()}
                write(options.out, found)
    write_page(options.page, "speed", found)


if __name__ == "__main__":
    main()
