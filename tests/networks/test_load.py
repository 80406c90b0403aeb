"""Networks: loading, the embedded one, and the paper's."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

from warpseg import Frame, MotionField, load
from warpseg.classes import CAMVID
from warpseg.errors import ModelError
from warpseg.networks import ScoreSpace, checksum, deeplab, read_weights
from warpseg.networks.deeplab import CLASSES, DeepLab, TaskNetwork
from warpseg.networks.network import pick_device, pick_dtype
from warpseg.networks.streetnet import StreetNet, fold

CPU = torch.device("cpu")


def frame(size: tuple[int, int], seed: int = 0) -> Frame:
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
    return Frame(0, Fraction(0), size, MotionField.zero(), load=lambda: pixels)


# By name


@pytest.mark.parametrize("name", ["resnet", "", "CAMVID", "camvid:weights", "hf"])
def test_an_unknown_name_is_refused_with_those_that_are_known(name: str) -> None:
    with pytest.raises(ModelError, match=r"camvid.*deeplab-resnet101.*py:") as raised:
        load(name, device="cpu")
    assert "\n" not in str(raised.value)


def test_a_python_file_gives_modules_functions_and_pairs(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "import torch\n"
        "net = torch.nn.Conv2d(3, 4, 1)\n"
        "pair = (net, torch.nn.Conv2d(4, 2, 1))\n"
        "def make():\n"
        "    return net\n"
    )
    for name, classes in (("net", 4), ("make", 4), ("pair", 2)):
        network = load(f"py:{file}:{name}", device="cpu")
        assert tuple(network.task(network.features(frame((6, 9)))).shape) == (classes, 6, 9)
    with pytest.raises(ModelError, match="has no attribute 'absent'"):
        load(f"py:{file}:absent", device="cpu")
    with pytest.raises(ModelError, match="existing Python file"):
        load(f"py:{tmp_path / 'other.py'}:net", device="cpu")


@pytest.mark.parametrize("content", [b"", b"\x80\x04K\x01.", b"<html>not weights</html>"])
def test_files_that_are_not_safetensors_are_refused_and_never_unpickled(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="not a safetensors file") as raised:
        read_weights(path)
    assert "\n" not in str(raised.value)
    with pytest.raises(ModelError, match="no such weights file"):
        read_weights(tmp_path / "absent.safetensors")


def test_a_checksum_is_sha256(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert checksum(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize("name", ["tpu9", "cuda:99", "gpu"])
def test_a_device_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(ModelError, match=name) as raised:
        pick_device(name)
    assert "\n" not in str(raised.value)


def test_devices_and_precisions() -> None:
    assert pick_device("cpu") == CPU
    assert pick_dtype("fp32", CPU) == torch.float32
    assert pick_dtype("bf16", CPU) == torch.bfloat16
    assert pick_dtype("auto", CPU) in (torch.float32, torch.bfloat16)


def test_modules_are_put_in_evaluation_mode_and_run_without_gradients() -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Dropout(0.9), nn.BatchNorm2d(4)).train()
    network = load(net, device="cpu")
    one, other = (network.task(network.features(frame((6, 9)))) for _ in range(2))
    assert torch.equal(one, other)
    assert not one.requires_grad


def test_pixels_are_given_in_zero_to_one() -> None:
    network = load(nn.Identity(), device="cpu")
    shown = frame((6, 9))
    rgb = torch.from_numpy(shown.pixels).permute(2, 0, 1) / 255
    assert torch.equal(network.features(shown), rgb)


def test_score_space_runs_the_head_with_the_features() -> None:
    network = load((nn.Conv2d(3, 8, 1), nn.Conv2d(8, 5, 1)), device="cpu")
    scores = network.task(network.features(frame((6, 9))))
    carried = ScoreSpace(network)
    assert torch.equal(carried.features(frame((6, 9))), scores)
    assert torch.equal(carried.task(scores), scores)


# The embedded network


def test_folding_batch_norms_changes_nothing() -> None:
    torch.manual_seed(0)
    net = StreetNet(11).eval()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.2, 0.2)  # type: ignore[arg-type]
            nn.init.uniform_(module.running_var, 0.5, 1.5)  # type: ignore[arg-type]
    rgb = 255 * torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        before = net(rgb)
        folded = fold(net)
        torch.testing.assert_close(folded(rgb), before, atol=1e-4, rtol=1e-4)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())


@pytest.mark.parametrize(
    ("size", "seen"),
    [
        ((540, 600), (540, 600)),
        ((541, 603), (541, 603)),
        ((360, 400), (540, 600)),
        ((61, 93), (122, 186)),
        ((810, 900), (720, 800)),
    ],
    ids=["as it is", "odd", "enlarged", "at most doubled", "reduced"],
)
def test_the_embedded_network_gives_scores_at_stride_four_of_what_it_sees(
    size: tuple[int, int], seen: tuple[int, int]
) -> None:
    network = load("camvid", device="cpu", precision="fp32")
    scores = network.task(network.features(frame(size)))
    assert tuple(scores.shape) == (11, -(-seen[0] // 4), -(-seen[1] // 4))
    assert scores.dtype == torch.float32
    assert network.classes is CAMVID
    assert len(CAMVID.names) == len(CAMVID.colours) == 11
    assert network.linear_head
    assert network.checksum is not None
    assert len(network.checksum) == 64


# The paper's network


def test_the_papers_network_is_refused_without_weights() -> None:
    with pytest.raises(ModelError, match=r"deeplab-resnet101:WEIGHTS\.safetensors") as raised:
        load("deeplab-resnet101", device="cpu")
    assert "\n" not in str(raised.value)


def test_weights_of_something_else_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(ModelError, match=r"task\.scores\.weight"):
        load(f"deeplab-resnet101:{path}", device="cpu")
    save_file({"task.scores.weight": torch.zeros(4, 2048, 1, 1)}, path)
    with pytest.raises(ModelError, match="does not fit") as raised:
        load(f"deeplab-resnet101:{path}", device="cpu")
    assert "\n" not in str(raised.value)


def test_the_papers_network_from_weights(tmp_path: Path) -> None:
    """Section 4.1: ResNet-101, stride 16, 2048 channels, 20 classes; one test, because building is slow."""
    torch.manual_seed(0)
    made = deeplab.load(None, device=CPU, dtype=torch.float32, random_weights=True)
    shown = frame((64, 96))
    f = made.features(shown)
    assert tuple(f.shape) == (2048, 4, 6)
    assert tuple(made.task(f).shape) == (20, 4, 6)
    assert made.linear_head
    assert made.classes is CLASSES
    assert len(CLASSES.names) == len(CLASSES.colours) == 20
    assert CLASSES.names[-1] == "background"

    net = DeepLab().eval()
    for module in net.modules():  # batch norms are folded, which shows only where they do something
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.2, 0.2)  # type: ignore[arg-type]
            nn.init.uniform_(module.running_var, 0.5, 1.5)  # type: ignore[arg-type]
    path = tmp_path / "weights.safetensors"
    save_file(net.state_dict(), path)
    loaded = load(f"deeplab-resnet101:{path}", device="cpu", precision="fp32")
    assert loaded.checksum == checksum(path)
    rgb = torch.from_numpy(shown.pixels).permute(2, 0, 1)[None] / 255
    with torch.inference_mode():
        f, probabilities = net.features(rgb), net(rgb)
    scale = float(f.abs().max())
    torch.testing.assert_close(loaded.features(shown), f[0], atol=1e-4 * scale, rtol=0)
    assert tuple(probabilities.shape) == (1, 20, 64, 96)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(1, 64, 96), atol=1e-5, rtol=0)


def test_the_fixed_deconvolution_is_bilinear_interpolation_away_from_borders() -> None:
    torch.manual_seed(0)
    task = TaskNetwork(5, 32)
    f = torch.randn(1, 32, 5, 7)
    with torch.no_grad():
        scores = task.scores(f)
        expected = F.interpolate(scores, scale_factor=16, mode="bilinear", align_corners=False)
        upsampled = task.upsample(scores)
        inner = (..., slice(8, -8), slice(8, -8))  # at the borders a deconvolution fades to nothing
        torch.testing.assert_close(upsampled[inner], expected[inner], atol=1e-5, rtol=0)
        torch.testing.assert_close(task(f)[inner], torch.softmax(expected, 1)[inner], atol=1e-5, rtol=0)
    assert upsampled.shape == expected.shape
    assert not task.upsample.weight.requires_grad
    assert all(parameter.requires_grad for parameter in task.scores.parameters())


def test_a_loaded_network_is_not_moved_in_silence() -> None:
    network = replace(load("camvid", device="cpu"), device=torch.device("meta"))
    with pytest.raises(ModelError, match="loaded on meta; load it on cpu"):
        load(network, device="cpu")
    assert load(network) is network


def test_precision_is_checked_and_not_ignored() -> None:
    with pytest.raises(ValueError, match="fp8"):
        load("camvid", precision="fp8")  # type: ignore[arg-type]
