"""Wait for LLaMA Board's module to be imported, then put the tab into the page it makes.

Standard library only, and little of it: after `lf-qwen3 webui --install` every start of this Python imports
this file, so annotations are quoted: even `__future__` costs a quarter of its time.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

TARGET = "llamafactory.webui.interface"
SWITCH = "LF_QWEN3_WEBUI"
"""The environment variable that turns the tab off where it is 0."""

_MARK = "_has_qwen3_tab"


class Finder:
    """A finder of `sys.meta_path` that waits for `TARGET`, lets the others find it, and wraps it."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> "ModuleSpec | None":
        """Return the spec of `TARGET` as the other finders give it; None for every other module."""
        if name != TARGET:
            return None
        sys.meta_path.remove(self)
        from importlib.util import find_spec

        spec = find_spec(name)
        if spec is not None and spec.loader is not None:
            _wrap_loader(spec.loader)
        return spec


def install() -> None:
    """Add the tab to every board that this process makes; once is enough, twice does no harm.

    Does nothing where the environment says LF_QWEN3_WEBUI=0.
    """
    if os.environ.get(SWITCH) == "0":
        return
    if TARGET in sys.modules:
        wrap(sys.modules[TARGET])
    elif not any(
        type(finder).__name__ == "Finder" and type(finder).__module__ == __name__ for finder in sys.meta_path
    ):
        sys.meta_path.insert(0, Finder())


def wrap(module: "ModuleType") -> None:
    """Replace `create_ui` of the board's module by one that adds the tab to what it returns."""
    create = getattr(module, "create_ui", None)
    if create is None:
        say("its module has no create_ui; this version of LLaMA-Factory is not known")
        return
    if hasattr(create, _MARK):
        return

    def create_ui(*args: "Any", **options: "Any") -> "Any":
        page = create(*args, **options)
        try:
            from lf_qwen3.board import attach

            attach.add_tab(page)
        except Exception as error:  # whatever is wrong with the tab, the board must start
            say(f"{type(error).__name__}: {error} {getattr(error, 'hint', '')}")
        return page

    setattr(create_ui, _MARK, True)
    module.create_ui = create_ui  # type: ignore[attr-defined]


def say(why: str) -> None:
    """Say in one line on stderr that there is no tab, and why."""
    reason = " ".join(why.split())
    print(f"lf-qwen3: LLaMA Board starts without the Qwen3 tab: {reason}", file=sys.stderr, flush=True)


def _wrap_loader(loader: "Any") -> None:
    run = loader.exec_module

    def exec_module(module: "ModuleType") -> None:
        run(module)
        wrap(module)

    loader.exec_module = exec_module
