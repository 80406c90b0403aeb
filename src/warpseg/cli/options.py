"""Options: every option of the command line once, with its type, its help and its group.

An option has one type, one meaning and one help text in all commands; a command states its default only. Names come
from the registries of the library, so that a new scheme or data set is an option at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from warpseg.cli.values import frame_count, frame_count_or_zero, picture_size, seconds, street_size
from warpseg.datasets.choices import DATASETS, ENCODINGS
from warpseg.engine.choices import FUSIONS, MOTIONS, PROPAGATIONS, REVERSES, SCHEMES, check
from warpseg.networks import FAMILIES
from warpseg.sinks import SINKS

# In the order of the help; the last holds what has no group, such as --help.
GROUPS = (
    "Data", "Source", "Method", "Network", "Target (give one)", "Measurement", "Output", "Other",
)  # fmt: skip

_AUTO = {"auto": "keyframes where the content needs them"}
_NAMES: dict[str, Callable[[], dict[str, str]]] = {
    "model": lambda: {family.usage: family.help for family in FAMILIES.values()},
    "scheme": lambda: _helps(SCHEMES),
    "fusion": lambda: _helps(FUSIONS),
    "propagation": lambda: _helps(PROPAGATIONS),
    "reverse": lambda: _helps(REVERSES),
    "motion": lambda: _helps(MOTIONS),
    "dataset": lambda: _helps(DATASETS),
    "encoding": lambda: _helps(ENCODINGS),
    "sinks": lambda: {name: ", ".join(kind.files) for name, kind in SINKS.items()},
    "save": lambda: _NAMES["sinks"]() | {"report": "report.html"},
}


def names_of(option: str, metavar: str = "") -> dict[str, str]:
    """Return the names that an option accepts, each with its help; empty for other options."""
    if option == "interval":
        return _AUTO if "auto" in metavar else {}
    return _NAMES[option]() if option in _NAMES else {}


def _helps(choices: Mapping[str, Any]) -> dict[str, str]:
    return {name: choice.help for name, choice in choices.items()}


def _group(name: str) -> Callable[..., Any]:
    """Return ``typer.Option`` for the options of one group."""

    def option(*names: str, **settings: Any) -> Any:
        return typer.Option(*names, rich_help_panel=name, **settings)

    return option


def _one_of(what: str, choices: Mapping[str, Any]) -> Callable[[str], str]:
    """Return a parser for one name."""

    def parse(text: str) -> str:
        try:
            check(what, text, choices)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
        return text

    return parse


def _some_of(what: str, choices: Mapping[str, Any]) -> Callable[[str], str]:
    """Return a parser for names separated by commas; ``split`` takes its result apart."""
    one = _one_of(what, choices)
    return lambda text: ",".join(dict.fromkeys(one(name.strip()) for name in text.split(",")))


_data, _source, _method, _network, _target, _measurement, _output, _other = map(_group, GROUPS)

# Method

_SCHEME, _INTERVAL, _MOTION = "Algorithm for intermediate frames.", "Frames per keyframe.", "Source of motion vectors."

SchemeOption = Annotated[str, _method(metavar="NAME", parser=_one_of("scheme", SCHEMES), help=_SCHEME)]
SchemesOption = Annotated[
    str, _method("--scheme", "--schemes", metavar="NAME,...", parser=_some_of("scheme", SCHEMES), help=_SCHEME)
]
IntervalOption = Annotated[str, _method("--interval", "-n", metavar="N|auto", help=_INTERVAL)]
IntervalsOption = Annotated[str, _method("--interval", "-n", metavar="N,...|auto", help=_INTERVAL)]
FixedIntervalsOption = Annotated[str, _method("--interval", "-n", metavar="N,...", help=_INTERVAL)]
MaxIntervalOption = Annotated[
    int | None,
    _method(metavar="N", min=2, show_default="30", help="Largest interval that may be chosen."),
]
KeyframesPerSecondOption = Annotated[
    float | None, _method(metavar="F", help="With --interval auto: average keyframes per second of video.")
]
TargetFpsOption = Annotated[
    float | None, _method(metavar="F", help="With --interval auto: frames per second to reach on this machine.")
]
FusionOption = Annotated[
    str | None,
    _method(
        metavar="NAME",
        parser=_one_of("fusion", FUSIONS),
        show_default="confidence; average if chained",
        help="Fusion of the maps of two keyframes.",
    ),
]
FusionWeightsOption = Annotated[
    Path | None,
    _method("--fusion-weights", "--conv-weights", metavar="FILE", help="Weights of a learned fusion (safetensors)."),
]
PropagationOption = Annotated[
    str, _method(metavar="NAME", parser=_one_of("propagation", PROPAGATIONS), help="Propagation over several frames.")
]
ReverseOption = Annotated[
    str, _method(metavar="NAME", parser=_one_of("reverse", REVERSES), help="Motion to the next frame.")
]
MotionOption = Annotated[str, _method(metavar="NAME", parser=_one_of("motion", MOTIONS), help=_MOTION)]
MotionsOption = Annotated[
    str, _method("--motion", metavar="NAME,...", parser=_some_of("motion", MOTIONS), help=_MOTION)
]
FlowWeightsOption = Annotated[
    Path | None, _method(metavar="FILE", help="RAFT weights for --motion flow, which is else OpenCV's DIS.")
]
ProfileOption = Annotated[
    Path | None, _method(metavar="FILE.json", help="Settings found by warpseg calibrate; explicit options override it.")
]

# Network

ModelOption = Annotated[str, _network("--model", "-m", metavar="NAME", help="Segmentation network.")]
DeviceOption = Annotated[str, _network(metavar="NAME", help="auto, cpu, cuda, cuda:i or mps.")]
PrecisionOption = Annotated[
    Literal["auto", "fp32", "bf16", "fp16"],
    _network(metavar="NAME", help="auto (bf16 where it is native), fp32, bf16 or fp16."),
]
ImgszOption = Annotated[
    Any,  # int | tuple[int, int] | None
    _network(
        metavar="N|HxW",
        parser=picture_size,
        help="Input size of the network: shorter side or HEIGHTxWIDTH.",
    ),
]
CompileOption = Annotated[
    bool, _network("--compile", help="Compile the network (torch.compile): slow to start, then faster.")
]
BatchOption = Annotated[
    int | None, _network(metavar="N", min=1, show_default="1; 8 on a GPU", help="Keyframes per pass of the network.")
]
MemoryOption = Annotated[float, _network(metavar="GB", help="Memory limit of frames that wait for keyframes.")]
RandomWeightsOption = Annotated[
    bool, _network("--random-weights", help="fig2: the paper's network, untrained; its time is the same.")
]

# Source

StartOption = Annotated[
    float | None, _source(metavar="TIME", parser=seconds, help="Start: seconds or HH:MM:SS after the first frame.")
]
EndOption = Annotated[
    float | None, _source(metavar="TIME", parser=seconds, help="End: seconds or HH:MM:SS after the first frame.")
]
_MAX_FRAMES = "Frames to read at most; all: no limit."
MaxFramesOption = Annotated[int | None, _source(metavar="N|all", parser=frame_count, help=_MAX_FRAMES)]
MaxFramesOrZeroOption = Annotated[
    int | None, _source("--max-frames", metavar="N|all", parser=frame_count_or_zero, help=_MAX_FRAMES)
]
TimeoutOption = Annotated[
    float | None,
    _source(
        metavar="S",
        min=0.1,
        show_default="10 for network sources",
        help="Seconds that opening, or a read, may take.",
    ),
]
PlaylistOption = Annotated[
    bool, _source("--playlist", help="SOURCE is an HLS playlist: read its parts, below its own folder or origin only.")
]
VideoStreamOption = Annotated[
    int | None, _source(metavar="N", min=0, show_default="the default one", help="Number of the video stream, from 0.")
]
AudioStreamOption = Annotated[
    int | None, _source(metavar="N", min=0, show_default="the default one", help="Number of the audio stream, from 0.")
]
SizeOption = Annotated[
    Any,  # tuple[int, int], (height, width)
    _source(metavar="WxH", parser=street_size, help="Size of synthetic streets."),
]
CacheOption = Annotated[
    Path | None,
    _source(
        metavar="DIR", show_default="the user's cache folder", help="Folder that keeps encoded and rendered pictures."
    ),
]

# Data

_DATASET, _ROOT = "Labelled video.", "Folder of the data set, or file of video; not for streets."
DatasetOption = Annotated[str, _data("--dataset", metavar="NAME", parser=_one_of("dataset", DATASETS), help=_DATASET)]
OptionalDatasetOption = Annotated[
    str | None, _data("--dataset", metavar="NAME", parser=_one_of("dataset", DATASETS), help=_DATASET)
]
RootOption = Annotated[Path | None, _data("--root", metavar="PATH", help=_ROOT)]
LabelsOption = Annotated[
    Path | None, _data(metavar="DIR", help="Label images of folder or video, else agreement is measured.")
]
SplitOption = Annotated[str, _data(metavar="NAME", help="Split of cityscapes: train, val or test.")]
IgnoreOption = Annotated[str, _data(metavar="V,...", help="Label values of folder or video that do not count.")]
EncodingOption = Annotated[
    str | None,
    _data(
        metavar="NAME",
        parser=_one_of("encoding", ENCODINGS),
        show_default="none for folder and video, else paper",
        help="H.264 encoding of images.",
    ),
]
FramesOption = Annotated[
    Literal["decoded", "clean"], _data(metavar="NAME", help="Input of the network: decoded video, or clean pictures.")
]
RateOption = Annotated[int, _data(metavar="N", min=1, help="Frames per second of a folder that is encoded.")]
MaxClipsOption = Annotated[int | None, _data(metavar="N", min=1, help="Clips of the data set at most.")]

# Measurement

RoundsOption = Annotated[int, _measurement(metavar="N", min=0, help="Rounds of the speed measurement.")]
SpeedFramesOption = Annotated[int | None, _measurement(metavar="N", min=2, help="Frames per clip and speed run.")]
ExportOption = Annotated[
    bool, _measurement("--export-label-ids", help="Write results on cityscapes as labelIds images, by distance.")
]
ComparePaperOption = Annotated[
    bool, _measurement("--compare-paper", help="Also time the paper's way: features propagated, full softmax.")
]
FreshOption = Annotated[
    bool, _measurement("--fresh/--no-fresh", help="Measure first mask and memory in new processes.")
]
SamplesOption = Annotated[
    int, _measurement("--samples", "--windows", metavar="N", min=5, help="Samples of video that are scored.")
]
RaftOption = Annotated[bool, _measurement("--raft", help="fig2: also time RAFT (random weights).")]
KeyOption = Annotated[int, _measurement(metavar="N", min=0, help="fig5: number of the keyframe.")]

# Target

MinMiouOption = Annotated[
    float | None, _target(metavar="P", help="Least mIoU at any distance, in percent; needs labels.")
]
MaxDropOption = Annotated[
    float | None, _target(metavar="P", help="Most points of mIoU below the network on every frame; needs labels.")
]
MinAgreementOption = Annotated[
    float | None, _target(metavar="P", help="Least agreement with the network on every frame, in percent of pixels.")
]
MinFpsOption = Annotated[
    float | None, _target("--min-fps", "--target-fps", metavar="F", help="Least frames per second on this machine.")
]

# Output

OutOption = Annotated[Path, _output("--out", "-o", metavar="DIR", help="Folder for the results.")]
OutFileOption = Annotated[Path, _output("--out", "-o", metavar="FILE.json", help="Profile to write.")]
OutPageOption = Annotated[Path | None, _output("--out", "-o", metavar="FILE.html", help="HTML page to write.")]
_SAVE = "Outputs to write."
SaveOption = Annotated[str, _output("--save", metavar="NAME,...", help=_SAVE)]
ReportOption = Annotated[Path | None, _output(metavar="FILE.html", help="Write a report: one HTML page.")]
PlotOption = Annotated[Path | None, _output(metavar="FILE.png", help="Write a plot (needs matplotlib).")]
SinksOption = Annotated[str, _output("--save", metavar="NAME,...", help=_SAVE)]
OverwriteOption = Annotated[bool, _output("--overwrite", help="Replace existing outputs.")]
SkipExistingOption = Annotated[
    bool, _output("--skip-existing", help="Keep complete outputs of an earlier run and pass over their sources.")
]
JsonOption = Annotated[bool, _output("--json", help="Print JSON, one object per line, instead of text.")]

# Other

VerboseOption = Annotated[bool, _other("--verbose", "-v", help="Explain choices and show each step.")]
DebugOption = Annotated[bool, _other("--debug", help="Show the traceback of an error.")]

SourcesArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE",
        show_default=False,
        help="Video files, URLs, '-' for a pipe, folders or patterns of images.",
    ),
]
