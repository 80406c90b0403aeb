"""Calibration keeps its promise on material that it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.support.tiny_models import MODELS
from warpseg import networks
from warpseg.engine.method import Method
from warpseg.measure.calibration.run import calibrate
from warpseg.measure.calibration.samples import Material, VideoMaterial, frames_of, plan
from warpseg.measure.calibration.score import SampleScorer
from warpseg.measure.calibration.targets import Target, by_distance, worst
from warpseg.synthetic import Street
from warpseg.video.encode import encode


def drives(folder: Path, seeds: Sequence[int]) -> list[Material]:
    found: list[Material] = []
    for seed in seeds:
        scene = Street(seed=seed, size=(96, 128), rate=15, speed=4 + 2 * (seed % 4))
        path = folder / f"{seed}.mp4"
        encode((scene.still(i)[0] for i in range(50)), path, rate=15, options={"crf": "20"})
        found.append(VideoMaterial(str(path), "auto"))
    return found


def test_the_promise_holds_on_streets_that_were_not_seen(tmp_path: Path) -> None:
    network = networks.load(f"py:{MODELS}:tiny", device="cpu")
    target = Target("min-agreement", 85)
    choices = [Method(name, fusion="average") for name in ("copy", "interpolate")]
    found = calibrate(network, drives(tmp_path, range(1, 5)), target, choices, windows=8, max_interval=5)
    assert found.row is not None
    assert found.choice is not None
    assert found.row.bound >= 0.85
    unseen = drives(tmp_path, range(21, 25))
    chosen = plan(frames_of(unseen), 8, 5)
    (tmp_path / "maps").mkdir()
    scorer = SampleScorer(network, unseen, chosen, "agreement", target.is_met, 0.95, tmp_path / "maps")
    matrices = scorer.matrices([found.choice], found.interval)[found.choice]
    assert float(worst("agreement", by_distance("agreement", matrices.sum(1)))) >= 0.85
    if found.interval < found.plan.limit:  # and it was not chosen timidly: the next one missed
        missed = [row for row in found.rows if row.choice == found.choice and row.interval == found.interval + 1]
        assert [row.meets for row in missed] == [False]
