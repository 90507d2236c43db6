"""Everything that a visitor may be told, found in the page and in the source; ``{}`` stands for each value."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).parents[1]
AWAY = ("training", "evaluation", "bench", "batch")
"""Rooms of the engine that only the command line enters, and files like them."""
FILES_AWAY = ("cli.py", "commands.py", "owner_commands.py", "terminal.py", "__main__.py", "publish.py")
TOLD = {"Step": "stage", "Frame": "stage", "status": 1, "say": 0, "say_plainly": 0, "within": 2}
"""Call -> where it has its text."""
APPENDED = ("notes", "hints", "told")
"""Lists of sentences."""
NAMED = ("stage", "hint", "cure", "what", "note", "verb", "which")
"""Variables that hold a text."""
RETURNING = ("unknown", "_sentence", "_why_unknown", "_absent", "told", "_told", "hints", "_hints")
"""Functions that return one."""
FURTHER = (
    "your face", "your photo", "your picture", "68 landmarks", "parts of your face", "warped", "in your light",
    "where patches may come from", "made of patches", "by the identity's network", "where it goes", "in its place",
    "identity, picture {}", "image editor", "warp, light, blend", "patches (V3)", "network, bicubic",
    "residual (SRResNet)", "GAN (SRGAN)", "compact residual (ours)", "residual (EDSR)", "residual (RRDB)",
    "GAN (ESRGAN)", "GAN (Real-ESRGAN)", "masked", "blended", "texture, {}", "V1: Gram matrices",
    "V2: one pass, any painting", "V3: patches", "CPU, {} threads", "one run", "{} runs", "texture at {}", "original",
    "content network", "refined", "photo", "painting", "result", "mask", "hole", "What is shown is the run before.",
    "It was made with other weights: {}.", "{}: the value should be greater than or equal to {}.",
    "{}: the value should be less than or equal to {}.", "{}: the value should be a valid number.",
    "{}: the value should be a valid integer.", "{}: the value should be {}.",
    "the value should be greater than or equal to {}.", "the value should be less than or equal to {}.",
)  # fmt: skip
"""What libraries say, and parts of other texts."""
INNER = ("ValueError", "AttributeError", "RuntimeError", "KeyError", "TypeError", "IndexError", "AssertionError")
"""Errors that no visitor sees."""


def of_page() -> set[str]:
    """Texts of the page's components, and the nodes of its HTML."""
    import gradio as gr

    from demos import hub
    from demos.components import magnifier as lens
    from demos.components import theme as look
    from demos.i18n import language
    from engine.imaging.comparison import Panel

    found: set[str] = set()
    for block, name, value in language.texts(hub.page()):
        if name == "choices":
            found |= {shown for shown, _ in value if isinstance(shown, str)}
        elif isinstance(value, str):
            found |= set(language.nodes(value)) if isinstance(block, gr.HTML) else {value.strip()}
    picture = Image.new("RGB", (32, 32))
    found |= set(language.nodes(lens.shown([Panel("original", picture)])))
    found |= set(language.nodes(look.status(0, "Ready")))
    return {each for each in found if sum(map(str.isalpha, each)) > 1}


def of_source() -> set[str]:
    """Texts of errors, stages, notes, hints and handlers."""
    files = [path for room in ("demos", "engine") for path in sorted((ROOT / room).rglob("*.py"))]
    kept = [path for path in files if not set(AWAY) & set(path.parts) and path.name not in FILES_AWAY]
    return {text for path in kept for text in _texts(ast.parse(path.read_text(encoding="utf-8"))) if text.strip("{} ")}


def _texts(tree: ast.Module) -> Iterator[str]:
    constants: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            for text in _literal(node.value, {}):
                constants[name] = text
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for argument in _arguments(node):
                yield from _literal(argument, constants)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "unfinished":
                    yield from _literal(value, constants)
        elif isinstance(node, ast.FunctionDef) and node.name in RETURNING:
            for each in ast.walk(node):
                if isinstance(each, ast.Return):
                    yield from _literal(each.value, constants)
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in NAMED:
            yield from _literal(node.value, constants)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            key = node.targets[0].slice
            if isinstance(key, ast.Constant) and key.value == "unfinished":
                yield from _literal(node.value, constants)


def _arguments(call: ast.Call) -> list[Any]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name.endswith("Error"):
        return [] if name in INNER else call.args[:1]
    if name in TOLD:
        place = TOLD[name]
        if isinstance(place, int):
            return call.args[place : place + 1]
        return [each.value for each in call.keywords if each.arg == place]
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    if name == "append" and getattr(owner, "id", getattr(owner, "attr", "")) in APPENDED:
        return call.args[:1]
    return []


def _literal(node: Any, constants: dict[str, str]) -> list[str]:
    """The text of an expression, with ``{}`` for what is not literal; several for a choice, none for no text."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.JoinedStr):
        return ["".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)]
    if isinstance(node, ast.IfExp):
        return [*_literal(node.body, constants), *_literal(node.orelse, constants)]
    if isinstance(node, ast.Name) and node.id in constants:
        return [constants[node.id]]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _literal(node.left, constants) or ["{}"], _literal(node.right, constants) or ["{}"]
        return [one + other for one in left for other in right]
    return []
