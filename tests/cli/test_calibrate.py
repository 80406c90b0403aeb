"""``warpseg calibrate``: what is chosen, that bounds are bounds, and that profiles say what they say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner, Result

from tests.support.tiny_models import MODELS
from warpseg import networks
from warpseg.cli import app
from warpseg.errors import ModelError, OutputError, ProfileError
from warpseg.measure.accuracy.chunks import Reader
from warpseg.measure.calibration.bootstrap import lower_bound
from warpseg.measure.calibration.profile import Profile, Weights, read, write
from warpseg.measure.calibration.run import calibrate
from warpseg.measure.calibration.samples import GAP, SPAN, Material, VideoMaterial, known, plan
from warpseg.measure.calibration.score import ExcerptJudge
from warpseg.measure.calibration.search import Choice, Row, largest, smallest_that
from warpseg.measure.calibration.targets import Measure, Target, by_distance, worst
from warpseg.synthetic import Street
from warpseg.types import Frame, MotionField
from warpseg.video.encode import encode

MODEL, CHECKSUM = f"py:{MODELS}:tiny", networks.checksum(MODELS)
COPY, PROPAGATE, INTERPOLATE = (Choice(name) for name in ("copy", "propagate", "interpolate"))


class Table:
    """A judge that knows every bound beforehand and writes down what it was asked."""

    def __init__(self, target: float, bounds: Callable[[Choice, int], float]) -> None:
        self.target, self.bounds = target, bounds
        self.asked: list[tuple[Choice, int]] = []

    def __call__(self, choices: Sequence[Choice], n: int) -> list[Row]:
        self.asked += [(choice, n) for choice in choices]
        found = [(choice, self.bounds(choice, n)) for choice in choices]
        return [Row(c, n, (1.0, *[b] * (n - 1)), b, b, b, b >= self.target) for c, b in found]


def falling(**slopes: float) -> Callable[[Choice, int], float]:
    return lambda choice, n: 1 - slopes[choice.scheme] * (n - 1)


@pytest.mark.parametrize("last", range(2, 31))
def test_the_largest_interval_of_a_monotone_table_is_found(last: int) -> None:
    judge = Table(0.9, lambda choice, n: 0.95 if n <= last else 0.85)
    row, rows = largest(judge, [INTERPOLATE], 30)
    assert row is not None
    assert row.interval == last
    assert len(judge.asked) == len(set(judge.asked)) == len(rows) <= 12


def test_the_scheme_with_the_largest_interval_wins_and_no_other_is_refined_in_vain() -> None:
    judge = Table(0.9, falling(copy=0.04, propagate=0.012, interpolate=0.008))
    row, _ = largest(judge, [COPY, PROPAGATE, INTERPOLATE], 30)
    assert row is not None
    assert (row.choice, row.interval) == (INTERPOLATE, 13)
    assert {n for choice, n in judge.asked if choice == COPY} == {2, 3, 5}


def test_equal_intervals_are_told_apart_by_their_bound() -> None:
    judge = Table(0.9, lambda choice, n: (0.96 if choice == PROPAGATE else 0.95) if n <= 8 else 0.5)
    row, _ = largest(judge, [COPY, PROPAGATE, INTERPOLATE], 30)
    assert row is not None
    assert (row.choice, row.interval) == (PROPAGATE, 8)


def test_luck_after_a_miss_does_not_count() -> None:
    judge = Table(0.9, lambda choice, n: 0.85 if n == 5 else 0.95)
    row, _ = largest(judge, [COPY], 30)
    assert row is not None
    assert row.interval == 4


def test_where_interval_2_misses_nothing_is_chosen() -> None:
    judge = Table(0.9, lambda choice, n: 0.5)
    row, rows = largest(judge, [COPY, PROPAGATE], 30)
    assert row is None
    assert [(each.choice, each.interval) for each in rows] == [(COPY, 2), (PROPAGATE, 2)]


@pytest.mark.parametrize("least", [2, 3, 4, 8, 29, 30])
def test_the_smallest_interval_that_is_fast_enough_is_found(least: int) -> None:
    assert smallest_that(lambda n: n >= least, 30) == least
    assert smallest_that(lambda n: False, 30) is None


def test_a_row_names_its_worst_distance() -> None:
    row = Row(COPY, 4, (1.0, 0.9, 0.8, 0.95), 0.8, 0.7, 0.6, True)
    assert row.worst_distance == 2


def test_measures_are_what_they_say() -> None:
    matrix = np.array([[[8, 2], [1, 9]], [[5, 5], [0, 10]]])
    np.testing.assert_allclose(by_distance("agreement", matrix), [17 / 20, 15 / 20])
    miou = by_distance("mIoU", matrix)
    np.testing.assert_allclose(miou, [(8 / 11 + 9 / 12) / 2, (5 / 10 + 10 / 15) / 2])
    assert float(worst("agreement", np.array([1.0, 0.9, 0.7, 0.8]))) == 0.7
    assert float(worst("drop of mIoU", np.array([0.75, 0.5, 0.7]))) == -0.25
    assert Target("max-drop", 5).is_met(-0.04)
    assert not Target("max-drop", 5).is_met(-0.06)
    assert Target("min-miou", 65).is_met(0.66)
    assert not Target("min-agreement", 95).is_met(0.949)


def drawn_windows(random: np.random.Generator, windows: int, skewed: bool, n: int = 4) -> NDArray[np.int64]:
    """Return agreement matrices (n, windows, 2, 2) of windows that differ; the mean falls by 2 % a distance."""
    # Skewed: most windows are easy, and a few are very hard.
    loss = random.gamma(0.8, 0.05, windows) if skewed else np.abs(random.normal(0.04, 0.02, windows))
    matrices = np.zeros((n, windows, 2, 2), np.int64)
    for p in range(n):
        wrong = np.clip(1e4 * (loss + 0.02 * p + random.normal(0, 0.005, windows)), 0, 1e4).astype(np.int64)
        matrices[p, :, 0, 1], matrices[p, :, 0, 0] = wrong, 10_000 - wrong
    return matrices


@pytest.mark.parametrize(
    ("windows", "skewed", "least"), [(8, False, 0.92), (20, False, 0.93), (20, True, 0.89), (60, True, 0.92)]
)
def test_the_bound_is_below_the_truth_in_95_of_100_samples(windows: int, skewed: bool, least: float) -> None:
    """Coverage in 200 samples; rare bad windows are not among few of them, which costs some of it."""
    random = np.random.default_rng(5)
    many = drawn_windows(random, 100_000, skewed)
    truth = float(worst("agreement", by_distance("agreement", many.sum(1))))
    samples = 200
    bounds = [
        lower_bound("agreement", drawn_windows(random, windows, skewed), range(windows), 0.95) for _ in range(samples)
    ]
    assert least <= np.mean([bound <= truth for bound in bounds]) < 1
    assert truth - float(np.mean(bounds)) < 0.05  # and it says something


def test_sources_are_drawn_whole_where_there_are_many() -> None:
    random = np.random.default_rng(0)
    one_each = drawn_windows(random, 12, skewed=False)
    repeated = np.repeat(one_each, 10, 1)  # ten windows of each source, all alike: no more is known than from one
    few = lower_bound("agreement", one_each, range(12), 0.95)
    assert lower_bound("agreement", repeated, np.repeat(np.arange(12), 10).tolist(), 0.95) == pytest.approx(few)
    assert lower_bound("agreement", repeated, range(120), 0.95) > few


def test_four_windows_are_too_few() -> None:
    with pytest.raises(ValueError, match="4 windows"):
        lower_bound("agreement", drawn_windows(np.random.default_rng(0), 4, skewed=False), range(4), 0.95)


def test_excerpts_are_spread_do_not_overlap_and_have_whole_windows() -> None:
    found = plan([(400, None), (200, None)], 20, 30)
    assert found.limit == 30
    assert len(found.excerpts) == 20
    assert {excerpt.source for excerpt in found.excerpts} == {0, 1}
    for excerpt in found.excerpts:
        assert excerpt.first >= 29
        assert excerpt.first + SPAN - 1 + 29 < (400, 200)[excerpt.source]
        assert [i - excerpt.first for i in excerpt.targets] == [0, 3, 6, 9]
    starts = [excerpt.first for excerpt in found.excerpts if excerpt.source == 0]
    assert all(later - earlier >= SPAN for earlier, later in pairwise(starts))
    assert found == plan([(400, None), (200, None)], 20, 30)


def test_memory_does_not_grow_with_the_video_and_short_ones_lower_the_interval() -> None:
    assert len(plan([(1_000_000, None)], 20, 30).excerpts) == 20
    assert plan([(40, None)] * 5, 20, 30).limit == 10


def test_sparse_labels_are_the_frames_that_are_judged() -> None:
    snippets = plan([(30, [19])] * 40, 20, 30)
    assert snippets.limit == 11  # frames 20 to 29 follow the label
    assert len(snippets.excerpts) == 20
    assert {excerpt.targets for excerpt in snippets.excerpts} == {(19,)}


class Counted:
    """Frames without pixels, and how often reading began."""

    name = "counted"
    labels: Mapping[int, NDArray[np.uint8]] | None = None

    def __init__(self, length: int) -> None:
        self.length = length
        self.starts: list[int] = []

    def count(self) -> int:
        return self.length

    def start(self, first: int) -> Iterator[Frame]:
        self.starts.append(first)
        for i in range(max(0, first - 3), self.length):
            yield Frame(i, Fraction(i), (4, 4), MotionField.zero())


def test_stretches_that_follow_each_other_are_read_in_one_go() -> None:
    material = Counted(1000)
    reader = Reader(material.start, gap=GAP)
    for first, count in ((5, 20), (15, 20), (15, 5), (40, 3), (500, 10), (990, 20)):
        expected = list(range(first, min(first + count, 1000)))
        assert [frame.index for frame in reader.read(first, count)] == expected
    assert material.starts == [5, 500, 990]


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("street") / "street.mp4"
    scene = Street(seed=4, size=(96, 128), rate=15, speed=6)
    encode((scene.still(i)[0] for i in range(110)), path, rate=15, options={"crf": "20"})
    return path


def drives(folder: Path, seeds: Sequence[int]) -> list[Material]:
    found: list[Material] = []
    for seed in seeds:
        scene = Street(seed=seed, size=(96, 128), rate=15, speed=4 + 2 * (seed % 4))
        path = folder / f"{seed}.mp4"
        encode((scene.still(i)[0] for i in range(50)), path, rate=15, options={"crf": "20"})
        found.append(VideoMaterial(str(path), "auto"))
    return found


def test_the_promise_holds_on_streets_that_were_not_seen(tmp_path: Path) -> None:
    network = networks.load(f"py:{MODELS}:tiny", device="cpu")
    target = Target("min-agreement", 85)
    found = calibrate(network, drives(tmp_path, range(1, 5)), target, [COPY, INTERPOLATE], windows=8, max_interval=5)
    assert found.row is not None
    assert found.choice is not None
    assert found.row.bound >= 0.85
    unseen = drives(tmp_path, range(21, 25))
    chosen = plan(known(unseen), 8, 5)
    (tmp_path / "maps").mkdir()
    judge = ExcerptJudge(network, unseen, chosen, "agreement", target.is_met, 0.95, tmp_path / "maps")
    matrices = judge.matrices([found.choice], found.interval)[found.choice]
    assert float(worst("agreement", by_distance("agreement", matrices.sum(1)))) >= 0.85
    if found.interval < found.plan.limit:  # and it was not chosen timidly: the next one missed
        missed = [row for row in found.rows if row.choice == found.choice and row.interval == found.interval + 1]
        assert [row.meets for row in missed] == [False]


def test_a_video_is_read_from_the_middle_with_its_own_frame_numbers(street: Path) -> None:
    material = VideoMaterial(str(street), "auto")
    assert material.count() == 110
    frames = Reader(material.start, gap=GAP).read(70, 12)
    whole = Reader(material.start, gap=GAP).read(0, 110)
    assert [frame.index for frame in frames] == list(range(70, 82))
    for frame in frames:
        np.testing.assert_array_equal(frame.pixels, whole[frame.index].pixels)


def profile(**changes: Any) -> Profile:
    made = Profile(
        "interpolate", 7, "average", "auto", Target("min-agreement", 95.0), {"name": "camvid", "sha256": "ab" * 32},
        facts={"evidence": [{"interval": 7, "bound": 95.2}]},
    )  # fmt: skip
    return replace(made, **changes)


def test_a_profile_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    write(profile(), path)
    assert read(path) == profile()
    assert [each.name for each in tmp_path.iterdir()] == ["profile.json"]
    with pytest.raises(OutputError, match="nowhere"):
        write(profile(), tmp_path / "nowhere" / "profile.json")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda found: found.pop("format"), "not a profile of this version"),
        (lambda found: found.pop("settings"), "no settings"),
        (lambda found: found["settings"].update(scheme="best"), "scheme 'best'"),
        (lambda found: found["settings"].update(interval=0), "interval 0"),
        (lambda found: found["settings"].update(interval="7"), "interval '7'"),
        (lambda found: found["settings"].pop("fusion"), "fusion None"),
        (lambda found: found["target"].update(kind="min-beauty"), "min-beauty"),
        (lambda found: found.update(model="camvid"), "no model"),
    ],
)
def test_a_malformed_profile_is_named(tmp_path: Path, change: Callable[[dict[str, Any]], object], said: str) -> None:
    path = tmp_path / "profile.json"
    write(profile(), path)
    found = json.loads(path.read_text())
    change(found)
    path.write_text(json.dumps(found))
    with pytest.raises(ProfileError, match=said) as error:
        read(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_what_is_no_profile_at_all_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="cannot be read"):
        read(tmp_path / "absent.json")
    (tmp_path / "text.json").write_text("interval: 5")
    with pytest.raises(ProfileError, match="not JSON"):
        read(tmp_path / "text.json")


def test_a_profile_is_for_one_network() -> None:
    profile().check_model("camvid", "ab" * 32, "p.json")
    profile().check_model("a copy of it", "ab" * 32, "p.json")
    profile(model={"name": "mine", "sha256": None}).check_model("mine", None, "p.json")
    for name, checksum in (("camvid", "cd" * 32), ("camvid", None)):
        with pytest.raises(ModelError, match=r"p\.json: made with camvid"):
            profile().check_model(name, checksum, "p.json")
    with pytest.raises(ModelError, match="made with mine"):
        profile(model={"name": "mine", "sha256": None}).check_model("other", None, "p.json")


def test_a_profile_knows_the_weights_of_its_flow(street: Path, tmp_path: Path) -> None:
    path, weights = tmp_path / "profile.json", tmp_path / "raft.pth"
    weights.write_bytes(b"weights")
    made = profile(motion="flow", flow_weights=Weights.of(weights), model={"name": MODEL, "sha256": CHECKSUM})
    write(made, path)
    assert read(path) == made
    assert Weights.of(weights).found(path) == weights

    def segment(*more: str) -> Result:
        words = ["segment", str(street), "--out", str(tmp_path / "out"), "--profile", str(path), "--model", MODEL]
        return CliRunner().invoke(app, [*words, "--device", "cpu", "--save", "stats", "--max-frames", "2", *more])

    # They are taken from there: torch has something to say of them.
    assert "raft.pth" in error_of(segment(), 1)
    (tmp_path / "others.pth").write_bytes(b"others")
    given = segment("--flow-weights", str(tmp_path / "others.pth"))
    assert "others.pth" in error_of(given, 1)
    assert "--flow-weights are not the profile's" in given.stderr
    assert segment("--motion", "estimate").exit_code == 0
    weights.write_bytes(b"changed")
    assert "raft.pth is not the file" in error_of(segment("--overwrite"), 2)
    weights.unlink()
    assert "raft.pth is not there; give them with --flow-weights" in error_of(segment("--overwrite"), 2)
    with pytest.raises(ModelError, match=r"raft.pth: cannot be read"):
        Weights.of(weights)
    found = json.loads(path.read_text())
    found["settings"]["flow_weights"] = "raft.pth"
    path.write_text(json.dumps(found))
    with pytest.raises(ProfileError, match=r"flow_weights 'raft.pth': expected a file"):
        read(path)


def test_flow_weights_reach_the_motion(street: Path, tmp_path: Path, run: Callable[..., Result]) -> None:
    material = VideoMaterial(str(street), "flow", tmp_path / "absent.pth")
    with pytest.raises(ModelError, match=r"absent.pth"):
        next(material.start(0))
    more = ("--flow-weights", tmp_path / "absent.pth", "--min-agreement", "90")
    assert "for --motion flow only" in error_of(run(street, *more), 2)
    assert "absent.pth: cannot be read" in error_of(run(street, *more, "--motion", "flow"), 2)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Result]:
    def command(*words: str | Path, model: str = "tiny") -> Result:
        given = ["calibrate", *map(str, words), "--model", f"py:{MODELS}:{model}", "--device", "cpu"]
        return CliRunner().invoke(app, [*given, "--out", str(tmp_path / "profile.json")])

    return command


def error_of(result: Result, code: int) -> str:
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    lines = [line for line in result.stderr.splitlines() if line.startswith("error:")]
    if code == 2 and not lines:  # typer's own
        return " ".join(result.stderr.replace("│", " ").split())
    assert len(lines) == 1, result.stderr
    return lines[0]


def test_a_profile_is_made_used_and_named(run: Callable[..., Result], street: Path, tmp_path: Path) -> None:
    result = run(
        street, "--min-agreement", "75", "--max-interval", "4", "--windows", "6", "--plot", tmp_path / "plot.png",
        "--schemes", "copy,interpolate",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "mIoU" not in result.output  # never by that name
    found = json.loads((tmp_path / "profile.json").read_text())
    reached, evidence = found["reached"], found["evidence"]
    assert reached["bound"] >= 75
    assert reached["weakest_window"] <= reached["worst"]
    assert reached["bound"] < reached["worst"] == min(reached["by_distance"])
    assert found["settings"]["interval"] == max(row["interval"] for row in evidence if row["meets"])
    assert found["sources"] == ["street.mp4"]
    assert found["sampling"]["network_frames"] <= 110
    assert "wrote:" in result.stdout
    with Image.open(tmp_path / "plot.png") as image:
        assert image.size == (1100, 682)

    def segment(*more: str, model: str = "tiny") -> Result:
        words = ["segment", str(street), "--out", str(tmp_path / "out"), "--profile", str(tmp_path / "profile.json")]
        options = ["--save", "stats", "--max-frames", "12", "--device", "cpu", "--model", f"py:{MODELS}:{model}"]
        return CliRunner().invoke(app, [*words, *options, *more])

    def told() -> dict[str, Any]:
        facts: dict[str, Any] = json.loads((tmp_path / "out" / "street" / "run.json").read_text())
        return facts

    assert segment().exit_code == 0
    assert {key: told()[key] for key in ("scheme", "interval")} == {
        key: found["settings"][key] for key in ("scheme", "interval")
    }
    assert told()["profile"]["file"] == str(tmp_path / "profile.json")
    assert told()["profile"]["overridden"] == []
    own = segment("--overwrite", "--interval", "9")
    assert own.exit_code == 0
    assert "--interval 9 instead of the profile's" in own.stderr
    assert (told()["interval"], told()["scheme"]) == (9, found["settings"]["scheme"])
    assert told()["profile"]["overridden"] == ["interval"]
    (tmp_path / "profile.json").write_text("{}")
    assert "not a profile" in error_of(segment("--overwrite"), 2)


def test_another_network_is_refused(street: Path, tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    write(profile(), path)
    words = ["segment", str(street), "--out", str(tmp_path / "out"), "--profile", str(path)]
    result = CliRunner().invoke(app, [*words, "--model", f"py:{MODELS}:tiny", "--device", "cpu"])
    assert "made with camvid" in error_of(result, 2)
    assert not (tmp_path / "out").exists()


def test_a_promise_that_interval_2_breaks_is_refused_and_nothing_written(
    run: Callable[..., Result], street: Path, tmp_path: Path
) -> None:
    result = run(street, "--min-agreement", "99.99", "--max-interval", "2", "--windows", "5", "--schemes", "copy")
    assert "missed at interval 2 already" in error_of(result, 1)
    assert "--scheme every" in result.stderr
    assert not (tmp_path / "profile.json").exists()


def test_a_speed_that_every_frame_has_needs_no_interval(
    run: Callable[..., Result], street: Path, tmp_path: Path
) -> None:
    result = run(street, "--target-fps", "1", "--max-interval", "3")
    assert result.exit_code == 0, result.output
    found = json.loads((tmp_path / "profile.json").read_text())
    assert (found["settings"]["scheme"], found["settings"]["interval"]) == ("every", 1)
    assert found["frames_per_second"] > 1


def test_a_speed_out_of_reach_is_refused(run: Callable[..., Result], street: Path) -> None:
    result = run(street, "--target-fps", "1e6", "--max-interval", "2", "--schemes", "copy")
    assert "is not reached on this machine" in error_of(result, 1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["clip.mp4"], "0 targets given"),
        (["clip.mp4", "--min-agreement", "95", "--target-fps", "10"], "2 targets given"),
        (["clip.mp4", "--min-miou", "65"], "mIoU needs true labels"),
        (["clip.mp4", "--max-drop", "2"], "mIoU needs true labels"),
        (["clip.mp4", "--min-agreement", "101"], "100 at most"),
        (["clip.mp4", "--min-agreement", "95", "--schemes", "best"], "expected some of"),
        (["--min-agreement", "95"], "either sources or a --dataset"),
        (["--dataset", "camvid", "--min-miou", "60"], "--root"),
        (["-", "--min-agreement", "95"], "read only once"),
        (["clip.mp4", "--min-agreement", "95", "--plot", "plot.jpg"], "ends in .png"),
    ],
)
def test_wrong_usage_is_named(run: Callable[..., Result], words: list[str], said: str) -> None:
    assert said in error_of(run(*words), 2)


def test_sources_that_cannot_do_are_named(run: Callable[..., Result], street: Path, tmp_path: Path) -> None:
    assert "no such file" in error_of(run(tmp_path / "absent.mp4", "--min-agreement", "95"), 1)
    short = tmp_path / "short.mp4"
    encode((np.full((64, 96, 3), i, np.uint8) for i in range(30)), short, rate=25)
    assert "windows" in error_of(run(short, "--min-agreement", "95"), 1)


@pytest.mark.parametrize("measure", ["mIoU", "drop of mIoU", "agreement"])
def test_targets_choose_their_measure(measure: Measure) -> None:
    kinds = {"mIoU": "min-miou", "drop of mIoU": "max-drop", "agreement": "min-agreement"}
    assert Target(kinds[measure], 5).measure(labelled=True) == measure  # type: ignore[arg-type]
    assert Target("target-fps", 5).measure(labelled=False) == "agreement"
    assert Target("target-fps", 5).measure(labelled=True) == "mIoU"
