"""Keyframes through the network: in batches, in another memory layout, precision or size."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
import typer
from torch import Tensor, nn
from typer.testing import CliRunner

from tests.support.pictures import Size, picture, pictures
from tests.support.tiny_models import MODELS
from warpseg import ModelError, Segmenter, load, process
from warpseg.cli import app
from warpseg.cli.values import picture_size
from warpseg.core.fusion import Convolution
from warpseg.labels import labels
from warpseg.networks import Batched, Network, ScoreSpace
from warpseg.networks.convolution import Folded
from warpseg.networks.network import pick_dtype, pointwise
from warpseg.video.encode import encode


def parts() -> tuple[nn.Module, nn.Module]:
    """Return a convolution to 6 features and a linear head to 4 classes."""
    generator = torch.Generator().manual_seed(5)
    layers = nn.Conv2d(3, 6, 4, 4), nn.Conv2d(6, 4, 1)
    for parameter in (*layers[0].parameters(), *layers[1].parameters()):
        parameter.data = torch.randn(parameter.shape, generator=generator)
    return layers


def pair() -> Network:
    return load(parts(), device="cpu")


class Passes(nn.Module):
    """Remembers the shape of every batch that it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[int, ...]] = []

    def forward(self, rgb: Tensor) -> Tensor:
        self.seen.append(tuple(rgb.shape))
        return nn.functional.avg_pool2d(rgb, 2)


# Batches


@pytest.mark.parametrize(("precision", "rounding"), [("fp32", 1e-6), ("bf16", 0.0)])
@pytest.mark.parametrize("size", [(96, 128), (75, 117)], ids=["even", "odd"])
def test_a_batch_gives_what_its_frames_give_alone(
    precision: Literal["fp32", "bf16"], rounding: float, size: Size
) -> None:
    network, frames = load("camvid", device="cpu", precision=precision, imgsz=size), pictures(3, size)
    for together, frame in zip(network.batch(frames), frames, strict=True):
        alone = network.features(frame)
        torch.testing.assert_close(together, alone, atol=rounding * float(alone.abs().max()), rtol=0)
        assert torch.equal(labels(network.task(together), size), labels(network.task(alone), size))
        assert together.dtype == torch.float32
        assert together.stride() == alone.stride()  # so that what follows computes alike as well


@pytest.mark.parametrize("space", ["features", "scores", "folded"])
def test_everything_that_carries_takes_batches(space: str) -> None:
    network = pair()
    by_space: dict[str, Batched] = {
        "features": network,
        "scores": ScoreSpace(network),
        "folded": Folded(network, Convolution(torch.randn(6, 12), torch.randn(6))),
    }
    batched, frames = by_space[space], pictures(3, (16, 24))
    maps = batched.batch(frames)
    assert len(maps) == 3
    for f, frame in zip(maps, frames, strict=True):
        assert torch.equal(f, batched.features(frame))
        assert torch.equal(batched.task(f), network.task(network.features(frame)))
    assert batched.batch([]) == []


def test_a_batch_is_one_pass_for_each_run_of_one_picture_size() -> None:
    net = Passes()
    large, small = pictures(3, (20, 30)), pictures(2, (8, 12))
    frames = [*large[:2], *small, large[2]]
    maps = load(net, device="cpu").batch(frames)
    assert net.seen == [(2, 3, 20, 30), (2, 3, 8, 12), (1, 3, 20, 30)]
    for f, frame in zip(maps, frames, strict=True):
        mean = torch.from_numpy(frame.pixels).permute(2, 0, 1)[None] / 255
        assert torch.equal(f, nn.functional.avg_pool2d(mean, 2)[0])


class One(nn.Module):
    """Looks at the first picture of a batch only."""

    def forward(self, rgb: Tensor) -> Tensor:
        return rgb[:1]


def test_a_network_for_single_pictures_is_refused_a_batch() -> None:
    network = load(One(), device="cpu")
    assert tuple(network.features(picture((8, 12))).shape) == (3, 8, 12)
    with pytest.raises(ModelError, match=r"One: gave \(1, 3, 8, 12\) for 2 pictures; expected a map \(2, ") as raised:
        network.batch(pictures(2, (8, 12)))
    assert "\n" not in str(raised.value)


# Memory layout


