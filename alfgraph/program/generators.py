"""Random generators: a program has its own, and swaps them in while it runs."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch


@contextlib.contextmanager
def own_generators(seed: int, device: str) -> Iterator[None]:
    """The process's generators, seeded; as they were afterwards."""
    outside = generator_states(device)
    try:
        _seed(seed)
        yield
    finally:
        set_generators(outside)


def seeded_generators(seed: int, device: str) -> dict[str, Any]:
    """Generator states as `seed` leaves them; the process's own are untouched."""
    with own_generators(seed, device):
        return generator_states(device)


def _seed(seed: int) -> None:
    """Start the three generators at unrelated places.

    Small seeds are mixed first: PyTorch asks for seeds with a good balance of 0 and 1 bits
    (`torch.Generator.manual_seed`), and people number their runs 0, 1, 2.
    """
    for_torch, for_python, for_numpy = np.random.SeedSequence(seed).generate_state(3, np.uint64)
    torch.manual_seed(int(for_torch))
    random.seed(int(for_python))
    np.random.seed(int(for_numpy) % 2**32)  # user code may draw from numpy's global generator


def generator_states(device: str) -> dict[str, Any]:
    """The process's generators as tensors, arrays and numbers."""
    kind, keys, position, has_gauss, gauss = np.random.get_state(legacy=True)
    version, internal, following = random.getstate()
    states = {
        "torch": torch.get_rng_state(),
        "numpy": [str(kind), np.array(keys), int(position), int(has_gauss), float(gauss)],
        "python": [version, np.array(internal, np.uint32), following],
    }
    if device.startswith("cuda"):
        states["cuda"] = [state.cpu() for state in torch.cuda.get_rng_state_all()]
    return states


def set_generators(states: Mapping[str, Any]) -> None:
    """Go to states that `generator_states` gave."""
    torch.set_rng_state(torch.as_tensor(states["torch"], dtype=torch.uint8))
    kind, keys, position, has_gauss, gauss = states["numpy"]
    np.random.set_state((kind, np.asarray(keys, np.uint32), position, has_gauss, gauss))
    version, internal, following = states["python"]
    random.setstate((version, tuple(np.asarray(internal).tolist()), following))
    if "cuda" in states and torch.cuda.is_available():
        saved = [torch.as_tensor(state, dtype=torch.uint8) for state in states["cuda"]]
        torch.cuda.set_rng_state_all(saved)
