"""The house keeps its rooms apart and small; what may import what on the floors is `lint-imports`' to check."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("engine", "demos", "weights", "tests")
LONGEST_FILE = 300
LONGEST_FUNCTION = 50


def sources() -> Iterator[Path]:
    """Every Python file of the project."""
    yield ROOT / "app.py"
    for folder in FOLDERS:
        yield from (ROOT / folder).rglob("*.py")


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> set[str]:
    """Top-level names of all modules that a file imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize(
    ("folder", "forbidden"), [("engine", {"gradio", "demos"}), ("demos", {"torch", "torchvision"})]
)
def test_rooms_do_not_import_what_is_not_theirs(folder: str, forbidden: set[str]) -> None:
    files = list((ROOT / folder).rglob("*.py"))
    assert files
    for path in files:
        assert not imported(path) & forbidden, path


def seconds_and_modules(code: str) -> tuple[float, set[str]]:
    """Time of an import in a new process, and what it brought along."""
    timed = f"import sys, time; start = time.perf_counter(); {code}; print(time.perf_counter() - start, *sys.modules)"
    ended = subprocess.run([sys.executable, "-c", timed], cwd=ROOT, capture_output=True, text=True, check=True)
    seconds, *modules = ended.stdout.split()
    return float(seconds), set(modules)


@pytest.mark.alone
def test_importing_the_engine_is_quick_and_brings_no_torch() -> None:
    runs = [seconds_and_modules("import engine") for _ in range(3)]
    assert min(seconds for seconds, _ in runs) < 0.3
    modules = runs[0][1]
    assert not {"torch", "gradio", "numpy"} & modules


def test_listing_the_tasks_brings_no_torch() -> None:
    _, modules = seconds_and_modules("from engine import TASKS; list(TASKS)")
    assert "torch" not in modules


def test_building_the_page_loads_neither_torch_nor_weights() -> None:
    _, modules = seconds_and_modules(
        "from demos import hub; from demos.serving.site import Site; from engine import Runtime; "
        "hub.build(Site(Runtime()))"
    )
    assert not {"torch", "safetensors"} & modules


def test_no_file_is_too_long() -> None:
    paths = list(sources())
    assert len(paths) > 200
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    assert not {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE}


def test_no_function_is_too_long() -> None:
    functions = [
        (f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", (node.end_lineno or 0) - node.lineno + 1)
        for path in sources()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert len(functions) > 1000
    assert not {name: lines for name, lines in functions if lines > LONGEST_FUNCTION}


def test_example_pictures_are_small() -> None:
    files = list((ROOT / "demos" / "examples").glob("*.jpg"))
    assert len(files) >= 8
    assert all(path.stat().st_size < 150_000 for path in files)
