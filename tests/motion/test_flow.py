"""Optical flow by RAFT: with random weights it finds nothing, but it runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torchvision.models.optical_flow import raft_large, raft_small

from tests.support.pans import SIZE, grey, pan
from warpseg.engine.source import open_video
from warpseg.errors import ModelError
from warpseg.motion.flow import raft


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("raft")
    torch.manual_seed(0)
    small, large = raft_small().state_dict(), raft_large().state_dict()
    torch.save(small, folder / "small.pth")
    save_file(small, folder / "small.safetensors")
    torch.save(large, folder / "large.pth")
    return {path.name: path for path in folder.iterdir()}


@pytest.mark.parametrize("size", [(1, 1), (96, 136), SIZE])
def test_raft_answers_in_the_pictures_own_size(weights: dict[str, Path], size: tuple[int, int]) -> None:
    before, now = (grey(picture) for picture in pan((1, 0), 2, size=size))
    flow = raft(weights["small.pth"])
    found = flow(now, before)
    assert found.shape == (2, *size)
    assert found.dtype == np.float32
    assert bool(np.isfinite(found).all())
    np.testing.assert_array_equal(raft(weights["small.safetensors"])(now, before), found)


@pytest.mark.parametrize("name", ["small.safetensors", "large.pth"])
def test_raft_gives_frames_motion(weights: dict[str, Path], name: str) -> None:
    with open_video(iter(pan((3, -2), 2)), motion="flow", flow_weights=weights[name]) as video:
        found = list(video)
        assert video.motion == {"none": 1, "flow": 1}
    assert found[1].motion_source == "flow"
    assert found[1].motion.size == (SIZE[0] // 4, SIZE[1] // 4)
    assert bool(found[1].motion.offsets.isfinite().all())


@pytest.mark.parametrize("name", ["absent.pth", "absent.safetensors"])
def test_weights_that_are_absent(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match=f"{name}: no such file"):
        raft(tmp_path / name)


@pytest.mark.parametrize("name", ["noise.pth", "noise.safetensors", "list.pth", "other.pth", "other.safetensors"])
def test_weights_of_something_else(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.startswith("noise"):
        path.write_bytes(bytes(range(256)))
    elif name.startswith("list"):
        torch.save([1, 2], path)
    elif name.endswith("pth"):
        torch.save({"weight": torch.ones(3)}, path)
    else:
        save_file({"weight": torch.ones(3)}, path)
    with pytest.raises(ModelError, match=f"{name}: not weights of torchvision's RAFT") as raised:
        raft(path)
    assert "\n" not in str(raised.value)
