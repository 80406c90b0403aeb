"""Frames of one setting for people to look at: what it says beside what it is held to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from statistics import median_high

from warpseg.datasets.clip import Clip, Dataset
from warpseg.engine.method import Method
from warpseg.engine.segmentation import Segmentation
from warpseg.engine.segmenter import Segmenter
from warpseg.measure.accuracy.reference import Ground
from warpseg.networks import Network
from warpseg.run.samples import Collected, Reference
from warpseg.types import Frame

__all__ = ["pick", "show"]


def pick(averages: Mapping[Method, float | None]) -> Method:
    """Return the setting that is worth looking at: of the median interval, the one with the best average.

    Algorithm 2's, where it is among them, and a fixed interval's, where there is one.
    """
    chosen = [setting for setting in averages if setting.longest > 1] or list(averages)
    chosen = [setting for setting in chosen if setting.interval != "auto"] or chosen
    chosen = [setting for setting in chosen if setting.scheme == "interpolate"] or chosen
    interval = median_high(sorted(setting.longest for setting in chosen))
    return max((one for one in chosen if one.longest == interval), key=lambda one: averages[one] or 0.0)


def show(clip: Clip, dataset: Dataset, network: Network, setting: Method) -> Collected:
    """Run a setting once over a clip, from its first frame, and collect frames that are spread evenly over it.

    Each is held to its label, or where it has none to what the network itself says of it. Memory does not grow with
    the clip. Raises as ``Ground.truth`` does.
    """
    segmenter, ground = Segmenter(network, method=setting), Ground(clip, dataset, network)
    with segmenter.open(clip.find_source(), max_frames=clip.max_frames) as video:
        frames = map(clip.seen, video)
        first = next(frames)
        classes = ground.classes(first)
        said = f"{setting}, {clip.name} from its first frame on"
        collected = Collected(video.info, classes, said)

        def reference(frame: Frame) -> Reference:
            if dataset.is_labelled and frame.index in clip.labels:
                return "ground truth", ground.truth(frame)
            return "the network itself", Segmentation(ground.estimate(frame), classes).labels()

        def estimates() -> Iterator[Segmentation]:
            runs = segmenter.estimates(chain([first], frames), ground.split(setting, segmenter, first))
            return (Segmentation(estimate, classes) for estimate in runs)

        for result in estimates():
            collected.add(result, result.labels(), lambda result=result: reference(result.frame))  # type: ignore[misc]
            ground.forget(result.frame.index + 1)
    return collected
