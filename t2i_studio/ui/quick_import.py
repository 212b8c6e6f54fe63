"""Importing Gradio at half the price: without writing stub files for type checkers.

Gradio rewrites a `.pyi` file beside each of its components whenever it is imported: more than a second of
every start, for files that only an author of components reads. The one function that does it is replaced
before anything calls it. If a later Gradio has no such function, importing it is merely slower.
"""

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

MODULE, FUNCTION = "gradio.component_meta", "create_or_modify_pyi"


class _WithoutStubs(Loader):
    def __init__(self, loader: Any) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self.loader.exec_module(module)
        if hasattr(module, FUNCTION):
            setattr(module, FUNCTION, lambda *_: None)


class _Finder(MetaPathFinder):
    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != MODULE:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _WithoutStubs(spec.loader)
        return spec


def skip_stub_files() -> None:
    """Call before `import gradio`; of no effect after it."""
    if MODULE not in sys.modules:
        sys.meta_path.insert(0, _Finder())
