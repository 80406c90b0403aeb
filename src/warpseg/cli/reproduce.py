"""``warpseg reproduce``: measures the tables and figures of the paper's section 4."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from warpseg.cli import options as o
from warpseg.cli.errors import errors, note
from warpseg.cli.values import check_root, numbers
from warpseg.errors import WarpsegError

if TYPE_CHECKING:
    from warpseg.datasets.clip import Dataset
    from warpseg.networks import Network

__all__ = ["reproduce"]


def reproduce(
    what: Annotated[
        Literal["table1", "table2", "fig2", "fig4", "fig5"],
        typer.Argument(
            show_default=False,
            help="table1: accuracy and speed by interval; table2: fusion; fig2: time by stage; fig4: accuracy against "
            "speed; fig5: images.",
        ),
    ],
    dataset: o.DatasetOption,
    out: o.OutOption,
    root: o.RootOption = None,
    labels: o.LabelsOption = None,
    model: o.ModelOption = "camvid",
    interval: o.FixedIntervalsOption = "1-10",
    fusion_weights: o.FusionWeightsOption = None,
    motion: o.MotionOption = "auto",
    device: o.DeviceOption = "auto",
    precision: o.PrecisionOption = "auto",
    imgsz: o.ImgszOption = None,
    compile_: o.CompileOption = False,
    random_weights: o.RandomWeightsOption = False,
    split: o.SplitOption = "val",
    encoding: o.EncodingOption = None,
    frames: o.FramesOption = "decoded",
    ignore: o.IgnoreOption = "",
    rate: o.RateOption = 25,
    max_frames: o.MaxFramesOption = None,
    max_clips: o.MaxClipsOption = None,
    size: o.SizeOption = "480x360",
    cache: o.CacheOption = None,
    rounds: o.RoundsOption = 3,
    speed_frames: o.SpeedFramesOption = None,
    raft: o.RaftOption = False,
    key: o.KeyOption = 0,
    as_json: o.JsonOption = False,
    debug: o.DebugOption = False,
) -> None:
    """Reproduce a table or figure of the paper: its schemes as printed, next to this program's own."""
    intervals = numbers(interval, "--interval")
    ignored = numbers(ignore, "--ignore", least=0) if ignore else []
    check_root(dataset, root)
    if random_weights and what != "fig2":
        raise typer.BadParameter("is for fig2 only: accuracy needs trained weights", param_hint="--random-weights")
    logging.basicConfig(format="%(message)s", stream=sys.stderr)

    # Heavy imports wait until the options are known to be right.
    from warpseg.datasets.open import open_dataset
    from warpseg.networks import load
    from warpseg.view.figure import check_matplotlib

    own: dict[str, dict[str, Any]] = {
        "table1": {"intervals": intervals, "rounds": rounds, "speed_frames": speed_frames},
        "table2": {"fusion_weights": fusion_weights},
        "fig2": {"raft": raft, "rounds": rounds, "frames": speed_frames or 20},
        "fig4": {"intervals": intervals, "rounds": rounds, "speed_frames": speed_frames},
        "fig5": {"key": key},
    }
    options = {"motion": motion, "command": sys.argv, "progress": note, **own[what]}
    with errors(debug, kept=f"; finished clips are kept in {out}: the same command continues"):
        if what.startswith("fig"):
            check_matplotlib()
        loading: dict[str, Any] = {"device": device, "precision": precision, "imgsz": imgsz, "compile": compile_}
        network = _paper_network(**loading) if random_weights else load(model, **loading)
        data = open_dataset(
            dataset, root, labels,
            split=split, encoding=encoding, frames=frames, ignore=ignored, rate=rate, size=size,
            max_frames=max_frames, max_clips=max_clips, cache=cache,
        )  # fmt: skip
        found, text = _run(what, data, network, out, options)
    print(json.dumps(found) if as_json else text, flush=True)


def _run(what: str, data: Dataset, network: Network, out: Path, options: dict[str, Any]) -> tuple[dict[str, Any], str]:
    from warpseg.measure.accuracy.run import model_facts
    from warpseg.measure.paper import fig2, fig5, plot, table1, table2

    if what == "table2":
        found = table2.table2(data, network, out, **options)
        return found, table2.text(found)
    if what == "fig2":
        found = fig2.fig2(data, network, out, **options)
        plot.draw_fig2(found, out / "fig2.png")
        return found, fig2.text(found)
    if what == "fig5":
        found = fig5.fig5(data, network, out, **options)
        return found, fig5.text(found)
    earlier = _earlier(out / "table1.json") if what == "fig4" else None
    if earlier and (earlier["dataset"]["name"], earlier["model"]) == (
        data.name,
        json.loads(json.dumps(model_facts(network))),
    ):
        found = earlier  # drawn from what was measured
    else:
        found = table1.table1(data, network, out, **options)
    if what == "fig4":
        plot.draw_fig4(found, out / "fig4.png")
    return found, table1.text(found)


def _earlier(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise WarpsegError(f"{path}: not the result of reproduce table1; remove it") from error
    return found


def _paper_network(**loading: Any) -> Network:
    from warpseg.networks import deeplab, load
    from warpseg.networks.network import pick_device, pick_dtype

    where = pick_device(loading["device"])
    network = deeplab.load(None, device=where, dtype=pick_dtype(loading["precision"], where), random_weights=True)
    return load(network, **loading | {"device": "auto", "precision": "auto"})
