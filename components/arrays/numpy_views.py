"""When numpy may do torch's arithmetic on the same memory.

On CPU a torch operation on a few hundred numbers costs 4 to 7 us, one of numpy less than 1. What is
computed without a gradient, on tensors of that size, is worth writing twice.
"""

import torch
from torch import Tensor

_TYPES = (torch.float32, torch.float64)


def numpy_can_view(*tensors: Tensor | None) -> bool:
    """Return whether numpy can view all of the floating-point tensors; None is no hindrance.

    It cannot on accelerators and for short floats, and under `torch.compile` it should not: the
    compiler traces torch's operations.
    """
    return not torch.compiler.is_compiling() and all(
        tensor is None or (tensor.device.type == "cpu" and tensor.dtype in _TYPES)
        for tensor in tensors
    )
