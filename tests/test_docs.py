"""README and docs: short enough, links and paths that exist, commands that are understood, an example that works."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from engine import Runtime
from engine.cli.main import _parser, main
from engine.contracts.task import Registry, TaskSpec
from engine.imaging.door import open_picture
from engine.tasks import TASKS
from tests.support import pictures

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
BY_NAME = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
NOT_IN_THE_REPOSITORY = {"weights/identities"}
"""Made by the owner of an installation."""


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path, language: str) -> list[str]:
    """Blocks of code in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text_of(page), re.MULTILINE | re.DOTALL)


def prose(page: Path) -> str:
    """The page without blocks of code."""
    return re.sub(r"^```.*?^```", "", text_of(page), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """What links can name of a page, made of its headings as GitHub does it."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_readme_is_short() -> None:
    assert len(text_of(ROOT / "README.md").splitlines()) <= 150


def test_the_readme_leads_to_every_page() -> None:
    linked = re.findall(r"\]\((docs/[\w-]+\.md|CHANGELOG\.md)\)", text_of(ROOT / "README.md"))
    assert {str(page.relative_to(ROOT)) for page in PAGES[1:]} == set(linked)


@BY_NAME
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if target.startswith(("http://", "https://")):
            continue
        file, _, anchor = target.partition("#")
        path = page.parent / file if file else page
        assert path.is_file(), target
        assert not anchor or anchor in anchors(path), target


@BY_NAME
def test_paths_exist(page: Path) -> None:
    quoted = re.findall(r"`((?:engine|demos|tests|weights|docs)/[\w./-]+)`", prose(page))
    missing = [path for path in quoted if not (ROOT / path).exists() and path not in NOT_IN_THE_REPOSITORY]
    if page.name == "adding-a-task.md":
        missing = [path for path in missing if Path(path).stem not in ("NAME", "pencil")]
    assert not missing


@BY_NAME
def test_modules_of_today_exist(page: Path) -> None:
    """The right column of the table of names; the left one has those that are gone."""
    for row in re.findall(r"^\| `(?:engine|demos)\..*\|$", text_of(page), re.MULTILINE):
        for name in re.findall(r"`((?:engine|demos)\.[\w.]+)`", row.split("|")[2]):
            module, _, last = name.rpartition(".")
            try:
                import_module(name)
            except ModuleNotFoundError:
                assert hasattr(import_module(module), last), name


def commands() -> Iterator[tuple[str, list[str]]]:
    """Every command of ours in the docs, as a person would type it."""
    for page in PAGES:
        for block in blocks(page, "sh"):
            for line in block.splitlines():
                _, found, rest = line.partition("python -m engine ")
                words = shlex.split(rest, comments=True)
                if found and "..." not in words and "torchrun" not in line:
                    yield page.name, words


@pytest.mark.parametrize(
    ("page", "words"), list(commands()), ids=lambda value: value if isinstance(value, str) else value[0]
)
def test_commands_are_understood(page: str, words: list[str]) -> None:
    assert _parser(TASKS).parse_args(words).action


def test_every_task_is_shown_as_a_command() -> None:
    assert {words[0] for _, words in commands()} >= {task.name for task in TASKS}


def python_examples() -> list[tuple[str, str]]:
    return [
        (page.name, block)
        for page in PAGES
        for block in blocks(page, "python")
        if "runtime.run(" in block and page.name != "adding-a-task.md"
    ]


@pytest.mark.parametrize(("page", "code"), python_examples(), ids=lambda value: value[:12])
def test_examples_in_python_run(page: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures.saved(pictures.scene(), tmp_path / "photo.jpg")
    pictures.saved(pictures.painting(), tmp_path / "painting.jpg")
    monkeypatch.chdir(tmp_path)
    quick = re.sub(r"size=\d+(, iterations=\d+)?", "size=64, iterations=4", code)
    assert quick != code
    exec(compile(quick, page, "exec"), {"__name__": "example"})
    assert open_picture(tmp_path / "out.png").size == (64, 48)


def test_there_are_examples_in_python() -> None:
    assert {page for page, _ in python_examples()} == {"README.md", "command-line-and-api.md"}


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> tuple[TaskSpec, str]:
    """The task that the docs add, and the code of its tab."""
    algorithm, task, tab = blocks(ROOT / "docs" / "adding-a-task.md", "python")
    for name, code in (("engine.imaging.pencil", algorithm), ("engine.tasks.pencil", task)):
        module = ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        exec(compile(code, name, "exec"), module.__dict__)
    return sys.modules["engine.tasks.pencil"].PENCIL, tab


def test_the_example_of_a_new_task_is_a_command(
    tmp_path: Path, runtime: Runtime, example: tuple[TaskSpec, str], capsys: pytest.CaptureFixture[str]
) -> None:
    photo = pictures.saved(pictures.scene(), tmp_path / "cat.jpg")
    command = ["pencil", "--photo", str(photo), "--out", str(tmp_path / "drawing.png"), "--darkness", "5"]
    assert main(command, tasks=Registry(*TASKS, example[0]), runtime=runtime) == 0, capsys.readouterr().err
    drawing = open_picture(tmp_path / "drawing.png").image
    assert drawing.size == open_picture(photo).size
    darkest, lightest = drawing.convert("L").getextrema()
    assert darkest < 128 < 250 < lightest, "lines on paper"


def test_the_example_of_a_new_task_is_a_tab_and_an_endpoint(runtime: Runtime, example: tuple[TaskSpec, str]) -> None:
    from demos.hub import build
    from demos.serving.site import Site
    from demos.tabs import table

    task, tab = example
    names = {**vars(table)}
    exec(compile(tab, "tab", "exec"), names)
    hub = build(Site(runtime, Registry(*TASKS, task)), [*table.TABS, names["PENCIL"]])
    assert hub.page.get_api_info()["named_endpoints"].keys() >= {"/pencil", "/style_v1"}
