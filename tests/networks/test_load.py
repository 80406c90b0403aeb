"""Loading of networks by name, from files and as modules, with device and precision."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.support.pictures import frame
from warpseg import load
from warpseg.errors import ModelError
from warpseg.networks import ScoreSpace, checksum, read_weights
from warpseg.networks.network import pick_device, pick_dtype

CPU = torch.device("cpu")


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


# The paper's network


def test_a_loaded_network_is_not_moved_in_silence() -> None:
    network = replace(load("camvid", device="cpu"), device=torch.device("meta"))
    with pytest.raises(ModelError, match="loaded on meta; load it on cpu"):
        load(network, device="cpu")
    assert load(network) is network


def test_precision_is_checked_and_not_ignored() -> None:
    with pytest.raises(ValueError, match="fp8"):
        load("camvid", precision="fp8")  # type: ignore[arg-type]
