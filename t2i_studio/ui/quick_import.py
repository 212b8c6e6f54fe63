"""Importing Gradio at less than half the price.

Gradio rewrites a `.pyi` file beside each of its components whenever it is imported, loads its own command line, and
pandas for tables that these pages do not have: half of every start. If a later Gradio has none of this, importing it
is merely slower.
"""

import importlib
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

MODULE, FUNCTION = "gradio.component_meta", "create_or_modify_pyi"
LATER = {"pandas": (), "gradio.cli": ("deploy",)}
"""Modules to load when something asks them for anything, and the names that are only handed on until then."""


def import_quickly() -> None:
    """Call before `import gradio`; of no effect after it."""
    if MODULE in sys.modules:
        return
    sys.meta_path.insert(0, _Finder())
    for name, handed_on in LATER.items():
        if name not in sys.modules:
            sys.modules[name] = _Later(name, handed_on)


def import_normally() -> None:
    """Call once Gradio is imported: whoever imports those modules from now on gets them at once."""
    for name in LATER:
        if isinstance(sys.modules.get(name), _Later):
            del sys.modules[name]


class _Later(ModuleType):
    """Stands in for a module until one of its attributes is wanted."""

    def __init__(self, name: str, handed_on: tuple[str, ...]) -> None:
        super().__init__(name)
        self.__spec__ = ModuleSpec(name, None)  # find_spec() raises on a loaded module without one; torch calls it
        vars(self).update(dict.fromkeys(handed_on))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__version__":  # the import system's own questions
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


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