class Viewing(nn.Module):
    """Written for contiguous maps, as much code is: ``view`` fails on others."""

    def forward(self, rgb: Tensor) -> Tensor:
        return rgb.view(len(rgb), 3, -1).mean(2)[:, :, None, None]


class Layout(nn.Module):
    """Remembers whether it was given channels-last pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.channels_last: bool | None = None

    def forward(self, rgb: Tensor) -> Tensor:
        self.channels_last = rgb.is_contiguous(memory_format=torch.channels_last)
        found: Tensor = self.conv(rgb)
        return found


def test_a_module_is_given_pictures_in_its_own_layout() -> None:
    assert tuple(load(Viewing(), device="cpu").features(picture((8, 12))).shape) == (3, 1, 1)
    for layout, expected in ((torch.contiguous_format, False), (torch.channels_last, True)):
        net = Layout().to(memory_format=layout)
        load(net, device="cpu").batch(pictures(2, (8, 12)))
        assert net.channels_last is expected


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last], ids=["channels first", "last"])
def test_a_head_as_a_matrix_product_is_the_convolution(bias: bool, layout: torch.memory_format) -> None:
    torch.manual_seed(0)
    head, f = nn.Conv2d(7, 5, 1, bias=bias), torch.randn(2, 7, 6, 9).contiguous(memory_format=layout)
    torch.testing.assert_close(pointwise(head)(f), head(f))


@pytest.mark.parametrize("head", [nn.Conv2d(6, 4, 1, groups=2), nn.Conv2d(6, 4, 3, padding=1)], ids=["groups", "3x3"])
def test_other_heads_stay_what_they_are(head: nn.Conv2d) -> None:
    network = load((nn.Conv2d(3, 6, 4, 4), head), device="cpu")
    assert network.head is head
    assert not network.linear_head


# Precision


def test_auto_follows_what_the_cpu_has(monkeypatch: pytest.MonkeyPatch) -> None:
    for capabilities, expected in (
        ({}, torch.float32),
        ({"avx512_fp16": True}, torch.float32),
        ({"avx512_bf16": True}, torch.bfloat16),
        ({"amx_bf16": True, "amx_fp16": True}, torch.bfloat16),
    ):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda found=capabilities: found)
        assert pick_dtype("auto", torch.device("cpu")) == expected


def test_fp16_on_a_cpu_is_refused_unless_it_is_native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    with pytest.raises(ModelError, match="fp16: this CPU does not support it; use --precision bf16") as raised:
        load("camvid", device="cpu", precision="fp16")
    assert "\n" not in str(raised.value)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_fp16": True})
    assert pick_dtype("fp16", torch.device("cpu")) == torch.float16


class Types(nn.Module):
    """Remembers the types that it is given and that its convolution computes in."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 4, 4)
        self.seen: list[torch.dtype] = []

    def forward(self, rgb: Tensor) -> Tensor:
        found: Tensor = self.conv(rgb)
        self.seen += [rgb.dtype, found.dtype]
        return found


@pytest.mark.parametrize("as_pair", [False, True], ids=["whole", "pair"])
def test_a_module_runs_in_its_own_type_or_under_autocast_where_that_is_asked_for(as_pair: bool) -> None:
    net = Types()
    model = (net, nn.Conv2d(4, 2, 1)) if as_pair else net
    own, cast = load(model, device="cpu"), load(model, device="cpu", precision="bf16")
    maps = [network.features(picture((16, 24))) for network in (own, cast)]
    assert net.seen == [torch.float32, torch.float32, torch.float32, torch.bfloat16]
    assert {parameter.dtype for parameter in net.parameters()} == {torch.float32}
    assert [f.dtype for f in maps] == [torch.float32, torch.float32]
    assert (own.dtype, own.autocast, cast.dtype, cast.autocast) == (torch.float32, False, torch.bfloat16, True)
    torch.testing.assert_close(maps[1], maps[0], atol=2**-7, rtol=2**-7)  # bf16 keeps 8 bits
    assert not torch.equal(maps[1], maps[0])
    assert cast.task(maps[1]).dtype == torch.float32


