"""Identity of networks: results and profiles are found again only for the same weights, structure and code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests.support.tiny_models import MODELS, Slow, Tiny
from warpseg import load
from warpseg.networks.identity import digest

FILE = """
import torch
from pathlib import Path
from torch import nn
{comment}
class Mine(nn.Module):
    def __init__(self):
        super().__init__()
        self.mix = nn.Conv2d(3, 3, 1)
        self.load_state_dict(torch.load(Path(__file__).with_name("weights.pt")))

    def forward(self, rgb):
        return {forward}
"""


def write(folder: Path, seed: int = 1, comment: str = "", forward: str = "self.mix(rgb)") -> str | None:
    torch.manual_seed(seed)
    torch.save(nn.ModuleDict({"mix": nn.Conv2d(3, 3, 1)}).state_dict(), folder / "weights.pt")
    (folder / "mine.py").write_text(FILE.format(comment=comment, forward=forward))
    return load(f"py:{folder / 'mine.py'}:Mine", device="cpu").checksum


def test_a_file_s_network_is_known_by_its_weights_and_code(tmp_path: Path) -> None:
    first = write(tmp_path)
    assert first is not None
    assert len(first) == 64
    assert write(tmp_path) == first
    assert write(tmp_path, seed=2) != first
    assert write(tmp_path, forward="-self.mix(rgb)") != first
    assert write(tmp_path, comment="SCALE = 3", forward="SCALE * self.mix(rgb)") != write(
        tmp_path, comment="SCALE = 2", forward="SCALE * self.mix(rgb)"
    )
    assert write(tmp_path, comment="# another comment") == first
    (tmp_path / "elsewhere").mkdir()
    assert write(tmp_path / "elsewhere") == first


def net() -> nn.Sequential:
    torch.manual_seed(3)
    return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Dropout(0.5), nn.Conv2d(4, 2, 1))


def test_equal_modules_are_equal_in_any_place_mode_and_layout() -> None:
    expected = digest(net())
    assert load(net(), device="cpu").checksum == load(net().eval(), device="cpu").checksum
    assert load(net().to(memory_format=torch.channels_last), device="cpu").checksum == digest(net().eval())
    assert digest(net()) == expected


def changed(what: str) -> Any:
    made: Any = net()
    if what == "a weight":
        made[3].bias.data[1] += 1e-6
    elif what == "a statistic":
        made[1].running_mean[0] = 0.5
    elif what == "a setting":
        made[0].padding = (0, 0)
    elif what == "the type":
        made.half()
    elif what == "a number":
        made.temperature = 2.0
    elif what == "a plain tensor":
        made.mean = torch.ones(3)
    elif what == "a layer":
        made.append(nn.ReLU())
    return made


@pytest.mark.parametrize(
    "what",
    ["a weight", "a statistic", "a setting", "the type", "a number", "a plain tensor", "a layer"],
)
def test_whatever_changes_results_changes_the_digest(what: str) -> None:
    assert digest(changed(what).eval()) != digest(net().eval())


def test_classes_with_equal_weights_differ_by_their_code() -> None:
    assert digest(Tiny(5)) != digest(Slow(5))
    assert digest(Tiny(5)) == digest(Tiny(5))


def test_functions_and_what_they_hold_count() -> None:
    def made(net: nn.Module, factor: float) -> Any:
        return lambda rgb: factor * net(rgb)

    assert digest(made(Tiny(5), 1.0)) == digest(made(Tiny(5), 1.0))
    assert len({digest(made(Tiny(5), 1.0)), digest(made(Tiny(5), 2.0)), digest(made(Tiny(4), 1.0))}) == 3
    assert digest(Tiny(5).forward) != digest(Tiny(4).forward)


def test_exported_programs_are_known_by_their_graph() -> None:
    def exported(factor: float) -> str | None:
        class Times(nn.Module):
            def forward(self, rgb: torch.Tensor) -> torch.Tensor:
                return rgb * factor

        return load(torch.export.export(Times(), (torch.rand(1, 3, 8, 8),)), device="cpu").checksum

    assert exported(2.0) == exported(2.0)
    assert exported(2.0) != exported(3.0)


def test_the_named_networks_keep_the_checksum_of_their_file() -> None:
    assert load("camvid", device="cpu").checksum != load(f"py:{MODELS}:tiny", device="cpu").checksum
