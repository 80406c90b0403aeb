"""Speed of settings on the clips of a data set, to labels, compared with frame by frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from warpseg.datasets.clip import Clip
from warpseg.engine.method import EVERY, Method
from warpseg.engine.segmenter import Segmenter
from warpseg.measure.accuracy.evaluation_json import Speed
from warpseg.measure.speed.end_to_end import Lap, in_turns, joined, to_labels
from warpseg.networks import Network
from warpseg.view.sampling import evenly

__all__ = ["measure", "some_of"]

_CLIPS = 8  # at most, of which speed is measured


def some_of(clips: Sequence[Clip]) -> list[Clip]:
    """Return the clips on which speed is measured: all, or eight that are spread evenly over them."""
    return evenly(clips, _CLIPS)


def measure(
    clips: Sequence[Clip],
    network: Network,
    settings: Sequence[Method],
    *,
    frames: int | None = None,
    rounds: int = 3,
    done: Callable[[int, Method], None] = lambda number, setting: None,
) -> dict[Method, Speed]:
    """Return, for each setting, frames a second, speed-up and milliseconds per frame by stage.

    From source to labels at the frames' size, nothing written: decoding, motion, network, warp and fusion, labels, of
    the first ``frames`` of each clip's own source (decoded frames, also where accuracy is of clean ones). Each round
    runs every setting once over all ``clips``, after one to warm up; ``done`` is called with its number. Speed-ups are
    over frame by frame in the same round. Medians of the rounds.
    """

    def run(number: int, setting: Method, segmenter: Segmenter) -> Lap:
        lap = joined(to_labels(segmenter, clip.find_source(), _limit(clip, frames)) for clip in clips)
        done(number, setting)
        return lap

    runs = {
        setting: partial(run, setting=setting, segmenter=Segmenter(network, method=setting))
        for setting in dict.fromkeys([EVERY, *settings])
    }
    laps = in_turns(runs, rounds)
    return {setting: _medians(laps[setting], laps[EVERY]) for setting in runs}


def _limit(clip: Clip, frames: int | None) -> int | None:
    return min(filter(None, (frames, clip.max_frames)), default=None)


def _medians(laps: Sequence[Lap], every: Sequence[Lap]) -> Speed:
    seconds = [lap.seconds / lap.frames for lap in laps]
    ratios = [lap.seconds / lap.frames / one for lap, one in zip(every, seconds, strict=True)]
    stages = sorted({name for lap in laps for name in lap.stages})
    return {
        "fps": 1 / float(np.median(seconds)),
        "speed_up": float(np.median(ratios)),
        "speed_ups": ratios,  # of each round
        "ms_by_stage": {
            name: 1000 * float(np.median([lap.stages.get(name, 0.0) / lap.frames for lap in laps])) for name in stages
        },
    }
