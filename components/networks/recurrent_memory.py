"""LSTM and GRU: networks that remember; they forget where an episode begins."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, nn

from alfgraph.families.network import Network
from alfgraph.specs.step_types import FIRST
from alfgraph.wiring.ports import In, Out, State


class Memory(Network):
    """A recurrent cell: features in, features out, and a register from step to step.

    Details:
        - Called on [B] it takes one step; on [T, B] it runs row by row, from the register given as
          `state=` or from zeros. The register is 0 where `step_type` is FIRST.
        - Weights begin orthogonal, biases at 0.

    Attributes:
        size: numbers it gives (and remembers; an LSTM remembers twice as many).
    """

    size: Annotated[int, Field(ge=1)] = 64

    features = In("float32[*batch, n]")
    step_type = In("int32[*batch]", role="step_type")
    remembered = Out("float32[*batch, size]")
    memory = State("float32[*batch, width]")

    def known(self) -> Mapping[str, Any]:
        """How many numbers the register holds."""
        return {"width": self.size}


class LSTM(Memory):
    """Long short-term memory; its register is the output and the cell, side by side.

    Source: Hochreiter & Schmidhuber 1997, "Long short-term memory", with a forget gate: Gers et
        al. 2000, "Learning to forget".
    """

    def known(self) -> Mapping[str, Any]:
        """How many numbers the register holds."""
        return {"width": 2 * self.size}

    def build(self, n: int) -> nn.Module:
        """[B, n] float32 features and the register -> [B, size] float32 and the next register."""
        return _LSTM(orthogonal_cell(nn.LSTMCell(n, self.size), gates=4))


class GRU(Memory):
    """Gated recurrent unit; its register is its output.

    Source: Cho et al. 2014, arXiv:1406.1078.
    """

    def build(self, n: int) -> nn.Module:
        """[B, n] float32 features and the register -> [B, size] float32 and the next register."""
        return _GRU(orthogonal_cell(nn.GRUCell(n, self.size), gates=3))


def orthogonal_cell(cell: nn.RNNCellBase, gates: int) -> nn.RNNCellBase:
    """Give every gate's weights orthogonal values, and biases zeros."""
    for name, parameter in cell.named_parameters():
        if name.startswith("bias"):
            nn.init.zeros_(parameter)
            continue
        for part in parameter.detach().chunk(gates):
            nn.init.orthogonal_(part)
    return cell


class _Recurrent(nn.Module):
    """A cell for one step, and torch's layer over the stretches between beginnings of episodes."""

    def __init__(self, cell: nn.RNNCellBase) -> None:
        super().__init__()
        self.cell = cell

    def scan(self, features: Tensor, step_type: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Every row, [T, B, n], as one step after the other; the register is that of row 0.

        Between two rows at which an episode begins somewhere, torch runs the whole stretch: on
        [16, 16] its LSTM takes a fifth of the time of its cell.
        """
        begins = step_type == FIRST
        rows = (begins[1:].any(1).nonzero().flatten() + 1).tolist()
        outs: list[Tensor] = []
        for start, stop in pairwise((0, *rows, features.shape[0])):
            if start:
                memory = memory.masked_fill(begins[start].unsqueeze(-1), 0.0)
            out, memory = self.stretch(features[start:stop], memory)
            outs.append(out)
        return outs[0] if len(outs) == 1 else torch.cat(outs), memory

    def stretch(self, features: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Rows [T, B, n] without a reset: the outputs, and the register behind them."""
        raise NotImplementedError(type(self).__name__)

    def _weights(self) -> list[Tensor]:
        cell = self.cell
        return [cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh]


class _LSTM(_Recurrent):
    def forward(self, features: Tensor, step_type: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        out, inside = self.cell(features, memory.chunk(2, -1))
        return out, torch.cat((out, inside), -1)

    def stretch(self, features: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        registers = [part.unsqueeze(0).contiguous() for part in memory.chunk(2, -1)]
        out, last, inside = torch.lstm(
            features, registers, self._weights(), True, 1, 0.0, self.training, False, False
        )
        return out, torch.cat((last[0], inside[0]), -1)


class _GRU(_Recurrent):
    def forward(self, features: Tensor, step_type: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        out = self.cell(features, memory)
        return out, out

    def stretch(self, features: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        out, last = torch.gru(
            features,
            memory.unsqueeze(0),
            self._weights(),
            True,
            1,
            0.0,
            self.training,
            False,
            False,
        )
        return out, last[0]
