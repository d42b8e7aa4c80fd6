"""The statistics of a wire, against numbers counted by hand and against torch on the whole."""

from __future__ import annotations

import pytest
import torch

from alfgraph.distributions import Categorical
from alfgraph.live import measuring
from alfgraph.live.measuring import BINS, Measurement


def measured(*values: object) -> Measurement:
    measurement = Measurement()
    for value in values:
        measurement.add(value)
    return measurement


def test_a_wire_of_numbers() -> None:
    report = measured(torch.tensor([1.0, 3.0]), torch.tensor([5.0, 7.0])).report()
    assert (report["calls"], report["shape"]) == (2, [2])
    (leaf,) = report["leaves"]
    assert (leaf["name"], leaf["dtype"], leaf["count"]) == ("", "float32", 4)
    assert (leaf["low"], leaf["high"], leaf["mean"], leaf["std"]) == (1.0, 7.0, 4.0, 5.0**0.5)
    assert (leaf["nan"], leaf["inf"]) == (0, 0)
    assert len(leaf["bins"]) == BINS
    assert [i for i, count in enumerate(leaf["bins"]) if count] == [0, 8, 16, 23]


def test_what_is_not_finite_is_counted_and_left_out() -> None:
    nan, inf = float("nan"), float("inf")
    (leaf,) = measured(torch.tensor([2.0, nan, -inf, inf, 4.0])).report()["leaves"]
    assert (leaf["count"], leaf["nan"], leaf["inf"]) == (5, 1, 2)
    assert (leaf["low"], leaf["high"], leaf["mean"], leaf["std"]) == (2.0, 4.0, 3.0, 1.0)
    (leaf,) = measured(torch.tensor([nan, nan])).report()["leaves"]
    assert (leaf["nan"], leaf["low"], leaf["mean"], leaf["bins"]) == (2, None, None, [])


def test_whole_numbers_have_a_step_each() -> None:
    (leaf,) = measured(torch.tensor([[0, 2], [2, 2]])).report()["leaves"]
    assert (leaf["dtype"], leaf["low"], leaf["high"], leaf["bins"]) == (
        "int64",
        0.0,
        2.0,
        [1, 0, 3],
    )
    (leaf,) = measured(torch.tensor([True, False, True])).report()["leaves"]
    assert leaf["bins"] == [1, 2]
    assert leaf["mean"] == pytest.approx(2 / 3)
    (leaf,) = measured(torch.tensor([3, 3])).report()["leaves"]
    assert leaf["bins"] == [2]


def test_records_and_distributions_show_their_tensors() -> None:
    logits = torch.log(torch.tensor([[0.25, 0.75]]))
    report = measured({"a": {"b": torch.ones(2)}, "policy": Categorical(logits)}).report()
    assert [leaf["name"] for leaf in report["leaves"]] == ["a.b", "policy.logits"]
    assert measured({}).report()["leaves"] == []


def test_a_value_written_over_later_is_measured_as_it_was() -> None:
    buffer = torch.zeros(3)
    measurement = measured(buffer)
    buffer.fill_(9.0)
    assert measurement.report()["leaves"][0]["high"] == 0.0


def test_reducing_in_between_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "MOST_KEPT", 50)
    parts = torch.randn(40, 7, generator=torch.Generator().manual_seed(3)) * 3 + 100
    (leaf,) = measured(*parts).report()["leaves"]
    whole = parts.double()
    assert leaf["count"] == 280
    assert leaf["mean"] == pytest.approx(float(whole.mean()), rel=1e-12)
    assert leaf["std"] == pytest.approx(float(whole.std(correction=0)), rel=1e-12)
    assert (leaf["low"], leaf["high"]) == (float(whole.min()), float(whole.max()))
    assert sum(leaf["bins"]) == 280


def test_no_gradient_is_kept_and_none_is_disturbed() -> None:
    weight = torch.ones(2, requires_grad=True)
    value = weight * 2
    measured(value)
    (gradient,) = torch.autograd.grad(value.sum(), weight)
    assert gradient.tolist() == [2.0, 2.0]
