"""Every Gymnasium space is a spec and back; what has no fixed shape is told so."""

from collections import OrderedDict
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import given, settings
from hypothesis import strategies as st

from alfgraph.components.envs.spaces.gym_spaces import space_of_spec, spec_of_space
from alfgraph.diagnostics.errors import WiringError
from alfgraph.specs.spec import RecordSpec, Spec, TensorSpec, parse_spec, spell

QUICK = settings(max_examples=60, deadline=None)


def box(low: Any, high: Any, dtype: Any = np.float32) -> spaces.Box:
    """A Box whose bounds are given per element."""
    return spaces.Box(np.asarray(low, dtype), np.asarray(high, dtype), dtype=dtype)


# ------------------------------------------------------------------------------- literals


@pytest.mark.parametrize(
    ("space", "text"),
    [
        (spaces.Box(-1.0, 1.0, (3,)), "float32[3] in [-1, 1]"),
        (spaces.Box(-1.0, 1.0, (3,), dtype=np.float64), "float32[3] in [-1, 1]"),
        (spaces.Box(-np.inf, np.inf, (2, 2)), "float32[2, 2]"),
        (spaces.Box(0, 255, (64, 64, 3), dtype=np.uint8), "uint8[64, 64, 3] in [0, 256)"),
        (spaces.Box(0, 5, (), dtype=np.int32), "int32[] in [0, 6)"),
        (spaces.Box(-np.inf, np.inf, (2,), dtype=np.int64), "int64[2]"),
        (box([0, 0], [1, 1], np.bool_), "bool[2]"),
        (spaces.Box(0, 1, (0,)), "float32[0] in [0, 0]"),
        (box([-1.0, 0.0], [1.0, 2.0]), "float32[2] in [-1..2]"),
        (spaces.Discrete(2), "int64[] in [0, 2)"),
        (spaces.Discrete(3, start=-1), "int64[] in [-1, 2)"),
        (spaces.MultiDiscrete([3, 3]), "int64[2] in [0, 3)"),
        (spaces.MultiDiscrete([3, 4], start=[1, 1]), "int64[2] in [1..4]"),
        (spaces.MultiBinary([2, 3]), "int8[2, 3] in [0, 2)"),
        (spaces.Tuple([spaces.Discrete(2), spaces.Box(0, 1, (1,))]),
         "{0: int64[] in [0, 2), 1: float32[1] in [0, 1]}"),
        (spaces.Dict(OrderedDict(z=spaces.Discrete(2), a=spaces.Dict(x=spaces.MultiBinary(4)))),
         "{z: int64[] in [0, 2), a: {x: int8[4] in [0, 2)}}"),
        (spaces.Dict(), "{}"),
    ],
)  # fmt: skip
def test_a_space_is_a_spec(space: gym.Space[Any], text: str) -> None:
    assert str(spec_of_space(space)) == text


def test_bounds_are_rounded_as_the_observations_are() -> None:
    tenth = spaces.Box(-0.1, 0.1, (1,), dtype=np.float64)
    spec = spec_of_space(tenth)
    assert isinstance(spec, TensorSpec)
    assert spec.low == float(np.float32(-0.1)) != -0.1
    huge = spec_of_space(spaces.Box(-1e300, 1e300, (1,), dtype=np.float64))
    assert str(huge) == "float32[1]"


@pytest.mark.parametrize(
    ("space", "name"),
    [
        (spaces.Text(5), "Text"),
        (spaces.Sequence(spaces.Discrete(2)), "Sequence"),
        (spaces.Graph(spaces.Discrete(2), None), "Graph"),
        (spaces.OneOf([spaces.Discrete(2)]), "OneOf"),
        (spaces.Dict(a=spaces.Tuple([spaces.Text(5)])), "Text"),
    ],
)
def test_what_has_no_fixed_shape_is_told_so(space: gym.Space[Any], name: str) -> None:
    with pytest.raises(WiringError, match=f"has a {name} space, whose values have no") as caught:
        spec_of_space(space, '`GymEnv` "Chat-v0" (observation)')
    assert str(caught.value) == (
        f'error[E307]: `GymEnv` "Chat-v0" (observation) has a {name} space, whose values have no '
        "fixed shape\n"
        "   help: wrap the environment so that it gives Box, Discrete, MultiDiscrete, "
        "MultiBinary, Dict or\n"
        "         Tuple"
    )


def test_keys_of_a_dict_space_are_names() -> None:
    numbered: Any = {1: spaces.Discrete(2)}
    with pytest.raises(WiringError, match="with the key 1, and fields are named by strings"):
        spec_of_space(spaces.Dict(numbered))


@pytest.mark.parametrize(
    "text",
    ["float32[n]", "?[3]", "observation[]", "distribution(float32[3])", "bfloat16[3]",
     "int64[] in [0, n)", "float32[3, *r]"],
)  # fmt: skip
def test_what_is_no_tensor_tree_in_numbers_has_no_space(text: str) -> None:
    with pytest.raises(WiringError, match="describes no Gymnasium space"):
        space_of_spec(parse_spec(text))


