"""Networks as people bring them: their own types, outputs, exported programs and functions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.support.pictures import picture, pictures
from warpseg import ModelError, Network, Segmenter, load
from warpseg.networks import Precision
from warpseg.types import Classes

SIZE = (48, 64)


class Scores(nn.Module):
    """Three classes at stride 8, by a convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Conv2d(3, 3, 1)
        weight = torch.tensor([[1.0, -1, 0], [-1, 0, 1], [0, 1, -1]])
        self.mix.weight.data, self.mix.bias.data = weight[:, :, None, None], torch.zeros(3)  # type: ignore[union-attr]

    def forward(self, rgb: Tensor) -> Any:
        return self.mix(F.avg_pool2d(rgb, 8))


class Wrapped(Scores):
    """Returns its scores in something."""

    def __init__(self, around: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.around = around

    def forward(self, rgb: Tensor) -> Any:
        return self.around(super().forward(rgb))


def scores_of(model: Any, **options: Any) -> Tensor:
    network = load(model, device="cpu", **options)
    return network.task(network.features(picture(SIZE)))


@pytest.mark.parametrize(
    "around",
    [
        lambda s: {"out": s},
        lambda s: {"aux": 0 * s, "logits": s},
        lambda s: {"logits": -s, "out": s},
        lambda s: (s,),
        lambda s: SimpleNamespace(logits=s),
    ],
    ids=["out", "logits", "out before logits", "tuple", "attribute"],
)
def test_scores_are_found_in_what_networks_return(around: Callable[[Tensor], Any]) -> None:
    assert torch.equal(scores_of(Wrapped(around)), scores_of(Scores()))


@pytest.mark.parametrize(
    ("around", "message"),
    [
        (lambda s: {"masks": s}, "gave a dict of masks; expected scores, or a dict with 'out' or 'logits'"),
        (lambda s: (s, s), "gave tuple for one picture"),
        (lambda s: s[0], r"gave \(3, 6, 8\) for one picture"),
        (lambda s: s.argmax(1, keepdim=True), "gave integers, which are labels; return the scores before argmax"),
    ],
    ids=["other dict", "several", "no batch", "labels"],
)
def test_other_outputs_are_refused_in_one_line(around: Callable[[Tensor], Any], message: str) -> None:
    with pytest.raises(ModelError, match=message) as raised:
        scores_of(Wrapped(around))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64], ids=str)
@pytest.mark.parametrize("as_pair", [False, True], ids=["whole", "pair"])
def test_a_module_runs_in_the_type_of_its_weights(kind: torch.dtype, as_pair: bool) -> None:
    if as_pair:
        model, plain = ((nn.AvgPool2d(8), Scores().mix.to(kind)), (nn.AvgPool2d(8), Scores().mix))
    else:
        model, plain = Scores().to(kind), Scores()  # type: ignore[assignment]
        assert load(model, device="cpu").dtype == kind
    found = scores_of(model)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, scores_of(plain), atol=4 * torch.finfo(torch.bfloat16).eps, rtol=0)


def test_a_head_that_is_no_convolution_runs_in_its_own_type() -> None:
    head = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU()).half()
    assert tuple(scores_of((nn.AvgPool2d(8), head)).shape) == (4, 6, 8)


def test_a_precision_that_the_weights_exclude_is_refused() -> None:
    excluded: list[tuple[torch.dtype, Precision]] = [
        (torch.float16, "fp32"), (torch.float64, "bf16"), (torch.float64, "fp32"),
    ]  # fmt: skip
    for kind, precision in excluded:
        with pytest.raises(ModelError, match=r"its weights are float\d\d; convert them with .float\(\)"):
            load(Scores().to(kind), device="cpu", precision=precision)
    assert load(Scores().bfloat16(), device="cpu", precision="bf16").autocast is False


@pytest.mark.filterwarnings("ignore:.*jit:FutureWarning")
def test_exported_programs_scripted_modules_and_functions_segment() -> None:
    rgb, net = torch.rand(1, 3, *SIZE), Scores().eval()
    expected = scores_of(net)
    exported = torch.export.export(net, (rgb,))
    assert torch.equal(scores_of(exported), expected)
    assert torch.equal(scores_of(exported.module()), expected)
    assert torch.equal(scores_of(torch.jit.trace(net, rgb)), expected)
    assert torch.equal(scores_of(lambda rgb: net(rgb)), expected)


