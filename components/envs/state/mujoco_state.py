"""The state of a MuJoCo simulation as arrays."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

# Scratch memory of one step, whose size depends on the contacts; some of it is never initialised.
_SCRATCH = re.compile(r"contact|i?efc_|efm_|map_|tendon_efcadr|wrap_|.*island")


def is_mujoco(env: Any) -> bool:
    """Tells whether an unwrapped environment holds a MuJoCo model and its data."""
    kinds = (type(getattr(env, name, None)) for name in ("model", "data"))
    return all(kind.__module__.startswith("mujoco") for kind in kinds)


def mujoco_arrays(env: Any) -> dict[str, Any]:
    """Copies the state of the simulation.

    The integration state alone (`mj_getState`) is not enough: an environment reads positions
    before it steps, and those lag one step behind. So every array of fixed size is kept.

    Args:
        env: An environment with `model` and `data`.
    """
    import mujoco

    kind = mujoco.mjtState.mjSTATE_INTEGRATION
    state = np.empty(mujoco.mj_stateSize(env.model, kind))
    mujoco.mj_getState(env.model, env.data, state, kind)
    return {"integration": state, "fields": {k: v.copy() for k, v in _fields(env.data).items()}}


def set_mujoco_arrays(env: Any, arrays: dict[str, Any]) -> None:
    """Puts the simulation into a state that `mujoco_arrays` gave."""
    import mujoco

    # Forward dynamics first: it sizes what depends on the contacts, and the fields then overwrite
    # everything else it computed.
    kind = mujoco.mjtState.mjSTATE_INTEGRATION
    mujoco.mj_setState(env.model, env.data, np.array(arrays["integration"]), kind)
    mujoco.mj_forward(env.model, env.data)
    for name, field in _fields(env.data).items():
        saved = arrays["fields"].get(name)
        if saved is not None and saved.shape == field.shape:
            field[...] = saved
    mujoco.mj_setState(env.model, env.data, np.array(arrays["integration"]), kind)


def _fields(data: Any) -> dict[str, Any]:
    """Finds the arrays whose size does not depend on the contacts."""
    names = (n for n in dir(data) if not n.startswith("_") and not _SCRATCH.match(n))
    fields = ((name, getattr(data, name)) for name in names)
    return {
        name: field
        for name, field in fields
        if isinstance(field, np.ndarray) and field.size and field.flags.writeable
    }
