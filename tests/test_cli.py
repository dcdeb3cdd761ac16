"""The command line as a user meets it: exit codes, one-line errors, --json, help."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import drawn
import pytest
import typer
import yaml

from rsdata import stages
from rsdata.cli import app as cli

ROOT = Path(__file__).resolve().parents[1]
cli._register()
COMMANDS = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]


def rsdata(*args: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own and hold its exit code."""
    run = subprocess.run([sys.executable, "-m", "rsdata.cli.app", *map(str, args)], capture_output=True, text=True)
    assert run.returncode == code, run.stderr + run.stdout
    return run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    drawn.dota(tmp_path / "data/dota")
    return tmp_path / "data"


def test_convert_stats_check_show_pack(data: Path, tmp_path: Path) -> None:
    made = json.loads(rsdata("convert", "dota", "--json").stdout)
    assert [s["stage"] for s in made["stages"]] == ["00-read", "01-m2b", "02-b2c"] and made["corpus"] == "corpus/dota"
    assert json.loads(rsdata("convert", "dota", "--json").stdout)["ran"] == 0
    counted = json.loads(rsdata("stats", "corpus/dota", "--json").stdout)
    assert (counted["images"], counted["objects"]) == (5, 10)
    assert counted["objects_by_label"] == {"airplane": 6, "ship": 4} or counted["objects_by_label"] == {
        "plane": 6,
        "ship": 4,
    }
    packed = json.loads(rsdata("pack", "corpus/dota", "--format", "webdataset", "--json").stdout)
    assert packed["stages"][-1]["drops"] == {"no-captions": {"images": 1, "objects": 0}}
    assert list((tmp_path / "corpus/dota/03-pack/shards").glob("*.tar"))
    assert "no problems found" in rsdata("check", "corpus/dota").stdout
    shown = json.loads(rsdata("show", "corpus/dota", "dota/P0003", "-o", "x.png", "--json").stdout)
    assert shown["id"] == "dota/P0003" and (tmp_path / "x.png").stat().st_size > 1000
    assert "02-b2c" in rsdata("log", "corpus/dota").stdout


def test_json_is_all_there_is_on_stdout(data: Path) -> None:
    for args in (
        ("convert", "dota"),
        ("stats",),
        ("check",),
        ("log", "corpus/dota"),
        ("datasets",),
        ("datasets", "dota"),
    ):
        json.loads(rsdata(*args, "--json").stdout)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("convert", "dotta"), "no reader is called 'dotta'; did you mean dota"),
        (("convert", "dota", "--root", "nowhere"), "nowhere: no such folder for dataset dota"),
        (("stats", "nowhere"), "nowhere: no corpus here"),
        (("run", "nowhere.yaml"), "nowhere.yaml: cannot be read"),
        (("b2c", "corpus/x"), "corpus/x: no corpus here"),
        (("convert", "dota", "--no-images"), "--no-images"),
    ],
)
def test_a_users_error_is_one_line_and_exit_code_1(data: Path, args: tuple[str, ...], message: str) -> None:
    run = rsdata(*args, code=1)
    lines = [line for line in run.stderr.splitlines() if line]
    assert len(lines) == 1 and lines[0].startswith("rsdata: ") and message in lines[0] and run.stdout == ""


@pytest.mark.parametrize(
    "args", [("convert",), ("convert", "dota", "--to", "x"), ("tile", "c", "--size", "1"), ("nope",)]
)
def test_bad_arguments_are_exit_code_2(data: Path, args: tuple[str, ...]) -> None:
    assert "Traceback" not in rsdata(*args, code=2).stderr


def test_too_many_drops_are_exit_code_3(data: Path) -> None:
    (data / "dota/images/P0001.png").unlink()
    run = rsdata("convert", "dota", code=3)
    assert "read dropped 1 of 5 images (missing-image 1): more than max_drop allows" in run.stderr
    assert "dropped by read: missing-image: 1 images, 1 objects" in run.stdout


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_an_example_and_stands_in_the_readme(name: str) -> None:
    text = COMMANDS[name].help or ""
    assert f"Example: rsdata {name}" in text, f"{name}: its help has no example"
    assert f"rsdata {name}" in (ROOT / "README.md").read_text(), f"{name} is not in the README"


def test_every_command_stands_in_a_panel_of_the_help() -> None:
    named = " ".join(cli.PANELS.values()).split()
    assert sorted(named) == sorted(COMMANDS)


@pytest.mark.parametrize("name", sorted(set(stages.STAGES) - {"read"}))
def test_every_stage_parameter_can_be_given(name: str) -> None:
    command = COMMANDS[name]
    commands = [*getattr(command, "commands", {}).values(), command]  # `remotecount build` is a group's
    options = {p.name for c in commands for p in c.params}
    assert "settings" in options or set(stages.defaults(name)) <= options


def test_set_gives_any_parameter(data: Path) -> None:
    rsdata("convert", "dota", "--to", "records")
    rsdata("m2b", "corpus/dota", "--set", "min_area=3")
    assert yaml.safe_load(Path("corpus/dota/corpus.yaml").read_text())["stages"][0]["m2b"]["min_area"] == 3
    assert "no parameter 'colour'" in rsdata("m2b", "corpus/dota", "--set", "colour=3", code=1).stderr
    assert rsdata("m2b", "corpus/dota", "--set", "colour", code=2)


def test_a_reader_that_stops_listening_is_no_error(data: Path) -> None:
    rsdata("convert", "dota")
    shell = f"{sys.executable} -m rsdata.cli.app stats corpus/dota | head -1"
    run = subprocess.run(["bash", "-o", "pipefail", "-c", shell], capture_output=True, text=True)
    assert "Traceback" not in run.stderr
