"""``warpseg calibrate``: the largest interval that keeps a promise, as a profile for ``warpseg segment``."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from warpseg.cli.common import complain
from warpseg.cli.datasets import DatasetName
from warpseg.cli.lists import numbers
from warpseg.datasets.choices import DATASETS
from warpseg.errors import ModelError, WarpsegError
from warpseg.run.startup import heavy_imports

if TYPE_CHECKING:
    from collections.abc import Callable

    from warpseg.datasets.clip import Dataset
    from warpseg.engine.source import Source
    from warpseg.measure.calibration.samples import Material
    from warpseg.measure.calibration.targets import Kind

__all__ = ["calibrate"]

Motion = Literal["auto", "codec", "estimate", "flow", "none"]

_SCHEMES = ("copy", "propagate", "interpolate")


def calibrate(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE.json", help="The profile to write.")],
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SOURCE...]", show_default=False, help="Video files, URLs, folders or patterns of images."
        ),
    ] = None,
    dataset: Annotated[
        DatasetName | None, typer.Option(help="Instead of sources: labelled video, as for warpseg evaluate.")
    ] = None,
    root: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the data set is; for video, the file.")
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Label images of the data sets folder and video.")
    ] = None,
    split: Annotated[str, typer.Option(help="Of the data set cityscapes.")] = "val",
    ignore: Annotated[str, typer.Option(metavar="V,...", help="Label values of folder and video to leave out.")] = "",
    min_miou: Annotated[
        float | None, typer.Option(metavar="T", help="No distance below this mIoU, in percent (needs labels).")
    ] = None,
    max_drop: Annotated[
        float | None, typer.Option(metavar="D", help="At most so many points of mIoU below every frame (needs labels).")
    ] = None,
    min_agreement: Annotated[
        float | None, typer.Option(metavar="A", help="Share of pixels labelled as frame by frame, in percent.")
    ] = None,
    target_fps: Annotated[
        float | None, typer.Option(metavar="F", help="The most accurate settings that reach this speed here.")
    ] = None,
    model: Annotated[str, typer.Option("--model", "-m", help="As for warpseg segment.")] = "camvid",
    schemes: Annotated[
        str, typer.Option(metavar="NAMES", help="What to choose from, with commas; propagate alone shows no delay.")
    ] = ",".join(_SCHEMES),
    motion: Annotated[str, typer.Option(help="As for warpseg segment.")] = "auto",
    flow_weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --motion flow: weights of torchvision's RAFT, else DIS.")
    ] = None,
    max_interval: Annotated[int, typer.Option(min=2, help="Largest interval tried.")] = 30,
    windows: Annotated[int, typer.Option(min=5, help="Windows of video that are judged, at most.")] = 20,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:i or mps.")] = "auto",
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw what was reached against the interval.")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show each setting as it is judged.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Find the largest interval whose worst distance keeps a promise with 95 % confidence, on sampled windows.

    Give one target: --min-miou, --max-drop, --min-agreement or --target-fps. Exit code 1: nothing meets it, and no
    profile is written.
    """
    targets: dict[Kind, float | None] = {
        "min-miou": min_miou,
        "max-drop": max_drop,
        "min-agreement": min_agreement,
        "target-fps": target_fps,
    }
    kind, value = _target(targets)
    names = _schemes(schemes)
    ignored = numbers(ignore, "--ignore", least=0) if ignore else []
    labelled = _check_data(sources or [], dataset, root, labels, needs_labels=kind in ("min-miou", "max-drop"))
    _check_files(out, plot)
    if flow_weights is not None and motion != "flow":
        raise typer.BadParameter("for --motion flow only", param_hint="--flow-weights")
    logging.basicConfig(format="%(message)s", stream=sys.stderr)

    # Heavy imports wait until the arguments are known to be right.
    with heavy_imports():
        from warpseg import networks
        from warpseg.datasets.open import open_dataset
        from warpseg.measure.calibration import describe
        from warpseg.measure.calibration.profile import Profile, Weights, write
        from warpseg.measure.calibration.run import calibrate as find
        from warpseg.measure.calibration.run import choices_of
        from warpseg.measure.calibration.targets import Target
        from warpseg.measure.speed.end_to_end import frames_per_second

    try:
        if plot is not None:
            from warpseg.measure.calibration.plot import draw
            from warpseg.view.figure import check_matplotlib

            check_matplotlib("--plot")
        network = networks.load(model, device=device)
        weights = None if flow_weights is None else Weights.of(flow_weights)
    except WarpsegError as error:
        if debug:
            raise
        complain(error)
        raise typer.Exit(2) from error
    try:
        if dataset is not None:
            assert root is not None
            count = len(network.classes) if network.classes else 255
            wanted = count if labelled and kind != "min-agreement" else None
            data = open_dataset(dataset, root, labels, split=split, ignore=ignored)
            materials, first = _clips(data, wanted, motion, flow_weights, windows)
        else:
            materials, first = _videos(sources or [], motion, flow_weights, windows)
        result = find(
            network,
            materials,
            Target(kind, value),
            choices_of(names),
            windows=windows,
            max_interval=max_interval,
            speed=lambda choice, n: frames_per_second(
                choice.segmenter(network, n, motion=motion, flow_weights=flow_weights), first()
            ),
            say=(lambda line: print(line, file=sys.stderr, flush=True)) if verbose else lambda line: None,
        )
        if plot is not None:
            draw(result, plot)
        if result.choice is None:
            raise WarpsegError(describe.failure(result))
        chosen = {"name": network.name, "sha256": network.checksum}
        facts = describe.facts(result, materials)
        choice = result.choice
        found = Profile(
            choice.scheme, result.interval, choice.fusion, motion, result.target, chosen, weights, facts
        )  # fmt: skip
        write(found, out)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        raise typer.Exit(130) from None
    except Exception as error:  # a network's own errors as well
        if debug:
            raise
        complain(error)
        raise typer.Exit(2 if isinstance(error, ModelError) else 1) from error
    for line in describe.lines(result, materials):
        print(line)
    print(f"wrote:  {out}; use it with: warpseg segment --profile {out} --model {model}")


