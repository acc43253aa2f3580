"""Measure memory without a GPU: tensors without data, real shapes, the trainer's own model code."""

import dataclasses
import importlib.util
import sys
import weakref
from pathlib import Path

import pytest

from tests.needs import require

BENCH = Path(__file__).parents[3] / "bench"


def load(name):
    """Import a script of bench/ by its path."""
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, BENCH / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@dataclasses.dataclass
class Measured:
    """Bytes: the weights, weights and optimiser, and the highest of every phase of a step."""

    weights: int
    lasting: int
    peaks: dict

    @property
    def peak(self):
        return max(self.peaks.values())


@pytest.fixture(scope="session")
def trainer():
    """Return the module that makes training steps; skip where the trainer is not installed."""
    require("llamafactory")
    return load("training_step")


@pytest.fixture(scope="session")
def measure(trainer):
    """Return a function that runs a step of a plan over tensors without data and returns what was live."""
    from torch._subclasses.fake_tensor import FakeTensorMode

    meter_type = _meter_type()

    def run(plan, vocabulary=151_936):
        model = made(trainer, plan, vocabulary)
        meter = meter_type()
        with FakeTensorMode(allow_non_fake_inputs=True), meter:
            materialise(model)
            weights = meter.now
            lasting = 0
            for phase in trainer.steps(plan, model, "cpu"):
                lasting = lasting or meter.now
                meter.enter(phase)
            del meter.peaks[""]
            return Measured(weights, lasting, meter.peaks)

    return run


def made(trainer, plan, vocabulary=151_936):
    """Return the model of a plan on torch's meta device."""
    import torch

    with torch.device("meta"):
        return trainer.build(plan, vocabulary)


def materialise(model):
    """Replace parameters and buffers by those of the mode that is on; tied ones stay tied."""
    import torch

    known = {}
    for module in model.modules():
        for name, old in module._parameters.items():
            if old is not None:
                if id(old) not in known:
                    new = torch.nn.Parameter(torch.empty(old.shape, dtype=old.dtype), old.requires_grad)
                    known[id(old)] = old, new
                module._parameters[name] = known[id(old)][1]
        for name, old in module._buffers.items():
            if old is not None:
                module._buffers[name] = torch.empty(old.shape, dtype=old.dtype)


def _meter_type():
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    class Meter(TorchDispatchMode):
        """Adds up the storages that are alive; `peaks` holds the highest sum of each phase."""

        def __init__(self):
            super().__init__()
            self.now, self.phase, self.peaks, self._alive = 0, "", {}, set()

        def enter(self, phase):
            self.phase = phase
            self.peaks[phase] = self.now

        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            if function is torch.ops.prim.device.default:  # every second call; FakeTensor takes long for it
                return args[0].fake_device
            out = function(*args, **(kwargs or {}))
            for leaf in tree_leaves(out):
                if isinstance(leaf, torch.Tensor):
                    self._see(leaf.untyped_storage())
            self.peaks[self.phase] = max(self.peaks.get(self.phase, 0), self.now)
            return out

        def _see(self, storage):
            key, size = storage._cdata, storage.nbytes()
            if key not in self._alive:
                self._alive.add(key)
                self.now += size
                weakref.finalize(storage, self._drop, key, size)

        def _drop(self, key, size):
            self._alive.discard(key)
            self.now -= size

    return Meter