def test_a_loaded_network_is_not_run_in_another_type_in_silence() -> None:
    network = load("camvid", device="cpu", precision="fp32")
    assert load(network, precision="fp32") is network
    with pytest.raises(ModelError, match="camvid was loaded in float32; load it in bf16"):
        load(network, precision="bf16")


# Size


@pytest.mark.parametrize(
    ("imgsz", "size", "seen"),
    [
        (20, (40, 60), (20, 30)),
        (20, (61, 40), (30, 20)),
        (20, (10, 15), (20, 30)),
        ((18, 48), (40, 60), (18, 48)),
        (2, (2, 500), (2, 500)),
    ],
    ids=["smaller", "upright", "larger", "exactly", "as it is"],
)
def test_the_network_sees_pictures_at_the_size_asked_for(imgsz: int | Size, size: Size, seen: Size) -> None:
    net = Passes()
    network = load(net, device="cpu", imgsz=imgsz)
    network.batch(pictures(2, size))
    assert network.seen(size) == seen
    assert net.seen == [(2, 3, *seen)]


def test_a_reduced_picture_is_the_picture() -> None:
    network, shown = load(nn.Identity(), device="cpu", imgsz=20), picture((40, 60))
    rgb = torch.from_numpy(shown.pixels).permute(2, 0, 1)[None].float()
    expected = nn.functional.interpolate(rgb, size=(20, 30), mode="bilinear", antialias=True)[0]
    torch.testing.assert_close(255 * network.features(shown), expected, atol=1.0, rtol=0)  # whole grey levels


def test_imgsz_wins_over_the_networks_own_range() -> None:
    network = load("camvid", device="cpu", precision="fp32", imgsz=96)
    assert (network.imgsz, network.short_side) == (96, None)
    assert tuple(network.features(picture((192, 256))).shape[1:]) == (24, 32)


@pytest.mark.parametrize("imgsz", [0, -3, 1.5, (4,), (4, 0), (4, 5, 6)])
def test_a_size_that_is_none_is_refused(imgsz: int | Size) -> None:
    with pytest.raises(ValueError, match=r"imgsz .*: expected pixels of the shorter side"):
        load("camvid", imgsz=imgsz)


@pytest.mark.parametrize("text", ["0", "0x40", "40x", "x", "-4", "1.5", "40x50x3", "²"])
def test_the_command_refuses_a_size_that_is_none(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="HEIGHTxWIDTH"):
        picture_size(text)


def test_the_command_reads_sizes() -> None:
    assert [picture_size(text) for text in ("360", "360x640", "360X640")] == [360, (360, 640), (360, 640)]


@pytest.mark.parametrize(
    ("options", "facts"),
    [
        ({}, {"precision": "float32", "autocast": False, "imgsz": None}),
        ({"imgsz": 32, "precision": "bf16"}, {"precision": "bfloat16", "autocast": True, "imgsz": 32}),
        ({"imgsz": (24, 48)}, {"precision": "float32", "autocast": False, "imgsz": [24, 48]}),
    ],
    ids=["default", "shorter side", "exactly"],
)
def test_labels_are_whole_and_the_run_says_what_was_chosen(
    tmp_path: Path, options: dict[str, Any], facts: dict[str, Any]
) -> None:
    shown = [frame.pixels for frame in pictures(3, (64, 96))]
    segmenter = Segmenter(parts(), interval=2, device="cpu", **options)
    assert [result.labels().shape for result in segmenter.stream(shown)] == [(64, 96)] * 3
    process(segmenter, shown, tmp_path, save="stats")
    model = json.loads((tmp_path / "video" / "run.json").read_text())["model"]
    assert {key: model[key] for key in facts} == facts
    assert model["compiled"] is False


def test_the_command_passes_them_on(tmp_path: Path) -> None:
    encode([frame.pixels for frame in pictures(3, (64, 96))], tmp_path / "clip.mp4", rate=25)
    model = f"py:{MODELS}:tiny"
    words = ["segment", str(tmp_path / "clip.mp4"), "--out", str(tmp_path), "--model", model, "--device", "cpu"]
    words += ["--save", "stats", "--imgsz", "48x80", "--precision", "bf16"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    chosen = json.loads((tmp_path / "clip" / "run.json").read_text())["model"]
    assert (chosen["imgsz"], chosen["precision"], chosen["autocast"]) == ([48, 80], "bfloat16", True)
