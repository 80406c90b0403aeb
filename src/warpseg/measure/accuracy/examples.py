"""Examples: frames of one method for the report, next to the labels that they are compared with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from statistics import median_high

from warpseg.datasets.clip import Clip, Dataset
from warpseg.engine.method import Method
from warpseg.engine.segmentation import Segmentation
from warpseg.engine.segmenter import Segmenter
from warpseg.measure.accuracy.reference import ClipReference
from warpseg.networks import Network
from warpseg.run.samples import Collected, Reference
from warpseg.types import Frame

__all__ = ["best_method", "sampled_frames"]


def best_method(averages: Mapping[Method, float | None]) -> Method:
    """Return the method to show: the best average at the median interval.

    Algorithm 2 where it was evaluated, and a fixed interval where there is one.
    """
    chosen = [setting for setting in averages if setting.longest > 1] or list(averages)
    chosen = [setting for setting in chosen if setting.interval != "auto"] or chosen
    chosen = [setting for setting in chosen if setting.interpolates] or chosen
    interval = median_high(sorted(setting.longest for setting in chosen))
    return max((one for one in chosen if one.longest == interval), key=lambda one: averages[one] or 0.0)


def sampled_frames(clip: Clip, dataset: Dataset, network: Network, setting: Method) -> Collected:
    """Run a method once over a clip, from its first frame, and collect frames that are spread evenly over it.

    Each is compared with its label, or, where it has none, with the network's own result. Memory does not grow with
    the clip. Raises the errors of ``ClipReference.truth``.
    """
    segmenter, reference = Segmenter(network, method=setting), ClipReference(clip, dataset, network)
    with segmenter.open(clip.find_source(), max_frames=clip.max_frames) as video:
        frames = map(clip.seen, video)
        first = next(frames)
        classes = reference.classes(first)
        collected = Collected(video.info, classes, f"{setting}, {clip.name} from its first frame on")

        def compared(frame: Frame) -> Reference:
            if dataset.is_labelled and frame.index in clip.labels:
                return "ground truth", reference.truth(frame)
            return "the network itself", Segmentation(reference.estimate(frame), classes).labels()

        def estimates() -> Iterator[Segmentation]:
            runs = segmenter.estimates(chain([first], frames), reference.split(setting, segmenter, first))
            return (Segmentation(estimate, classes) for estimate in runs)

        for result in estimates():
            collected.add(result, result.labels(), lambda result=result: compared(result.frame))  # type: ignore[misc]
            reference.forget(result.frame.index + 1)
    return collected
