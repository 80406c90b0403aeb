"""``warpseg calibrate``: finds the largest interval that meets a target, as a profile for ``warpseg segment``."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from warpseg.cli import options as o
from warpseg.cli.errors import errors, note
from warpseg.cli.values import check_file, check_root, numbers
from warpseg.datasets.choices import DATASETS
from warpseg.errors import WarpsegError
from warpseg.run.startup import heavy_imports

if TYPE_CHECKING:
    from warpseg.datasets.clip import Dataset
    from warpseg.engine.method import Method
    from warpseg.engine.source import Source
    from warpseg.measure.calibration.profile import Profile, Weights
    from warpseg.measure.calibration.run import Result
    from warpseg.measure.calibration.samples import Material
    from warpseg.measure.calibration.targets import Kind
    from warpseg.networks import Network

__all__ = ["calibrate"]

_KINDS: tuple[Kind, ...] = ("min-miou", "max-drop", "min-agreement", "target-fps")  # the last is --min-fps


def calibrate(
    out: o.OutFileOption,
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="SOURCE", show_default=False, help="Video files, URLs, folders or patterns of images."),
    ] = None,
    min_miou: o.MinMiouOption = None,
    max_drop: o.MaxDropOption = None,
    min_agreement: o.MinAgreementOption = None,
    min_fps: o.MinFpsOption = None,
    model: o.ModelOption = "camvid",
    scheme: o.SchemesOption = "copy,propagate,interpolate",
    max_interval: o.MaxIntervalOption = None,
    motion: o.MotionOption = "auto",
    flow_weights: o.FlowWeightsOption = None,
    device: o.DeviceOption = "auto",
    precision: o.PrecisionOption = "auto",
    imgsz: o.ImgszOption = None,
    compile_: o.CompileOption = False,
    dataset: o.OptionalDatasetOption = None,
    root: o.RootOption = None,
    labels: o.LabelsOption = None,
    split: o.SplitOption = "val",
    ignore: o.IgnoreOption = "",
    cache: o.CacheOption = None,
    samples: o.SamplesOption = 20,
    plot: o.PlotOption = None,
    verbose: o.VerboseOption = False,
    debug: o.DebugOption = False,
) -> None:
    """Find the largest interval whose worst distance meets a target with 95 % confidence, on samples of video.

    Video comes from SOURCE or from a labelled --dataset. Exit code 1: no setting meets the target, and no profile is
    written.
    """
    kind, value = _target(min_miou, max_drop, min_agreement, min_fps)
    ignored = numbers(ignore, "--ignore", least=0) if ignore else []
    _check_data(sources or [], dataset, root, labels, needs_labels=kind in ("min-miou", "max-drop"))
    check_file(out, "--out", ".json")
    check_file(plot, "--plot", ".png")
    logging.basicConfig(format="%(message)s", stream=sys.stderr)

    with heavy_imports():  # which wait until the options are known to be right
        from warpseg import networks
        from warpseg.datasets.open import open_dataset
        from warpseg.engine.method import Method
        from warpseg.measure.calibration import describe
        from warpseg.measure.calibration.plot import draw
        from warpseg.measure.calibration.profile import Weights, write
        from warpseg.measure.calibration.run import calibrate as find
        from warpseg.measure.calibration.run import choices_of
        from warpseg.measure.calibration.targets import Target
        from warpseg.view.figure import check_matplotlib

    with errors(debug, usage=(WarpsegError, ValueError)):
        if plot is not None:
            check_matplotlib("--plot")
        Method(motion=motion, flow_weights=flow_weights)  # checks that they go together
        choices = choices_of(scheme.split(","))
        network = networks.load(model, device=device, precision=precision, imgsz=imgsz, compile=compile_)
        weights = None if flow_weights is None else Weights.of(flow_weights)
    with errors(debug):
        if dataset is None:
            materials, first = _videos(sources or [], motion, flow_weights, samples)
        else:
            data = open_dataset(dataset, root, labels, split=split, ignore=ignored, cache=cache)
            materials, first = _clips(data, _classes(kind, labels, dataset, network), motion, flow_weights, samples)
        speed = _speed(network, first, motion, flow_weights)
        result = find(
            network, materials, Target(kind, value), choices,
            windows=samples, max_interval=max_interval or 30, speed=speed, say=note if verbose else lambda line: None,
        )  # fmt: skip
        if plot is not None:
            draw(result, plot)
        write(replace(_profile(result, materials, network, motion, weights), precision=precision, imgsz=imgsz), out)
    for line in describe.lines(result, materials):
        print(line)
    print(f"wrote:  {out}; use it with: warpseg segment --profile {out} --model {model}")


def _target(*given: float | None) -> tuple[Kind, float]:
    """Return the one target that was given, checked; ``given`` is in the order of ``_KINDS``."""
    chosen = [(kind, value) for kind, value in zip(_KINDS, given, strict=True) if value is not None]
    if len(chosen) != 1:
        raise typer.BadParameter(
            f"{len(chosen)} targets given; give exactly one of --min-miou, --max-drop, --min-agreement, --min-fps",
            param_hint="target",
        )
    kind, value = chosen[0]
    if kind == "target-fps" and not 0 < value < float("inf"):
        raise typer.BadParameter(f"{value:g}: expected more than 0", param_hint="--min-fps")
    if kind != "target-fps" and not 0 < value <= 100:
        raise typer.BadParameter(f"{value:g}: expected more than 0, and 100 at most", param_hint=f"--{kind}")
    return kind, value


def _check_data(
    sources: list[str], dataset: str | None, root: Path | None, labels: Path | None, *, needs_labels: bool
) -> None:
    if bool(sources) == (dataset is not None):
        raise typer.BadParameter("give either sources or a --dataset with its --root", param_hint="SOURCE")
    if dataset is not None:
        check_root(dataset, root)
    elif root is not None or labels is not None:
        raise typer.BadParameter("--root and --labels need a --dataset", param_hint="--dataset")
    if needs_labels and labels is None and (dataset is None or not DATASETS[dataset].labelled):
        raise typer.BadParameter(
            "mIoU needs labels: give a --dataset with labels, or use --min-agreement",
            param_hint="--min-miou, --max-drop",
        )
    if any(source in ("-", "pipe:", "pipe:0") for source in sources):
        raise typer.BadParameter("a pipe can be read only once; give a file", param_hint="SOURCE")


def _classes(kind: Kind, labels: Path | None, dataset: str, network: Network) -> int | None:
    """Return how many classes labels may have, None if the target ignores labels or there are none."""
    if kind == "min-agreement" or (labels is None and not DATASETS[dataset].labelled):
        return None
    return len(network.classes) if network.classes else 255


def _videos(
    sources: list[str], motion: str, flow_weights: Path | None, samples: int
) -> tuple[list[Material], Callable[[], Source]]:
    from warpseg.measure.calibration.samples import VideoMaterial
    from warpseg.view.sampling import evenly

    return [VideoMaterial(source, motion, flow_weights) for source in evenly(sources, samples)], lambda: sources[0]


def _clips(
    data: Dataset, classes: int | None, motion: str, flow_weights: Path | None, samples: int
) -> tuple[list[Material], Callable[[], Source]]:
    """Return a data set's clips and a function that finds the first one's source; ``classes`` None: ignore labels."""
    from warpseg.measure.calibration.samples import ClipMaterial
    from warpseg.view.sampling import evenly

    clips = evenly(data.clips, samples)
    return [ClipMaterial(clip, motion, classes, flow_weights) for clip in clips], clips[0].find_source


def _speed(
    network: Network, first: Callable[[], Source], motion: str, flow_weights: Path | None
) -> Callable[[Method, int], float]:
    """Return a function from a method and an interval to frames per second on the first source."""
    from warpseg.engine.segmenter import Segmenter
    from warpseg.measure.speed.end_to_end import frames_per_second

    def speed(choice: Method, n: int) -> float:
        method = replace(choice, interval=n, motion=motion, flow_weights=flow_weights)
        return frames_per_second(Segmenter(network, method=method), first())

    return speed


def _profile(
    result: Result, materials: Sequence[Material], network: Network, motion: str, weights: Weights | None
) -> Profile:
    """Return what was found as a profile; raises ``WarpsegError`` if nothing meets the target."""
    from warpseg.measure.calibration import describe
    from warpseg.measure.calibration.profile import Profile

    choice = result.choice
    if choice is None:
        raise WarpsegError(describe.failure(result))
    used = {"name": network.name, "sha256": network.checksum}
    facts = describe.facts(result, materials)
    return Profile(replace(choice, interval=result.interval, motion=motion), result.target, used, weights, facts)
