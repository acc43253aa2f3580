"""lf-qwen3: fine-tune Qwen3 with LLaMA-Factory, right the first time.

    import lf_qwen3 as lq

The names in `__all__` are the whole public Python API (docs/api.md); every other module is private. A name is
imported when it is first used, so that `import lf_qwen3` costs next to nothing.
"""

TYPE_CHECKING = False  # a type checker takes it for true; the module `typing` itself takes long to import
if TYPE_CHECKING:
    from lf_qwen3.api.data import convert, read
    from lf_qwen3.api.texts import frame_thinking, split_thinking
    from lf_qwen3.base.errors import LfQwen3Error, UsageError
    from lf_qwen3.proof.check import check
    from lf_qwen3.proof.estimate import estimate
    from lf_qwen3.proof.preview import preview
    from lf_qwen3.recipes.new import recipe
    from lf_qwen3.results.compare import compare
    from lf_qwen3.results.diagnose import diagnose
    from lf_qwen3.results.score import score

__version__ = "0.2.0"
__all__ = [  # noqa: RUF022 - the order of the commands, and of docs/api.md
    "convert",
    "read",
    "split_thinking",
    "frame_thinking",
    "check",
    "preview",
    "recipe",
    "estimate",
    "score",
    "compare",
    "diagnose",
    "LfQwen3Error",
    "UsageError",
    "__version__",
]

_HOMES = {
    "convert": "lf_qwen3.api.data",
    "read": "lf_qwen3.api.data",
    "split_thinking": "lf_qwen3.api.texts",
    "frame_thinking": "lf_qwen3.api.texts",
    "check": "lf_qwen3.proof.check",
    "preview": "lf_qwen3.proof.preview",
    "recipe": "lf_qwen3.recipes.new",
    "estimate": "lf_qwen3.proof.estimate",
    "score": "lf_qwen3.results.score",
    "compare": "lf_qwen3.results.compare",
    "diagnose": "lf_qwen3.results.diagnose",
    "LfQwen3Error": "lf_qwen3.base.errors",
    "UsageError": "lf_qwen3.base.errors",
}
"""The module of each public name."""


if not TYPE_CHECKING:  # a type checker would take any name at all for one that exists

    def __getattr__(name: str) -> object:
        """Import a public name when it is first used (PEP 562)."""
        from importlib import import_module

        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(_HOMES[name]), name)
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
