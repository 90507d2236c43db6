"""Benchmarks: figures of every task, a table in a page, another program in turn, profiles."""

from __future__ import annotations

import gzip
import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine import TASKS
from engine.bench import report as reports
from engine.bench import style_v1, style_v2, style_v3
from engine.bench.cases import Case, cases, missing
from engine.bench.measure import measured
from engine.bench.table import BEGIN, END, markdown, put
from engine.cli.main import main
from engine.contracts.errors import ParameterError
from engine.hardware.device import best_device
from engine.model_store.loaded_nets import models
from tests.support import pictures

ROOT = Path(__file__).parents[2]


def test_every_task_is_measured_with_pictures_that_it_takes() -> None:
    for task in TASKS:
        found = cases(task, best_device())
        assert found
        for case in found:
            case.parameters(task)
            given = case.pictures(task)
            for each in task.inputs:
                each.check(len(given.get(each.name, ())))
    methods = {case.values["method"] for case in cases(TASKS["super-resolution"], best_device())}
    assert methods == set(TASKS["super-resolution"].parameters.model_fields["method"].annotation.__args__)


def test_a_figure_has_cold_and_warm_seconds_and_their_spread() -> None:
    task = TASKS["find-faces"]
    figure = measured(task, Case(), 3)
    assert figure["runs"] == 3
    low, high = figure["spread"]
    assert 0 < low <= figure["seconds"] <= high
    assert figure["cold_seconds"] > figure["seconds"], "the nets were loaded again"
    assert figure["picture"] == "512x512"
    assert figure["peak_memory_bytes"] > 1e8
    assert figure["pictures_per_second"] == pytest.approx(1 / figure["seconds"])
    assert len(models), "warm runs keep them"


def test_what_has_to_be_downloaded_is_told_and_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    task = TASKS["super-resolution"]
    far = Case(values={"method": "esrgan"})
    assert missing(task, far) == ["esrgan-x4"]
    assert not missing(task, Case(values={"method": "bicubic"}))
    monkeypatch.setattr(reports, "cases", lambda task, device: (far,))
    assert reports.bench([task])["tasks"] == {
        "super-resolution": [{"what": "super-resolution method=esrgan", "missing": ["esrgan-x4"]}]
    }


def test_the_table_takes_its_place_in_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nstale\n{END}\nbehind\n")
    assert main(["bench", "find-faces", "--repeat", "1", "--table", str(page), "--json", str(tmp_path / "a.json")]) == 0
    text = page.read_text()
    assert text.startswith(f"before\n{BEGIN}\n`python -m engine bench find-faces --repeat 1 --table page.md` on 20")
    assert text.endswith(f"|\n{END}\nbehind\n")
    assert "stale" not in text
    report = json.loads((tmp_path / "a.json").read_text())
    assert report["machine"] in text
    (figure,) = report["tasks"]["find-faces"]
    assert f"| {3600 * figure['pictures_per_second']:,.0f} |" in text
    assert main(["bench", "find-faces", "--repeat", "0"]) == 1
    page.write_text(f"{BEGIN}\n{END}\n")
    put("a table", page)
    assert page.read_text() == f"{BEGIN}\na table\n{END}\n", "also where there was none"
    (tmp_path / "bare.md").write_text("no marks")
    with pytest.raises(ParameterError, match="no lines"):
        put(markdown(report, "command", date(2026, 1, 1)), tmp_path / "bare.md")
    capsys.readouterr()


def test_the_readme_has_the_figures_of_every_task() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text.split(BEGIN)[1].split(END)[0]
    assert "python -m engine bench" in table
    for task in TASKS:
        assert f"\n| {task.name}" in table, task.name


TYPES = ("cpu", "cuda", "mps")


def details(task: str) -> list[dict[str, Any]]:
    """Figures of a task's parts, without whole runs."""
    return reports.bench([TASKS[task]], repeat=1, details=True)["tasks"][task]


@pytest.fixture
def parts_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "cases", lambda task, device: ())


@pytest.mark.usefixtures("parts_only")
def test_an_iteration_of_v1_stands_beside_its_bare_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(style_v1, "ITERATION_SIDES", dict.fromkeys(TYPES, (64,)))
    monkeypatch.setattr(style_v1, "LEAST_PAIRS", 1)
    (iteration,) = details("style-v1")
    assert iteration["ratio"] > 0.5


@pytest.mark.usefixtures("parts_only")
def test_v2_stands_beside_the_papers_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(style_v2, "SIDE", 64)
    monkeypatch.setattr(style_v2, "SIZES", dict.fromkeys(TYPES, ((64, 48),)))
    beside, frame = details("style-v2")
    assert beside["ratio"] > 0
    assert frame["seconds"] > 0


@pytest.mark.usefixtures("parts_only")
def test_the_search_of_v3_its_parts_and_rematching_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(style_v3, "SIDES", dict.fromkeys(TYPES, (64,)))
    monkeypatch.setattr(style_v3, "REMATCHING", {"size": 64, "iterations": 2})
    early, late, parts, *rematched = details("style-v3")
    for search in (early, late):
        assert search["seconds"] > 0
        assert search["product_seconds"] > 0
        assert search["differing_arg_max"]["float16"] < 0.2
    assert parts["matching_seconds"] > 0
    assert parts["network_seconds"] > 0
    assert [figure["what"] for figure in rematched] == [f"style-v3, matched every {every}" for every in (1, 3, 10)]
    assert all(figure["fresh_total"] > 0 for figure in rematched)


PEER = """
import time
SEEN = []
def same(image):
    SEEN.append(image.size)
    time.sleep(0.3)
text = "no function"
"""


def test_another_program_runs_in_turn_on_the_same_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "peer_of_test.py").write_text(PEER)
    photo = pictures.saved(pictures.scene(80, 60), tmp_path / "a.png")
    given = ["bench", "super-resolution", "--set", "method=bicubic", "scale=2", "--repeat", "3"]
    given += ["--pictures", f"image={photo}", "--json", str(tmp_path / "a.json")]
    assert main([*given, "--against", f"{tmp_path}/peer_of_test.py:same"]) == 0
    told = capsys.readouterr().out
    assert "ours takes" in told
    assert sys.modules["peer_of_test"].SEEN == [(80, 60)] * 4, "the first pair is left out"
    found = json.loads((tmp_path / "a.json").read_text())["beside"]
    assert found["pairs"] == 3
    assert found["other_seconds"] >= 0.3
    assert found["spread"][0] <= found["ratio"] <= found["spread"][1] < 1
    for wrong in ("peer_of_test.py:none", "peer_of_test.py:text", "nowhere.py:same", "no.such.module:same"):
        assert main([*given, "--against", f"{tmp_path}/{wrong}" if ".py" in wrong else wrong]) == 1
        assert "function" in capsys.readouterr().err
    assert main(["bench", "--against", "a.py:b"]) == 1
    assert "one TASK" in capsys.readouterr().err


def test_a_profile_names_the_largest_costs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, told = tmp_path / "traces", tmp_path / "a.json"
    assert main(["bench", "find-faces", "--profile", str(folder), "--json", str(told)]) == 0
    (found,) = json.loads(told.read_text())["profiles"]
    for kind in ("operators", "functions"):
        shares = [each["share"] for each in found[kind]]
        assert len(shares) == 3
        assert shares == sorted(shares, reverse=True)
        assert 0 < sum(shares) <= 1
    assert any("conv" in each["name"] for each in found["operators"])
    trace = json.loads(gzip.decompress((folder / found["trace"]).read_bytes()))
    assert len(trace["traceEvents"]) > 50
    assert "conv" in capsys.readouterr().out
