"""Finds every text that a person may see in a source file; Babel calls it for ``make messages``.

These are the templates of ``Message("...")``, and of each field of a parameters class (``name: type = option(...)``)
its label, the docstring below it, the choices of its type and the names of the class's presets.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

ROOT = Path(__file__).parents[2]
OWN_TEMPLATES = Path("engine/contracts/messages.py")
"""The module of ``Message`` itself, which may make one from a template that it was passed."""

Found = tuple[int, None, str, list[str]]
"""A message as Babel takes it: line, name of the function (None), text, comments."""


class NotLiteralError(ValueError):
    """A text for a person that is not written as one string literal, so that nobody can translate it."""


def extract(
    fileobj: BinaryIO, keywords: Collection[str], comment_tags: Collection[str], options: Mapping[str, Any]
) -> Iterator[Found]:
    """The texts of one Python file; see :func:`babel.messages.extract.extract`.

    Raises:
        NotLiteralError: for a ``Message`` or a label whose text is computed.
    """
    path = Path(getattr(fileobj, "name", "text.py"))
    module = ast.parse(fileobj.read())
    for line, text in _texts(module, path):
        yield line, None, text, []


def _texts(module: ast.Module, path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and _name(node.func) == "Message":
            template = node.args[0] if node.args else node
            if isinstance(template, ast.Constant) or not path.match(str(OWN_TEMPLATES)):
                yield node.lineno, _literal(template, path)
        elif isinstance(node, ast.ClassDef):
            yield from _texts_of_class(node, module, path)


def _texts_of_class(node: ast.ClassDef, module: ast.Module, path: Path) -> Iterator[tuple[int, str]]:
    for field, below in zip(node.body, [*node.body[1:], None], strict=True):
        if not isinstance(field, ast.AnnAssign):
            continue
        if isinstance(field.value, ast.Call) and _name(field.value.func) == "option":
            labels = [keyword.value for keyword in field.value.keywords if keyword.arg == "label"]
            yield field.lineno, _literal(labels[0] if labels else field.value, path)
            if isinstance(below, ast.Expr):  # pydantic cleans docstrings in the same way
                yield below.lineno, inspect.cleandoc(_literal(below.value, path))
            choices = _choices(field.annotation, module)
            labelled = isinstance(field.annotation, ast.Subscript) and _name(field.annotation.value) == "dict"
            for choice in choices:
                yield field.lineno, key_label(choice) if labelled else choice
        elif _name(field.target) == "presets" and isinstance(field.value, ast.Dict):
            for preset in field.value.keys:
                yield field.lineno, _literal(preset or field.value, path)


def key_label(key: str) -> str:
    """How a key of a parameter that is a mapping is shown: ``Great wave`` for ``great-wave``."""
    return key.replace("-", " ").capitalize()


def _choices(annotation: ast.expr, module: ast.Module) -> Iterator[str]:
    """The strings in a type; a name in it is followed to what it stands for, here or in the module it comes from."""
    for node in ast.walk(annotation):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.Name):
            yield from _choices_of_name(node.id, module)


def _choices_of_name(name: str, module: ast.Module) -> Iterator[str]:
    for node in module.body:
        if isinstance(node, ast.Assign) and name in map(_name, node.targets):
            yield from _choices(node.value, module)
        elif isinstance(node, ast.ImportFrom) and node.module:
            source = ROOT / f"{node.module.replace('.', '/')}.py"
            for alias in node.names:
                if (alias.asname or alias.name) == name and source.exists():
                    yield from _choices_of_name(alias.name, _parsed(source))


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes())


def _name(node: ast.expr) -> str:
    """``Message`` for both ``Message`` and ``messages.Message``; empty for other expressions."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _literal(node: ast.expr, path: Path) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        return node.value  # an empty one would be translated as the header of the catalogue
    raise NotLiteralError(f"{path}:{node.lineno}: {ast.unparse(node)[:80]!r} is not a text that can be translated")
