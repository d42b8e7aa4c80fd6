"""Checkpoints: what is saved comes back exactly; which ones are found, kept and removed."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from alfgraph.compiler.schedule.forecast import checkpoint_interval
from alfgraph.diagnostics.errors import CheckpointError
from alfgraph.runtime.checkpoints.checkpoint import (
    find_best,
    find_last,
    keep_best,
    list_checkpoints,
    load_checkpoint,
    open_checkpoint,
    rotate,
    save_checkpoint,
)

BOARD: dict[str, Any] = {"env": {"id": "CartPole-v1", "num_envs": 30}, "lr": 1e-3}


def small_state(seed: int = 0) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(seed)
    return {
        "algorithm.actor": {
            "weight": torch.randn(3, 4, generator=generator),
            "bias": torch.ones(4),
        },
        "generators": {"torch": generator.get_state()},
        "counters": {"iteration": seed, "wall": 1.5, "name": "ünïcode", "none": None, "on": True},
    }


def assert_equal(actual: Any, expected: Any) -> None:
    """Exact equality of nested states: types, dtypes, shapes and bits."""
    assert type(actual) is type(expected)
    if isinstance(expected, dict):
        assert list(actual) == list(expected)
        for key in expected:
            assert_equal(actual[key], expected[key])
    elif isinstance(expected, list | tuple):
        assert len(actual) == len(expected)
        for a, b in zip(actual, expected, strict=True):
            assert_equal(a, b)
    elif isinstance(expected, torch.Tensor):
        assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape)
        flat = (actual.contiguous().reshape(-1), expected.contiguous().reshape(-1))
        assert torch.equal(*(each.view(torch.uint8) for each in flat))
    elif isinstance(expected, np.ndarray):
        assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape)
        assert actual.tobytes() == expected.tobytes()
    elif isinstance(expected, float) and math.isnan(expected):
        assert math.isnan(actual)
    else:
        assert actual == expected


def test_every_kind_of_value_comes_back(tmp_path: Path) -> None:
    base = torch.arange(12.0).reshape(3, 4)
    state = {
        "tensors": {
            "bfloat16": torch.randn(5).bfloat16(),
            "half": torch.randn(5).half(),
            "double": torch.randn(2, 2).double(),
            "bool": torch.tensor([True, False]),
            "ints": [torch.tensor([-(2**63), 2**63 - 1]), torch.tensor([255], dtype=torch.uint8)],
            "wide": torch.tensor([2**40], dtype=torch.uint64),
            "scalar": torch.tensor(3.5),
            "empty": torch.zeros(0, 7),
            "nan": torch.tensor([float("nan"), -0.0, float("inf")]),
            "transposed": base.t(),
            "strided": base[:, ::2],
            "flat": base.view(-1),
            "row": base[1],
        },
        "arrays": {
            "float64": np.linspace(0, 1, 7),
            "uint32": np.arange(4, dtype=np.uint32),
            "bool": np.array([True]),
            "scalar": np.array(2.5),
            "empty": np.zeros((0, 3), dtype=np.int8),
        },
        "json": {
            "big": 2**127,
            "floats": [0.1, 1e-320, -0.0, math.inf, -math.inf, math.nan],
            "tuple": (1, (2, "x"), []),
            "": {"": None, "$tensor": "not one", "$": {"$$": 1}},
            "a/b": {"c": torch.ones(1)},
            "a": {"b/c": torch.zeros(1)},
            "empty": {},
        },
    }
    path = save_checkpoint(tmp_path, 7, state, board=BOARD)
    assert path == tmp_path / "7"
    assert sorted(p.name for p in path.iterdir()) == ["state.json", "state.safetensors"]
    assert_equal(load_checkpoint(path), state)
    assert open_checkpoint(path).board == BOARD


def test_awkward_arrays_are_saved_as_values(tmp_path: Path) -> None:
    locked = np.arange(3.0)
    locked.setflags(write=False)
    state = {
        "scalar": np.float64(0.1),
        "backwards": np.arange(5)[::-1],
        "big_endian": np.arange(3, dtype=">i4"),
        "locked": locked,
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "rng": np.random.get_state(),
        "pcg": np.random.default_rng(1).bit_generator.state,
    }
    loaded = load_checkpoint(save_checkpoint(tmp_path, 1, state, board={}))
    assert loaded["scalar"] == 0.1
    assert loaded["backwards"].tolist() == [4, 3, 2, 1, 0]
    assert loaded["big_endian"].tolist() == [0, 1, 2]
    assert loaded["locked"].tolist() == [0.0, 1.0, 2.0]
    assert not loaded["parameter"].requires_grad
    np.random.set_state(loaded["rng"])
    assert loaded["pcg"] == state["pcg"]


def test_generators_continue_exactly(tmp_path: Path) -> None:
    generator, rng = torch.Generator().manual_seed(3), np.random.default_rng(3)
    state = {"torch": generator.get_state(), "numpy": rng.bit_generator.state}
    expected = (torch.rand(3, generator=generator), rng.random(3))
    loaded = load_checkpoint(save_checkpoint(tmp_path, 0, state, board={}))
    generator.manual_seed(9)
    generator.set_state(loaded["torch"])
    rng.bit_generator.state = loaded["numpy"]
    assert_equal((torch.rand(3, generator=generator), rng.random(3)), expected)


def test_large_parts_have_files_of_their_own(tmp_path: Path) -> None:
    state = small_state() | {
        "algorithm.replay": {"rows": torch.zeros(1 << 19)},
        "ALGORITHM.replay": {"rows": torch.ones(1 << 19)},
        "../state": torch.full((1 << 18,), 2.0),
        "state": torch.full((1 << 18,), 3.0),
    }
    path = save_checkpoint(tmp_path, 1, state, board=BOARD)
    names = sorted(p.name for p in path.iterdir())
    assert names == sorted(
        [
            "state.json",
            "state.safetensors",
            "algorithm.replay.safetensors",
            "ALGORITHM.replay-2.safetensors",
            "part.safetensors",
            "state-2.safetensors",
        ]
    )
    assert_equal(load_checkpoint(path), state)


def test_the_files_are_ordinary_safetensors(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    path = save_checkpoint(tmp_path, 1, small_state(), board=BOARD)
    weights = load_file(path / "state.safetensors")
    assert torch.equal(weights["algorithm.actor/bias"], torch.ones(4))
    assert json.loads((path / "state.json").read_text())["iteration"] == 1


def test_writing_into_a_loaded_tensor_leaves_the_checkpoint_alone(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path, 1, {"x": torch.ones(1 << 19), "y": np.ones(3)}, board={})
    loaded = load_checkpoint(path)
    loaded["x"].fill_(5.0)
    loaded["y"][:] = 5.0
    assert load_checkpoint(path)["x"].sum() == 1 << 19
    rotate(tmp_path, keep=1)
    shutil.rmtree(path)
    assert loaded["x"].sum() == 5 << 19


@pytest.mark.parametrize(
    ("value", "match"),
    [
        (object(), r"'part/x' is of type object, which a checkpoint cannot hold"),
        ({1: 2}, r"'part/x' has the key 1; keys must be strings"),
        (np.array(["a"]), r"'part/x' is <U1, which a checkpoint cannot hold"),
        (torch.ones(1, dtype=torch.complex64), r"'part/x' is torch\.complex64"),
        (torch.ones(1, device="meta"), r"'part/x' is torch\.float32 \(torch\.strided, meta\)"),
        (torch.eye(2).to_sparse(), r"'part/x' is torch\.float32 \(torch\.sparse_coo, cpu\)"),
    ],
)
def test_what_cannot_be_stored_is_named(tmp_path: Path, value: Any, match: str) -> None:
    with pytest.raises(CheckpointError, match=match):
        save_checkpoint(tmp_path, 1, {"part": {"x": value}}, board={})
    assert list(tmp_path.iterdir()) == []


def test_a_board_that_is_not_json_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="board cannot be written as JSON"):
        save_checkpoint(tmp_path, 1, {}, board={"x": object()})
    assert list(tmp_path.iterdir()) == []


def test_the_same_state_gives_the_same_bytes(tmp_path: Path) -> None:
    paths = [save_checkpoint(tmp_path / f"{i}", 1, small_state(), board=BOARD) for i in (0, 1)]
    for file in paths[0].iterdir():
        assert file.read_bytes() == (paths[1] / file.name).read_bytes()


def test_saving_again_replaces(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, 1, small_state(1), board=BOARD)
    path = save_checkpoint(tmp_path, 1, small_state(2), board=BOARD)
    assert_equal(load_checkpoint(path), small_state(2))
    assert [p.name for p in tmp_path.iterdir()] == ["1"]


def test_the_previous_checkpoint_is_used_and_the_damaged_one_named(tmp_path: Path) -> None:
    for iteration in (9, 10, 100):
        save_checkpoint(tmp_path, iteration, small_state(iteration), board=BOARD)
    assert find_last(tmp_path).iteration == 100
    (tmp_path / "100" / "state.safetensors").unlink()
    with (tmp_path / "10" / "state.safetensors").open("ab") as file:
        file.write(b"!")
    found = find_last(tmp_path)
    assert (found.path, found.iteration) == (tmp_path / "9", 9)
    size = (tmp_path / "9" / "state.safetensors").stat().st_size
    assert [str(damage) for damage in found.damaged] == [
        f"checkpoint {tmp_path / '100'} is damaged: state.safetensors cannot be read "
        "(No such file or directory)",
        f"checkpoint {tmp_path / '10'} is damaged: state.safetensors has {size + 1} bytes "
        f"instead of {size}",
    ]


def test_no_checkpoint(tmp_path: Path) -> None:
    assert find_last(tmp_path / "missing").path is None
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / ".saving-5").mkdir()
    assert list_checkpoints(tmp_path) == []
    with pytest.raises(CheckpointError, match=r"(?s)state\.json\s+cannot\s+be\s+read"):
        load_checkpoint(tmp_path / "3")


def test_checkpoints_are_spread_evenly_as_in_alf() -> None:
    assert checkpoint_interval(1000, 10) == 100
    assert checkpoint_interval(1001, 10) == 101
    assert checkpoint_interval(3, 10) == 1
    assert checkpoint_interval(0, 10) == 1


def save_many(directory: Path, scores: dict[int, float | None]) -> None:
    for iteration, score in scores.items():
        save_checkpoint(directory, iteration, {}, board={}, score=score)


def present(directory: Path) -> list[int]:
    assert not [p for p in directory.iterdir() if p.name.startswith(".")]
    return [iteration for iteration, _ in list_checkpoints(directory)]


def test_rotation_keeps_the_newest(tmp_path: Path) -> None:
    scores = {10: 1.0, 20: 9.0, 30: None, 35: 9.0, 40: math.nan, 50: 3.0, 60: 2.0}
    save_many(tmp_path, scores)
    assert rotate(tmp_path, keep=None) == []
    assert rotate(tmp_path, keep=2) == [10, 20, 30, 35, 40]
    assert present(tmp_path) == [50, 60]
    assert rotate(tmp_path, keep=0) == [50]
    assert present(tmp_path) == [60]


def test_only_the_best_is_kept(tmp_path: Path) -> None:
    save_many(tmp_path, {10: 1.0, 20: 9.0, 30: None, 40: 3.0})
    keep_best(tmp_path)
    assert present(tmp_path) == [20]


def test_the_best_is_the_whole_one_with_the_highest_score(tmp_path: Path) -> None:
    assert find_best(tmp_path).path is None
    save_many(tmp_path, {1: 5.0, 2: 7.0, 3: 7.0, 4: None, 5: -1.0})
    assert find_best(tmp_path).iteration == 3
    (tmp_path / "3" / "state.json").write_text("{}")
    assert find_best(tmp_path).iteration == 2
