"""A quicker start: what Gradio does when it is imported, and while a page is built, and what nobody needs (6.31).

It writes a stub for editors beside every class of a component, its own and ours, each time it is imported, which is
more than a third of its import; and it makes the server of a page three times, of which only the last one serves.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

STUBS = "gradio.component_meta"
"""The module that writes them."""


def without_stubs() -> None:
    """Let Gradio write none, whether it is imported already or not."""
    if STUBS in sys.modules:
        _silence(sys.modules[STUBS])
    elif not any(isinstance(each, _Silent) for each in sys.meta_path):
        sys.meta_path.insert(0, _Silent())


def _silence(module: ModuleType) -> None:
    module.create_or_modify_pyi = lambda *_: None  # type: ignore[attr-defined]


class _Silent(MetaPathFinder):
    """Finds one module, as the others would, and silences it when it is loaded."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """See :class:`importlib.abc.MetaPathFinder`."""
        if name != STUBS:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def loaded(module: ModuleType) -> None:
                load(module)
                _silence(module)

            spec.loader.exec_module = loaded  # type: ignore[method-assign]
        return spec


@contextmanager
def without_server() -> Iterator[None]:
    """A page that is built inside has no server before it is launched."""
    from gradio.routes import App

    create: Any = App.create_app
    App.create_app = staticmethod(lambda *_, **__: None)  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        App.create_app = create  # type: ignore[method-assign]
