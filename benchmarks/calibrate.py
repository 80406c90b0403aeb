"""Calibration: promises of ``warpseg calibrate`` against clips that it has not seen.

Synthetic streets of many seeds at 4 to 12 m/s, 240x180, 10 s at 15 Hz, H.264 by x264's defaults, the embedded network.
Each round draws streets to calibrate on (``--min-agreement``, ``--max-drop``), from those that are not held out. Kept
promises are counted twice: over all held-out clips together, which is what is promised, and clip by clip, which is
not. The scores of the held-out clips also give the loss of mIoU that goes with each agreement.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks._lib.context import Context
from warpseg.engine.method import Method
from warpseg.engine.source import open_video
from warpseg.measure.calibration.run import calibrate, choices_of
from warpseg.measure.calibration.samples import VideoMaterial, frames_of, plan
from warpseg.measure.calibration.score import SampleScorer
from warpseg.measure.calibration.targets import Target, by_distance, shown, worst
from warpseg.networks import Network
from warpseg.synthetic import Street
from warpseg.types import Frame
from warpseg.video.encode import encode

RATE, FRAMES, SIZE, LIMIT = 15, 150, (180, 240), 15
ROUNDS, CLIPS, HELD_OUT, WINDOWS = 2, 4, 4, 12
TARGETS = (Target("min-agreement", 88), Target("min-agreement", 92), Target("max-drop", 2))


class StreetMaterial(VideoMaterial):
    """A street's video, with its labels where ``true`` is set."""

    def __init__(self, seed: int, context: Context, *, true: bool) -> None:
        size, frames = context.pick((SIZE, FRAMES), ((48, 64), 80))
        street = Street(seed=seed, size=size, rate=RATE, speed=4 + seed % 5 * 2)
        path = context.scratch / f"street_{seed}.mp4"
        if not path.exists():
            encode((street.still(i)[0] for i in range(frames)), path, rate=RATE, options={"crf": "20"})
        super().__init__(str(path), "auto")
        self._path = path
        self.labels = _Truth(street, frames) if true else None

    def start(self, first: int) -> Iterator[Frame]:
        """Yield all frames: there is only one group of pictures."""
        with open_video(self._path) as video:
            yield from video


class _Truth(Mapping[int, NDArray[np.uint8]]):
    def __init__(self, street: Street, frames: int) -> None:
        self._street, self._frames = street, frames

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        return self._street.still(index)[1]

    def __iter__(self) -> Iterator[int]:
        return iter(range(self._frames))

    def __len__(self) -> int:
        return self._frames


class Held:
    """The held-out clips, scored once for each setting that a round chose."""

    def __init__(self, network: Network, seeds: Sequence[int], context: Context, windows: int) -> None:
        self.network, self.seeds, self.context, self.windows = network, seeds, context, windows
        self.matrices: dict[tuple[Method, int, bool], NDArray[np.int64]] = {}

    def scores(self, choice: Method, n: int, *, true: bool) -> NDArray[np.int64]:
        """Return matrices (clips, n, classes, classes)."""
        if (choice, n, true) not in self.matrices:
            found = []
            for seed in self.seeds:
                material = StreetMaterial(seed, self.context, true=true)
                chosen = plan(frames_of([material]), self.windows, self.context.pick(LIMIT, 3))
                with tempfile.TemporaryDirectory() as maps:
                    judge = SampleScorer(
                        self.network, [material], chosen, "agreement", lambda bound: True, 0.95, Path(maps)
                    )
                    found.append(judge.matrices([choice], n)[choice].sum(1))
            self.matrices[choice, n, true] = np.stack(found)
        return self.matrices[choice, n, true]


def run(context: Context) -> dict[str, Any]:
    """Return promises and what held-out clips had, round by round, and agreement against loss."""
    network = context.network()
    rounds, clips, held_out, windows = context.pick((ROUNDS, CLIPS, HELD_OUT, WINDOWS), (1, 1, 1, 6))
    held = Held(network, range(1000, 1000 + held_out), context, windows // 2)
    limit = context.pick(LIMIT, 3)
    table: list[dict[str, Any]] = []
    random = np.random.default_rng(0)
    for target in context.pick(TARGETS, (Target("min-agreement", 50),)):
        for lap in range(rounds):
            seeds = random.choice(np.arange(1, 4 * clips + 1), clips, replace=False).tolist()
            true = target.needs_labels
            materials = [StreetMaterial(seed, context, true=true) for seed in seeds]
            found = calibrate(
                network, materials, target, choices_of(["propagate", "interpolate"]),
                windows=windows, max_interval=limit,
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
    return {"promises": table, "agreement_and_loss": relation(held, context.pick((2, 3, 5, 7, 10), (2,)))}


def relation(held: Held, intervals: Sequence[int]) -> list[dict[str, Any]]:
    """Return worst distances by both measures, over all held-out clips, for a range of settings."""
    table = []
    for choice in choices_of(["copy", "propagate", "interpolate"]):
        for n in intervals:
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


def promises(results: dict[str, Any]) -> Iterator[str]:
    """Yield what was promised and kept, by target."""
    yield "| target | chosen | bounds | held-out clips together | guarantees kept | bounds kept | of single clips |"
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


def losses(results: dict[str, Any]) -> Iterator[str]:
    """Yield agreement and the loss of mIoU that goes with it."""
    yield "| scheme | interval | agreement, worst distance | points of mIoU lost there |"
    yield "|---|---|---|---|"
    for row in results["agreement_and_loss"]:
        yield f"| {row['scheme']} | {row['interval']} | {row['agreement']:.1f} % | {row['drop_of_mIoU']:.1f} |"


PAGES = {"docs/calibrate.md#promises": promises, "docs/calibrate.md#losses": losses}