def test_python_files_may_hold_functions_of_pictures_and_exported_programs(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "import torch\n"
        "def cells(rgb):\n    return torch.nn.functional.avg_pool2d(rgb, 8)\n"
        "def make():\n    return cells\n"
        f"exported = torch.export.export(torch.nn.AvgPool2d(8), (torch.rand(1, 3, {SIZE[0]}, {SIZE[1]}),))\n"
        "def leaves():\n    raise SystemExit(3)\n"
    )
    for name in ("cells", "make", "exported"):
        assert tuple(scores_of(f"py:{file}:{name}").shape) == (3, 6, 8)
    with pytest.raises(ModelError, match="SystemExit: 3"):
        load(f"py:{file}:leaves", device="cpu")


@pytest.mark.parametrize("as_pair", [False, True], ids=["whole", "pair"])
def test_one_logit_makes_two_classes(as_pair: bool) -> None:
    pool, logit = nn.AvgPool2d(8), nn.Conv2d(3, 1, 1)
    logit.weight.data.fill_(1 / 3)
    logit.bias.data.fill_(-0.5)  # type: ignore[union-attr]
    shown = picture(SIZE)
    segmenter = Segmenter((pool, logit) if as_pair else nn.Sequential(pool, logit), device="cpu")
    (result,) = segmenter.stream([shown.pixels])
    light = F.avg_pool2d(torch.from_numpy(shown.pixels).permute(2, 0, 1)[None] / 255, 8).mean(1)[0] > 0.5
    assert 0 < int(light.sum()) < light.numel()
    assert result.classes.names == ("class 0", "class 1")
    assert np.array_equal(result.labels((6, 8)), light.numpy())


def test_more_channels_than_names_are_refused() -> None:
    classes = Classes(("road", "sky"), ((0, 0, 0), (1, 1, 1)))
    network = Network("mine", nn.AvgPool2d(8), nn.Identity(), True, classes=classes)
    with pytest.raises(ModelError, match="mine: gave scores of 3 classes but names 2; name all of them"):
        list(Segmenter(network).stream([frame.pixels for frame in pictures(2, SIZE)]))


@pytest.fixture
def double_by_default() -> Any:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def test_a_default_type_of_float64_breaks_nothing(double_by_default: None) -> None:
    shown = [frame.pixels for frame in pictures(7, SIZE)]
    methods: list[dict[str, Any]] = [
        {},
        {"scheme": "propagate"},
        {"reverse": "inverted", "propagation": "chained", "fusion": "maximum"},
        {"motion": "none", "scheme": "copy"},
    ]
    for options in methods:
        results = list(Segmenter(Scores(), interval=3, device="cpu", **options).stream(shown, confidence=bool(options)))
        torch.set_default_dtype(torch.float32)
        expected = list(Segmenter(Scores(), interval=3, device="cpu", **options).stream(shown))
        torch.set_default_dtype(torch.float64)
        assert [result.scores.dtype for result in results] == [torch.float32] * 7
        for one, other in zip(results, expected, strict=True):
            torch.testing.assert_close(one.scores, other.scores, atol=1e-6, rtol=1e-6)
    assert load("camvid", device="cpu", imgsz=32).features(picture(SIZE)).dtype == torch.float32


@pytest.mark.parametrize(
    ("size", "imgsz", "seen"),
    [((360, 641), 540, (540, 961)), ((641, 360), 540, (961, 540)), ((720, 1279), 360, (360, 639)), ((7, 7), 5, (5, 5))],
)
def test_the_longer_side_is_rounded_down(size: tuple[int, int], imgsz: int, seen: tuple[int, int]) -> None:
    assert load(Scores(), device="cpu", imgsz=imgsz).seen(size) == seen
    assert seen[size[1] > size[0]] == int(imgsz * max(size) / min(size))  # as torchvision's and transformers' resize
