"""Options: each has one type, one meaning and one help text in all commands; former spellings still work."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from tests.support.evaluation import run as evaluate
from warpseg.cli import app

COMMANDS: dict[str, Any] = get_command(app).commands  # type: ignore[attr-defined]
# Options that differ from command to command: what --out names, and what is required.
OUT = {"segment": "DIR", "evaluate": "DIR", "reproduce": "DIR", "bench": "DIR", "calibrate": "FILE.json",
       "compare": "FILE.html"}  # fmt: skip
LISTS = {("--scheme", "evaluate"), ("--scheme", "calibrate"), ("--motion", "evaluate"), ("--interval", "evaluate"),
         ("--interval", "bench"), ("--interval", "reproduce")}  # fmt: skip
FORMER = {("calibrate", "--scheme"): "--schemes", ("calibrate", "--min-fps"): "--target-fps",
          ("calibrate", "--samples"): "--windows", ("reproduce", "--fusion-weights"): "--conv-weights"}  # fmt: skip


def options() -> dict[str, dict[str, Any]]:
    """Return every option but --help: {name: {command: option}}."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for command, made in COMMANDS.items():
        for option in made.params:
            if option.param_type_name == "option" and option.name != "help":
                found[next(name for name in option.opts if name.startswith("--"))][command] = option
    return found


def hinted(command: str, option: Any) -> Any:
    """Return the type of an option's value; whether the option may be left out is not part of it."""
    hint = get_type_hints(COMMANDS[command].callback)[option.name]
    kinds = [kind for kind in get_args(hint) if kind is not type(None)]
    return kinds[0] if type(None) in get_args(hint) else hint


@pytest.mark.parametrize("name", sorted(options()))
def test_an_option_is_the_same_in_every_command(name: str) -> None:
    (first_command, first), *others = options()[name].items()
    for command, option in others:
        assert option.opts[0] == first.opts[0]
        assert option.rich_help_panel == first.rich_help_panel
        assert option.is_flag == first.is_flag
        assert option.show_default == first.show_default
        if name != "--out":  # a folder or a file
            assert option.help == first.help
            assert hinted(command, option) == hinted(first_command, first)
        if name == "--out" or (name, command) in LISTS or (name, first_command) in LISTS:
            continue
        assert option.metavar == first.metavar


@pytest.mark.parametrize(("name", "command"), sorted(LISTS))
def test_a_list_says_so(name: str, command: str) -> None:
    assert ",..." in options()[name][command].metavar


def test_out_says_what_it_names() -> None:
    assert {command: option.metavar for command, option in options()["--out"].items()} == OUT


@pytest.mark.parametrize("name", sorted(options()))
def test_defaults_mean_the_same(name: str) -> None:
    """A default is the same everywhere, except for sizes of the work: intervals, frames, outputs."""
    defaults = {repr(option.default) for option in options()[name].values()}
    work = {"--out", "--scheme", "--interval", "--max-frames", "--size", "--save"}
    assert len(defaults) == 1 or name in work


def test_what_is_measured_is_what_can_be_run() -> None:
    segment, evaluate, bench = (
        {name for name, of_command in options().items() if command in of_command}
        for command in ("segment", "evaluate", "bench")
    )
    method = {"--scheme", "--interval", "--fusion", "--fusion-weights", "--propagation", "--reverse", "--motion",
              "--flow-weights"}  # fmt: skip
    network = {"--model", "--device", "--precision", "--imgsz", "--compile"}
    assert method | network <= segment & evaluate & bench


@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits_and_names_no_former_spelling(command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "120"}).output
    assert max(len(line) for line in shown.splitlines()) <= 120
    for (of, _), former in FORMER.items():
        assert of != command or not re.search(rf"{former}\b", shown)
    # One line for each option: as many as begin with a dash.
    rows = [line for line in shown.splitlines() if line.startswith("  -")]
    assert len(rows) == sum(command in of_command for of_command in options().values()) + 1


@pytest.mark.parametrize(("command", "name"), FORMER)
def test_a_former_spelling_is_the_same_option(command: str, name: str) -> None:
    option = options()[name][command]
    assert FORMER[command, name] in option.opts


def test_a_former_spelling_is_understood(tmp_path: Path) -> None:
    words = ["calibrate", "clip.mp4", "--out", str(tmp_path / "p.json"), "--schemes", "copy", "--windows", "5"]
    done = CliRunner().invoke(app, [*words, "--target-fps", "9", "--min-agreement", "95"])
    assert done.exit_code == 2
    assert "2 targets given" in done.stderr


def test_the_network_as_it_is_run_is_recorded_and_kept_apart(data: Path, tmp_path: Path) -> None:
    plain = ("--interval", "2", "--rounds", "0", "--scheme", "copy", "--json")
    facts: list[dict[str, Any]] = []
    for more in ((), ("--imgsz", "32x48"), ("--precision", "bf16"), ()):
        done = evaluate(data, tmp_path, *plain, *more)
        assert done.exit_code == 0, done.output
        assert ("done before" in done.stderr) == (more == () and len(facts) == 3)
        facts.append(json.loads(done.stdout)["model"])
    assert [(model["imgsz"], model["precision"]) for model in facts] == [
        (None, "float32"), ([32, 48], "float32"), (None, "bfloat16"), (None, "float32"),
    ]  # fmt: skip
    assert {model["compiled"] for model in facts} == {False}
