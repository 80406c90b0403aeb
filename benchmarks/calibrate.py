"""Whether what ``warpseg calibrate`` promises holds on clips that it has not seen.

    python benchmarks/calibrate.py [--rounds 4] [--clips 5] [--held-out 8] [--out benchmarks/results/calibrate.json]

Synthetic streets of many seeds at 4 to 12 m/s, 240x180, 10 s at 15 Hz, H.264 by x264's defaults, the embedded network.
Each round draws streets to calibrate on (``--min-agreement``, ``--max-drop``), from those that are not held out. Kept
promises are counted twice: over all held-out clips together, which is what is promised, and clip by clip, which is
not. The scores of the held-out clips also give the loss of mIoU that goes with each agreement.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from result import write
from warpseg.engine.method import Method
from warpseg.engine.source import open_video
from warpseg.measure.calibration.run import calibrate, choices_of
from warpseg.measure.calibration.samples import VideoMaterial, frames_of, plan
from warpseg.measure.calibration.score import SampleScorer
from warpseg.measure.calibration.targets import Target, by_distance, shown, worst
from warpseg.networks import Network, load
from warpseg.synthetic import Street
from warpseg.types import Frame
from warpseg.video.encode import encode

RATE, FRAMES, SIZE, LIMIT = 15, 150, (180, 240), 15
TARGETS = (Target("min-agreement", 88), Target("min-agreement", 92), Target("max-drop", 2))


class StreetMaterial(VideoMaterial):
    """A street's video, with its labels where ``true`` is set."""

    def __init__(self, seed: int, folder: Path, *, true: bool) -> None:
        self.street = Street(seed=seed, size=SIZE, rate=RATE, speed=4 + seed % 5 * 2)
        path = folder / f"street_{seed}.mp4"
        if not path.exists():
            encode((self.street.still(i)[0] for i in range(FRAMES)), path, rate=RATE, options={"crf": "20"})
        super().__init__(str(path), "auto")
        self._path = path
        self.labels = _Truth(self.street) if true else None

    def start(self, first: int) -> Iterator[Frame]:
        """Yield all frames: there is only one group of pictures."""
        with open_video(self._path) as video:
            yield from video


class _Truth(Mapping[int, NDArray[np.uint8]]):
    def __init__(self, street: Street) -> None:
        self._street = street

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        return self._street.still(index)[1]

    def __iter__(self) -> Iterator[int]:
        return iter(range(FRAMES))

    def __len__(self) -> int:
        return FRAMES


class Held:
    """The held-out clips, scored once for each setting that a round chose."""

    def __init__(self, network: Network, seeds: Sequence[int], folder: Path, windows: int) -> None:
        self.network, self.seeds, self.folder, self.windows = network, seeds, folder, windows
        self.matrices: dict[tuple[Method, int, bool], NDArray[np.int64]] = {}

    def scores(self, choice: Method, n: int, *, true: bool) -> NDArray[np.int64]:
        """Return matrices (clips, n, classes, classes)."""
        if (choice, n, true) not in self.matrices:
            found = []
            for seed in self.seeds:
                material = StreetMaterial(seed, self.folder, true=true)
                chosen = plan(frames_of([material]), self.windows, LIMIT)
                with tempfile.TemporaryDirectory() as maps:
                    judge = SampleScorer(
                        self.network, [material], chosen, "agreement", lambda bound: True, 0.95, Path(maps)
                    )
                    found.append(judge.matrices([choice], n)[choice].sum(1))
            self.matrices[choice, n, true] = np.stack(found)
        return self.matrices[choice, n, true]


def rounds(network: Network, arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Return what was promised and what held-out clips had, round by round, and agreement against loss."""
    held = Held(network, range(1000, 1000 + arguments.held_out), folder, arguments.windows // 2)
    table: list[dict[str, Any]] = []
    random = np.random.default_rng(0)
    for target in TARGETS:
        for lap in range(arguments.rounds):
            seeds = random.choice(np.arange(1, 4 * arguments.clips + 1), arguments.clips, replace=False).tolist()
            true = target.needs_labels
            materials = [StreetMaterial(seed, folder, true=true) for seed in seeds]
            found = calibrate(
                network, materials, target, choices_of(["propagate", "interpolate"]),
                windows=arguments.windows, max_interval=LIMIT,
            )  # fmt: skip
            row: dict[str, Any] = {"target": f"{target.kind} {target.value:g}", "round": lap, "seeds": seeds}
            if found.row is None:
                table.append(row | {"interval": 1})
                continue
            matrices = held.scores(found.row.choice, found.interval, true=true)
            together = float(worst(found.measure, by_distance(found.measure, matrices.sum(0))))
            each = worst(found.measure, by_distance(found.measure, matrices))
            row |= {
                "scheme": str(found.choice),
                "interval": found.interval,
                "bound": shown(found.measure, found.row.bound),
                "held_out": shown(found.measure, together),
                "kept": target.is_met(together),
                "bound_kept": together >= found.row.bound,
                "clips_kept": float(np.mean([target.is_met(float(value)) for value in each])),
            }
            table.append(row)
            print(row, flush=True)
    return {"promises": table, "agreement_and_loss": relation(held)}


def relation(held: Held) -> list[dict[str, Any]]:
    """Return worst distances by both measures, over all held-out clips, for a range of settings."""
    table = []
    for choice in choices_of(["copy", "propagate", "interpolate"]):
        for n in (2, 3, 5, 7, 10):
            agreed, true = (held.scores(choice, n, true=labelled) for labelled in (False, True))
            row = {
                "scheme": str(choice),
                "interval": n,
                "agreement": 100 * float(worst("agreement", by_distance("agreement", agreed.sum(0)))),
                "every_frame_mIoU": 100 * float(by_distance("mIoU", true.sum(0))[0]),
                "drop_of_mIoU": -100 * float(worst("drop of mIoU", by_distance("mIoU", true.sum(0)))),
            }
            table.append(row)
            print(row, flush=True)
    return table


def tables(results: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the two tables of docs/calibrate.md."""
    yield "| target | chosen | bounds | held-out clips together | promises kept | bounds kept | of single clips |"
    yield "|---|---|---|---|---|---|---|"
    for target in dict.fromkeys(row["target"] for row in results["promises"]):
        rows = [row for row in results["promises"] if row["target"] == target and "scheme" in row]
        if not rows:
            continue
        chosen = ", ".join(dict.fromkeys(f"{row['scheme']} {row['interval']}" for row in rows))
        bounds, unseen = (
            f"{min(row[key] for row in rows):.1f} to {max(row[key] for row in rows):.1f}"
            for key in ("bound", "held_out")
        )
        kept, bound_kept = (f"{sum(row[key] for row in rows)} of {len(rows)}" for key in ("kept", "bound_kept"))
        clips = 100 * np.mean([row["clips_kept"] for row in rows])
        yield f"| {target} | {chosen} | {bounds} | {unseen} | {kept} | {bound_kept} | {clips:.0f} % |"
    yield ""
    yield "| scheme | interval | agreement, worst distance | points of mIoU lost there |"
    yield "|---|---|---|---|"
    for row in results["agreement_and_loss"]:
        yield f"| {row['scheme']} | {row['interval']} | {row['agreement']:.1f} % | {row['drop_of_mIoU']:.1f} |"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--clips", type=int, default=5)
    parser.add_argument("--held-out", type=int, default=8)
    parser.add_argument("--windows", type=int, default=16)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as videos:
        results = rounds(load("camvid"), arguments, Path(videos))
    print("\n".join(tables(results)))
    if arguments.out:
        write(arguments.out, results)