def _target(given: dict[Kind, float | None]) -> tuple[Kind, float]:
    """Return the one target that was given, checked."""
    chosen = [(kind, value) for kind, value in given.items() if value is not None]
    if len(chosen) != 1:
        options = ", ".join(f"--{kind}" for kind in given)
        raise typer.BadParameter(f"{len(chosen)} targets given; give exactly one of {options}", param_hint="target")
    kind, value = chosen[0]
    if not 0 < value < float("inf") or (kind != "target-fps" and value > 100):
        raise typer.BadParameter(f"{value:g}: expected more than 0, and 100 at most", param_hint=f"--{kind}")
    return kind, value


def _schemes(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names or set(names) - set(_SCHEMES):
        raise typer.BadParameter(f"{text!r}: expected some of {', '.join(_SCHEMES)}", param_hint="--schemes")
    return list(dict.fromkeys(names))


def _check_data(
    sources: list[str], dataset: str | None, root: Path | None, labels: Path | None, *, needs_labels: bool
) -> bool:
    """Tell whether there are labels; ends the command where what is given does not fit together."""
    if bool(sources) == (dataset is not None):
        raise typer.BadParameter("give either sources or a --dataset with its --root", param_hint="SOURCE")
    if dataset is not None and root is None:
        raise typer.BadParameter(f"where is {dataset}? give its folder or file", param_hint="--root")
    if dataset is None and (root is not None or labels is not None):
        raise typer.BadParameter("--root and --labels belong to a --dataset", param_hint="--dataset")
    labelled = labels is not None or (dataset is not None and DATASETS[dataset].labelled)
    if needs_labels and not labelled:
        raise typer.BadParameter(
            "mIoU needs true labels: give a --dataset with labels, or promise --min-agreement instead",
            param_hint="--min-miou, --max-drop",
        )
    if any(source in ("-", "pipe:", "pipe:0") for source in sources):
        raise typer.BadParameter("a pipe can be read only once; give a file", param_hint="SOURCE")
    return labelled


def _check_files(out: Path, plot: Path | None) -> None:
    for option, path, suffix in (("--out", out, ".json"), ("--plot", plot, ".png")):
        if path is None:
            continue
        if path.suffix.lower() != suffix:
            raise typer.BadParameter(f"{path}: a name that ends in {suffix} is expected", param_hint=option)
        if not path.parent.is_dir():
            raise typer.BadParameter(f"{path.parent}: no such folder", param_hint=option)


def _videos(
    sources: list[str], motion: str, flow_weights: Path | None, windows: int
) -> tuple[list[Material], Callable[[], Source]]:
    from warpseg.measure.calibration.samples import VideoMaterial
    from warpseg.view.sampling import evenly

    return [VideoMaterial(source, motion, flow_weights) for source in evenly(sources, windows)], lambda: sources[0]


def _clips(
    data: Dataset, classes: int | None, motion: str, flow_weights: Path | None, windows: int
) -> tuple[list[Material], Callable[[], Source]]:
    """Return a data set's clips and what finds the first one's source; ``classes``: None where labels do not count."""
    from warpseg.measure.calibration.samples import ClipMaterial
    from warpseg.view.sampling import evenly

    clips = evenly(data.clips, windows)
    return [ClipMaterial(clip, motion, classes, flow_weights) for clip in clips], clips[0].find_source
