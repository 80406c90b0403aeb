"""``warpseg reproduce``: the tables and figures of the paper's section 4."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from warpseg.cli.common import complain
from warpseg.cli.datasets import AnyDatasetName, EncodingName
from warpseg.cli.lists import numbers
from warpseg.datasets.choices import DATASETS
from warpseg.errors import ModelError, WarpsegError

if TYPE_CHECKING:
    from warpseg.datasets.clip import Dataset
    from warpseg.networks import Network

__all__ = ["reproduce"]


def reproduce(
    what: Annotated[
        Literal["table1", "table2", "fig2", "fig4", "fig5"],
        typer.Argument(
            show_default=False,
            help="Accuracy and speed by interval; fusion; time by stage; accuracy against speed; pictures.",
        ),
    ],
    dataset: Annotated[
        AnyDatasetName,
        typer.Option(help="As for warpseg evaluate; streets: rendered here, no data needed."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="For the results, JSON and PNG.")],
    root: Annotated[Path | None, typer.Option(metavar="DIR", help="The data; not for streets.")] = None,
    labels: Annotated[Path | None, typer.Option(metavar="DIR", help="Label images of folder and video.")] = None,
    model: Annotated[str, typer.Option("--model", "-m", help="As for warpseg segment.")] = "camvid",
    random_weights: Annotated[
        bool, typer.Option("--random-weights", help="fig2 with the paper's network, whose time needs no weights.")
    ] = False,
    interval: Annotated[str, typer.Option("--interval", "-n", metavar="N,...", help="Of table1 and fig4.")] = "1-10",
    motion: Annotated[Literal["auto", "codec", "estimate"], typer.Option(help="Where the vectors come from.")] = "auto",
    encoding: Annotated[EncodingName | None, typer.Option(help="As for warpseg evaluate.")] = None,
    frames: Annotated[
        Literal["decoded", "clean"], typer.Option(help="What the network sees, as for warpseg evaluate.")
    ] = "decoded",
    split: Annotated[str, typer.Option(help="Of cityscapes.")] = "val",
    max_frames: Annotated[
        int | None, typer.Option(min=1, help="First frames of camvid, folder, video; streets: 60.")
    ] = None,
    max_clips: Annotated[int | None, typer.Option(min=1, help="First snippets of cityscapes; streets: 4.")] = None,
    size: Annotated[str, typer.Option(metavar="WxH", help="Of streets.")] = "480x360",
    rounds: Annotated[int, typer.Option(min=1, help="Rounds in which speed is measured.")] = 3,
    speed_frames: Annotated[int | None, typer.Option(min=2, help="Of each clip, in a speed run.")] = None,
    conv_weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="table2: weights of the 1x1 convolution (safetensors).")
    ] = None,
    raft: Annotated[bool, typer.Option("--raft", help="fig2: time RAFT as well (random weights).")] = False,
    key: Annotated[int, typer.Option(min=0, help="fig5: the keyframe's number.")] = 0,
    cache: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where encoded and rendered pictures are kept.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:i or mps.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print the JSON result instead of a table.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Reproduce a table or figure of the paper: its schemes as printed beside this program's own."""
    intervals = numbers(interval, "--interval")
    width, cross, height = size.partition("x")
    if not (cross and width.isdecimal() and height.isdecimal() and int(width) >= 16 and int(height) >= 16):
        raise typer.BadParameter(f"{size!r}: expected a size such as 480x360", param_hint="--size")
    if root is None and not DATASETS[dataset].rendered:
        raise typer.BadParameter(f"{dataset} needs to know where the data is", param_hint="--root")
    if random_weights and what != "fig2":
        raise typer.BadParameter("for fig2 only: accuracy needs weights", param_hint="--random-weights")
    logging.basicConfig(format="%(message)s", stream=sys.stderr)

    # Heavy imports wait until the arguments are known to be right.
    from warpseg.datasets.open import open_dataset
    from warpseg.networks import load
    from warpseg.view.figure import check_matplotlib

    try:
        if what.startswith("fig"):
            check_matplotlib()
        network = _paper_network(device) if random_weights else load(model, device=device)
        data = open_dataset(
            dataset, root, labels,
            split=split, encoding=encoding, frames=frames, size=(int(height), int(width)), max_frames=max_frames,
            max_clips=max_clips, cache=cache,
        )  # fmt: skip
        options: dict[str, Any] = {
            "motion": motion,
            "command": sys.argv,
            "progress": lambda line: print(line, file=sys.stderr, flush=True),
        }
        if what in ("table1", "fig4"):
            options |= {"intervals": intervals, "rounds": rounds, "speed_frames": speed_frames}
        elif what == "table2":
            options |= {"conv_weights": conv_weights}
        elif what == "fig2":
            options |= {"raft": raft, "rounds": rounds, "frames": speed_frames or 20}
        else:
            options |= {"key": key}
        found, said = _run(what, data, network, out, options)
    except KeyboardInterrupt:
        print(f"interrupted; what was done is kept in {out}, run the same command to go on", file=sys.stderr)
        raise typer.Exit(130) from None
    except Exception as error:
        if debug:
            raise
        complain(error)
        raise typer.Exit(2 if isinstance(error, ModelError) else 1) from error
    print(json.dumps(found) if as_json else said, flush=True)


def _run(what: str, data: Dataset, network: Network, out: Path, options: dict[str, Any]) -> tuple[dict[str, Any], str]:
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
    if earlier and (earlier["dataset"]["name"], earlier["model"]["name"]) == (data.name, network.name):
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


def _paper_network(device: str) -> Network:
    from warpseg.networks import deeplab
    from warpseg.networks.network import pick_device, pick_dtype

    where = pick_device(device)
    return deeplab.load(None, device=where, dtype=pick_dtype("auto", where), random_weights=True)
