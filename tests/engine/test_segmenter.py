"""Segmenter: any network, any scheme, as a stream."""

from __future__ import annotations

import itertools
import logging
import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.support.pans import Picture, pan
from warpseg import Network, Segmenter
from warpseg.errors import ModelError

SMALL = 48, 72
Scheme = Any  # the literals of Segmenter's argument


class Cells(nn.Module):
    """Scores at some stride, from the mean colour of each cell and, so that neighbours differ, of its surroundings."""

    def __init__(self, classes: int = 6, stride: int = 8, *, wrapped: bool = False) -> None:
        super().__init__()
        self.stride, self.wrapped, self.calls = stride, wrapped, 0
        g = torch.Generator().manual_seed(classes)
        self.weight = nn.Parameter(torch.randn(classes, 3, 3, 3, generator=g))
        self.bias = nn.Parameter(torch.randn(classes, generator=g))

    def forward(self, rgb: Tensor) -> Tensor | dict[str, Tensor]:
        self.calls += 1
        cells = F.adaptive_avg_pool2d(rgb, (-(-rgb.shape[-2] // self.stride), -(-rgb.shape[-1] // self.stride)))
        scores = F.conv2d(cells - 0.5, self.weight, self.bias, padding=1)
        return {"out": scores, "aux": -scores} if self.wrapped else scores


class Features(nn.Module):
    def __init__(self, channels: int = 24, stride: int = 8) -> None:
        super().__init__()
        self.inner = Cells(channels, stride)

    def forward(self, rgb: Tensor) -> Tensor:
        found = self.inner(rgb)
        assert isinstance(found, Tensor)
        return found.relu()


def head(classes: int = 5, channels: int = 24) -> nn.Conv2d:
    made = nn.Conv2d(channels, classes, 1)
    g = torch.Generator().manual_seed(17)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=g))
    return made


def segmenter(model: Any = None, **options: Any) -> Segmenter:
    return Segmenter(Cells() if model is None else model, **({"device": "cpu"} | options))


def pictures(count: int = 7, size: tuple[int, int] = SMALL) -> list[Picture]:
    return pan((2, 1), count, size=size)


class Reads:
    def __init__(self, items: Iterable[Picture]) -> None:
        self.items, self.count, self.closed = iter(items), 0, False

    def __iter__(self) -> Iterator[Picture]:
        try:
            for item in self.items:
                self.count += 1
                yield item
        finally:
            self.closed = True


# A stream


@pytest.mark.parametrize("scheme", ["every", "copy", "propagate", "interpolate"])
@pytest.mark.parametrize(("count", "interval"), [(1, 5), (3, 5), (5, 5), (6, 5), (7, 2), (4, 1)])
def test_one_segmentation_a_frame_in_order(scheme: Scheme, count: int, interval: int) -> None:
    model = Cells()
    found = list(segmenter(model, scheme=scheme, interval=interval).stream(pictures(count)))
    assert [result.frame.index for result in found] == list(range(count))
    assert model.calls == (count if scheme == "every" else math.ceil(count / interval))
    assert sum(result.is_key for result in found) == model.calls
    for result in found:
        assert result.is_key == (result.distance == 0)
        assert result.labels().shape == SMALL
        assert result.labels().dtype == np.uint8
        assert result.labels() is result.labels()  # computed once


@pytest.mark.parametrize("n", [1, 2, 5])
def test_algorithm_1_shows_frame_i_before_frame_i_plus_1_is_read(n: int) -> None:
    source = Reads(pictures(2 * n + 2))
    stream = segmenter(scheme="propagate", interval=n).stream(source)
    for i, result in enumerate(stream):
        assert result.frame.index == i
        assert source.count == i + 1


@pytest.mark.parametrize("scheme", ["copy", "interpolate"])
@pytest.mark.parametrize("n", [2, 5])
def test_algorithm_2_shows_a_window_once_its_next_keyframe_is_read(scheme: Scheme, n: int) -> None:
    source = Reads(pictures(3 * n + 1))
    lagging = segmenter(scheme=scheme, interval=n)
    stream = lagging.stream(source)
    read = [source.count for _ in itertools.islice(stream, 3 * n)]
    assert read == [(i // n + 1) * n + 1 for i in range(3 * n)]
    assert max(count - 1 - i for i, count in enumerate(read)) == lagging.delay == n


@pytest.mark.parametrize(
    ("scheme", "interval", "delay"),
    [("every", 5, 0), ("propagate", 5, 0), ("copy", 5, 5), ("interpolate", 5, 5), ("interpolate", 12, 12)],
)
def test_delay_in_frames(scheme: Scheme, interval: int, delay: int) -> None:
    assert segmenter(scheme=scheme, interval=interval).delay == delay


def test_endless_sources_are_fine_and_are_closed() -> None:
    source = Reads(itertools.cycle(pictures(2)))
    stream = segmenter(interval=3).stream(source)
    assert [result.frame.index for result in itertools.islice(stream, 10)] == list(range(10))
    assert not source.closed
    stream.close()  # type: ignore[attr-defined]
    assert source.closed


def test_max_frames_ends_the_stream() -> None:
    assert len(list(segmenter().stream(pictures(9), max_frames=4))) == 4


@pytest.mark.parametrize("scheme", ["every", "copy", "propagate", "interpolate"])
def test_frames_of_changing_size_are_labelled_at_their_own(scheme: Scheme) -> None:
    sizes = [(48, 72)] * 3 + [(64, 40)] * 4 + [(33, 57)] * 2
    frames = [picture for size, group in itertools.groupby(sizes) for picture in pictures(len(list(group)), size)]
    found = list(segmenter(scheme=scheme, interval=5).stream(frames))
    assert [result.labels().shape for result in found] == sizes
    for result, picture in zip(found, frames, strict=True):
        if result.is_key:
            expected = Cells()(torch.from_numpy(picture).permute(2, 0, 1)[None] / 255)
            assert isinstance(expected, Tensor)
            torch.testing.assert_close(result.scores, expected[0], atol=1e-5, rtol=0)


# Networks of every kind


@pytest.mark.parametrize("stride", [1, 4, 8])
@pytest.mark.parametrize("scheme", ["propagate", "interpolate"])
def test_any_module_at_any_stride(stride: int, scheme: Scheme) -> None:
    found = list(segmenter(Cells(stride=stride), scheme=scheme, interval=3).stream(pictures(5, (33, 50))))
    for result in found:
        assert tuple(result.scores.shape) == (6, math.ceil(33 / stride), math.ceil(50 / stride))
        assert result.labels().shape == (33, 50)


def test_a_dictionary_with_out_is_read() -> None:
    plain = list(segmenter(Cells(), interval=3).stream(pictures(5)))
    wrapped = list(segmenter(Cells(wrapped=True), interval=3).stream(pictures(5)))
    for a, b in zip(plain, wrapped, strict=True):
        assert torch.equal(a.scores, b.scores)


def test_a_pair_is_feature_network_and_head() -> None:
    pair = Features(), head()
    whole = nn.Sequential(*pair)
    a = list(segmenter(pair, scheme="every").stream(pictures(3)))
    b = list(segmenter(whole, scheme="every").stream(pictures(3)))
    for one, other in zip(a, b, strict=True):
        torch.testing.assert_close(one.scores, other.scores, atol=1e-5, rtol=0)


class Softly(nn.Module):
    def forward(self, f: Tensor) -> Tensor:
        return f[:, :5].tanh()


@pytest.mark.parametrize(
    ("model", "options", "space"),
    [
        ((Features(), head()), {"scheme": "propagate"}, "scores"),
        ((Features(), head()), {"scheme": "interpolate"}, "scores"),
        ((Features(), head()), {"scheme": "interpolate", "fusion": "maximum"}, "features"),
        ((Features(), head()), {"scheme": "interpolate", "fusion": "maximum-literal"}, "features"),
        ((Features(), head()), {"scheme": "interpolate", "fusion": lambda f, g, alpha: f}, "features"),
        ((Features(), nn.Conv2d(24, 5, 3, padding=1)), {"scheme": "propagate"}, "features"),
        ((Features(), nn.Conv2d(24, 5, 1, padding=1)), {"scheme": "propagate"}, "features"),
        ((Features(), nn.Conv2d(24, 5, 1, stride=2)), {"scheme": "propagate"}, "features"),
        ((Features(), nn.Sequential(head(), nn.ReLU())), {"scheme": "propagate"}, "features"),
        ((Features(), Softly()), {"scheme": "interpolate"}, "features"),
        (Cells(), {"scheme": "interpolate"}, "scores"),
    ],
)
def test_what_is_carried_is_chosen_and_logged(
    model: Any, options: dict[str, Any], space: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="warpseg"):
        made = segmenter(model, **options)
    assert made.representation.name == space
    assert any(f"{space} are propagated" in line for line in caplog.messages)


class Counted(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner, self.calls = inner, 0

    def forward(self, f: Tensor) -> Tensor:
        self.calls += 1
        found = self.inner(f)
        assert isinstance(found, Tensor)
        return found


@pytest.mark.parametrize("scheme", ["propagate", "interpolate"])
@pytest.mark.parametrize("propagation", ["composed", "chained"])
def test_scores_and_features_give_the_same_for_a_linear_head(scheme: Scheme, propagation: Any) -> None:
    features, linear = Features(), head()
    hidden = Counted(linear)  # the same head, but not seen to be linear
    fusion = "confidence" if propagation == "composed" else "average"
    one = segmenter((features, linear), scheme=scheme, propagation=propagation, fusion=fusion)
    other = segmenter((features, hidden), scheme=scheme, propagation=propagation, fusion=fusion)
    assert (one.representation.name, other.representation.name) == ("scores", "features")
    for a, b in zip(one.stream(pictures(8)), other.stream(pictures(8)), strict=True):
        torch.testing.assert_close(a.scores, b.scores, atol=1e-5, rtol=0)
    assert hidden.calls == 8


def test_a_nonlinear_head_runs_on_every_frame() -> None:
    hidden = Counted(Softly())
    found = list(segmenter((Features(), hidden), interval=4).stream(pictures(6)))
    assert hidden.calls == 6
    assert {tuple(result.scores.shape) for result in found} == {(5, 6, 9)}


def test_a_network_is_taken_as_it_is() -> None:
    network = Network("mine", Features().eval(), head().eval(), True)
    assert segmenter(network).network is network


# Labels


@pytest.mark.parametrize("scheme", ["every", "copy", "propagate", "interpolate"])
@pytest.mark.parametrize("stride", [4, 8])
def test_interval_one_gives_the_networks_own_labels(scheme: Scheme, stride: int) -> None:
    model = Cells(9, stride)
    noise = np.random.default_rng(0).integers(0, 256, (3, 90, 131, 3), np.uint8)
    for result, picture in zip(
        segmenter(model, scheme=scheme, interval=1, precision="fp32").stream(list(noise)), noise, strict=True
    ):
        with torch.inference_mode():
            scores = model(torch.from_numpy(picture).permute(2, 0, 1)[None].contiguous() / 255)
        assert isinstance(scores, Tensor)
        assert torch.equal(result.scores, scores[0])
        upsampled = F.interpolate(scores, size=(90, 131), mode="bilinear", align_corners=False)[0]
        best = upsampled.topk(2, 0).values
        clear = (best[0] - best[1]) > 4 * torch.finfo(torch.float32).eps * best.abs().amax(0)
        assert float(clear.float().mean()) > 0.999
        same = torch.from_numpy(result.labels().astype(np.int64)) == upsampled.argmax(0)
        assert bool(same[clear].all())


@pytest.mark.parametrize("classes", [1, 2, 255, 256, 300])
def test_labels_hold_every_class(classes: int) -> None:
    result = next(segmenter(Cells(classes)).stream(pictures(1)))
    assert len(result.classes) == max(classes, 2), "a single channel is the logit of two classes"
    ids = result.labels()
    assert ids.dtype == (np.uint8 if classes <= 255 else np.uint16)
    expected = F.interpolate(result.scores[None], size=SMALL, mode="bilinear", align_corners=False)[0].argmax(0)
    assert np.array_equal(ids, expected.numpy())


def test_labels_and_probabilities_at_any_size() -> None:
    result = next(segmenter().stream(pictures(1)))
    assert result.labels((31, 47)).shape == (31, 47)
    probabilities = result.probabilities((200, 144))
    assert tuple(probabilities.shape) == (6, 200, 144)
    torch.testing.assert_close(probabilities.sum(0), torch.ones(200, 144), atol=1e-5, rtol=0)
    # Softmax rounds, so a near-tie may turn; nothing else may.
    best = result.probabilities((200, 144)).topk(2, 0).values
    clear = (best[0] - best[1] > 1e-6).numpy()
    assert clear.mean() > 0.99
    assert np.array_equal(probabilities.argmax(0).numpy()[clear], result.labels((200, 144))[clear])
    assert tuple(result.probabilities().shape) == (6, *SMALL)


def test_classes_without_names_are_numbered_in_colours_that_differ() -> None:
    classes = next(segmenter(Cells(40)).stream(pictures(1))).classes
    assert classes.names[39] == "class 39"
    assert len(set(classes.colours)) == 40


# Known motion, end to end


class Luma(nn.Module):
    """Its single score is the picture itself, at stride 2."""

    def forward(self, rgb: Tensor) -> Tensor:
        return F.avg_pool2d(rgb.mean(1, keepdim=True), 2)


@pytest.mark.parametrize("scheme", ["propagate", "interpolate"])
def test_scores_follow_the_picture_and_copying_does_not(scheme: Scheme) -> None:
    frames = pan((4, -2), 11)

    def error(name: Scheme) -> list[float]:
        found = segmenter(Luma(), scheme=name, interval=5).stream(frames)
        exact = segmenter(Luma(), scheme="every").stream(frames)
        inner = (slice(None), slice(16, -16), slice(20, -20))
        return [float((a.scores - b.scores)[inner].abs().mean()) for a, b in zip(found, exact, strict=True)]

    following, copying = error(scheme), error("copy")
    assert following[::5] == [0, 0, 0]
    for i in set(range(11)) - {0, 5, 10}:
        assert following[i] < 0.3 * copying[i]


# Bad arguments


@pytest.mark.parametrize(
    ("argument", "value", "accepted"),
    [
        ("scheme", "fastest", ["every", "copy", "propagate", "interpolate"]),
        ("interval", 0, ["1 or more"]),
        ("interval", -3, ["1 or more"]),
        ("interval", 2.5, ["whole number"]),
        ("interval", "5", ["whole number"]),
        ("fusion", "median", ["average", "maximum", "maximum-literal"]),
        ("propagation", "teleported", ["composed", "chained"]),
        ("reverse", "mirrored", ["inverted", "negated"]),
    ],
)
def test_a_bad_argument_is_named_with_what_is_accepted(argument: str, value: Any, accepted: list[str]) -> None:
    with pytest.raises(ValueError, match=argument) as raised:
        segmenter(**{argument: value})
    message = str(raised.value)
    assert repr(value) in message
    assert all(choice in message for choice in accepted)
    assert "\n" not in message


@pytest.mark.parametrize(("model", "told"), [("resnet", "camvid"), (42, "int"), ("py:absent.py:net", "absent.py")])
def test_a_bad_model_is_one_line(model: Any, told: str) -> None:
    with pytest.raises(ModelError, match=told) as raised:
        segmenter(model)
    assert "\n" not in str(raised.value)


def test_representations_are_short() -> None:
    made = segmenter(scheme="propagate", interval=4)
    assert repr(made) == "Segmenter(Network('Cells', cpu, float32), propagate n=4)"
    result = next(made.stream(pictures(1)))
    assert repr(result) == "Segmentation(frame 0, keyframe, 6x6x9 scores)"


@pytest.mark.parametrize("motion", ["auto", "none"])
def test_a_change_of_size_does_not_blend(motion: Any) -> None:
    rng = np.random.default_rng(0)
    both = [rng.integers(0, 256, size, np.uint8) for size in [(64, 96, 3)] * 6 + [(96, 64, 3)] * 6]
    found = list(segmenter((Features(), head()), interval=4, motion=motion).stream(iter(both)))
    assert [result.labels().shape for result in found] == [picture.shape[:2] for picture in both]


def test_auto_wants_motion_to_follow() -> None:
    for options in ({"motion": "none"}, {"scheme": "copy"}):
        with pytest.raises(ValueError, match="follows motion"):
            segmenter((Features(), head()), interval="auto", **options)


@pytest.mark.parametrize("threads", [False, True])
def test_a_source_that_reuses_its_buffer_gives_the_same(threads: bool) -> None:
    pictures = pan((3, -2), 11, size=SMALL)
    buffer = np.empty_like(pictures[0])

    def camera() -> Iterator[Picture]:
        for each in pictures:
            buffer[:] = each
            yield buffer

    segmenter = Segmenter(Cells(), interval=4, device="cpu")
    expected = [result.labels() for result in segmenter.stream(pictures)]
    with segmenter.running(camera(), threads=threads) as run:
        for result, labels in zip(run.results, expected, strict=True):
            np.testing.assert_array_equal(result.frame.pixels, pictures[result.frame.index])
            np.testing.assert_array_equal(result.labels(), labels)