# ------------------------------------------------------------------------------ both ways

some_axes = st.sampled_from([(1,), (3,), (2, 3)])
shapes = st.one_of(st.just(()), some_axes)


@st.composite
def boxes(draw: st.DrawFn) -> spaces.Box:
    shape = draw(shapes)
    dtype = draw(st.sampled_from([np.float32, np.float64, np.float16, np.uint8, np.int32, np.int8]))
    whole = np.issubdtype(dtype, np.integer)
    numbers: Any = st.integers(0, 60) if whole else st.integers(-480, 480).map(lambda n: n / 8)
    size = int(np.prod(shape))
    count = size if draw(st.booleans()) else 1
    ends = np.array([draw(st.tuples(numbers, numbers).map(sorted)) for _ in range(count)])
    ends = np.broadcast_to(ends, (size, 2)).astype(dtype)
    low, high = ends[:, 0].reshape(shape).copy(), ends[:, 1].reshape(shape).copy()
    if not whole and draw(st.booleans()):
        low, high = np.full(shape, -np.inf, dtype), np.full(shape, np.inf, dtype)
    return box(low, high, dtype)


@st.composite
def multi_discretes(draw: st.DrawFn) -> spaces.MultiDiscrete:
    shape = draw(some_axes)
    size = int(np.prod(shape))
    counts = np.array(draw(st.tuples(*[st.integers(1, 5)] * size)))
    starts = np.array(draw(st.tuples(*[st.integers(-3, 3)] * size)))
    return spaces.MultiDiscrete(counts.reshape(shape), start=starts.reshape(shape))


nested: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        boxes(),
        multi_discretes(),
        st.builds(spaces.Discrete, st.integers(1, 9), start=st.integers(-5, 5)),
        some_axes.map(lambda shape: spaces.MultiBinary(list(shape))),
    ),
    lambda inner: st.one_of(
        st.dictionaries(st.sampled_from(["z", "a", "two words", "0"]), inner, max_size=3).map(
            lambda fields: spaces.Dict(OrderedDict(fields))
        ),
        st.lists(inner, max_size=12).map(spaces.Tuple),
    ),
    max_leaves=4,
)


def fits(spec: Spec, value: Any) -> bool:
    """A value of a space lies within the spec, after float64 became float32."""
    if isinstance(spec, RecordSpec):
        entries = value if isinstance(value, dict) else {str(i): v for i, v in enumerate(value)}
        return tuple(entries) == spec.names and all(
            fits(field, entries[name]) for name, field in spec.fields
        )
    assert isinstance(spec, TensorSpec)
    array = np.asarray(value)
    array = array.astype(np.float32) if array.dtype == np.float64 else array
    within = [True]
    for bound, compare in ((spec.low, np.greater_equal), (spec.high, np.less_equal)):
        limit = np.asarray(bound)
        within.append(bool(np.all(compare(array.reshape(-1), limit))))
    return str(array.dtype) == spec.dtype and array.shape == spec.sample and all(within)


@QUICK
@given(nested)
def test_samples_of_a_space_fit_its_spec(space: gym.Space[Any]) -> None:
    space.seed(0)
    assert fits(spec_of_space(space), space.sample())


@QUICK
@given(nested)
def test_back_and_forth_changes_nothing(space: gym.Space[Any]) -> None:
    spec = spec_of_space(space)
    again = spec_of_space(space_of_spec(spec))
    assert spell(again, exact=True) == spell(spec, exact=True)
    assert again == spec


@QUICK
@given(nested)
def test_what_the_spec_describes_holds_the_samples(space: gym.Space[Any]) -> None:
    back = space_of_spec(spec_of_space(space))
    back.seed(0)
    assert fits(spec_of_space(space), back.sample())


@pytest.mark.parametrize(
    ("text", "space"),
    [
        ("int64[] in [0, 2)", spaces.Discrete(2)),
        ("int64[] in [3, 5)", spaces.Discrete(2, start=3)),
        ("int64[2] in [0, 3)", spaces.MultiDiscrete([3, 3])),
        ("int8[3] in [0, 2)", spaces.MultiBinary(3)),
        ("int8[] in [0, 2)", spaces.Box(0, 1, (), dtype=np.int8)),
        ("float32[2] in [-1, 1]", spaces.Box(-1, 1, (2,))),
        ("float32[2]", spaces.Box(-np.inf, np.inf, (2,))),
        ("int64[2]", spaces.Box(-np.inf, np.inf, (2,), dtype=np.int64)),
        ("bool[2]", box([0, 0], [1, 1], np.bool_)),
        ("{b: float32[1], a: {}}", spaces.Dict(OrderedDict(b=spaces.Box(-np.inf, np.inf, (1,)),
                                                           a=spaces.Dict()))),
    ],
)  # fmt: skip
def test_a_spec_is_a_space(text: str, space: gym.Space[Any]) -> None:
    assert space_of_spec(parse_spec(text)) == space
