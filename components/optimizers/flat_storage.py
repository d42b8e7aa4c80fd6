"""Parameters laid end to end in one tensor, so that one kernel updates all of them.

A parameter is given new storage, a slice of the flat tensor, and stays the ordinary `nn.Parameter`
it was: modules, state dicts and autograd see no difference.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, pairwise

import torch
from torch import Tensor, nn

_ALIGNED = 16  # float32 numbers in a cache line


class FlatGroup:
    """Parameters of one dtype and device that are updated together.

    Three layouts, chosen by `group_parameters`:

    * new: the parameters move into a flat tensor of this group.
    * shared: they already fill a stretch of another group's flat tensor; the group is a view of it.
    * scattered: they lie elsewhere, in storage that is not this group's to move (some are in one
      group and some in another, say). They are updated one by one.

    Attributes:
        parameters: the parameters, in storage order.
        is_flat: whether one tensor holds all parameters.
        targets: what a kernel updates: the flat tensor, or each scattered parameter.
        gradient: `[n]`, the gradients end to end.
        segments: the slice of `[n]` that belongs to each parameter.
    """

    parameters: tuple[nn.Parameter, ...]
    is_flat: bool
    targets: list[Tensor]
    gradient: Tensor
    segments: list[slice]

    def __init__(self, parameters: Sequence[nn.Parameter], *, movable: bool) -> None:
        """Lay the parameters out.

        Args:
            parameters: of one dtype and device; in one storage if not movable.
            movable: whether each has storage to itself, which it may leave.
        """
        shared = not movable and _fill_a_stretch(parameters)
        order = (lambda p: p.numel() % _ALIGNED != 0) if movable else (lambda p: p.storage_offset())
        # New: whole cache lines first, so that every large matrix starts at a cache line.
        self.parameters = tuple(sorted(parameters, key=order) if movable or shared else parameters)
        ends = list(accumulate((p.numel() for p in self.parameters), initial=0))
        self.segments = [slice(start, end) for start, end in pairwise(ends)]
        first = self.parameters[0].detach()
        self.gradient = first.new_zeros(ends[-1])
        self.is_flat = movable or shared
        if movable:
            # One number to spare: a lone parameter that filled its storage would look movable to
            # the next optimizer.
            self.targets = [self._move_in(first.new_zeros(ends[-1] + 1)[:-1])]
        elif shared:
            self.targets = [first.as_strided((ends[-1],), (1,), first.storage_offset())]
        else:
            self.targets = [parameter.detach() for parameter in self.parameters]
        for parameter, gradient in zip(self.parameters, self.pieces(self.gradient), strict=True):
            if parameter.grad is None:
                parameter.grad = gradient
        self._addresses = [parameter.data_ptr() for parameter in self.parameters]

    def _move_in(self, flat: Tensor) -> Tensor:
        """Copy the parameters into a flat tensor and make it their storage."""
        for parameter, piece in zip(self.parameters, self.pieces(flat), strict=True):
            piece.copy_(parameter.detach())
            parameter.data = piece
        return flat

    def pieces(self, flat: Tensor) -> list[Tensor]:
        """Return a view of `flat` `[n]` for each parameter, in its shape."""
        return [
            flat[segment].view(parameter.shape)
            for segment, parameter in zip(self.segments, self.parameters, strict=True)
        ]

    def beside_targets(self, flat: Tensor) -> list[Tensor]:
        """Return views of `flat` `[n]` aligned with `targets`."""
        return [flat] if self.is_flat else self.pieces(flat)

    def gather(self, gradients: Sequence[Tensor | None]) -> None:
        """Write gradients, one for each parameter, into `gradient`; None counts as zero."""
        rows = [
            self.gradient.new_zeros(segment.stop - segment.start)
            if gradient is None
            else gradient.reshape(-1)
            for gradient, segment in zip(gradients, self.segments, strict=True)
        ]
        torch.cat(rows, out=self.gradient)

    def is_attached(self) -> bool:
        """Whether all parameters still live where they were laid out."""
        addresses = zip(self.parameters, self._addresses, strict=True)
        return all(parameter.data_ptr() == address for parameter, address in addresses)

    def is_probably_attached(self) -> bool:
        """The same, of the first parameter only: 0.1 us, for the training loop."""
        return self.parameters[0].data_ptr() == self._addresses[0]


def group_parameters(parameters: Sequence[nn.Parameter]) -> list[FlatGroup]:
    """Lay parameters out in as few groups as possible.

    Args:
        parameters: different parameters; may be of several dtypes and devices, and may belong to
            other groups already, which stay intact.

    Returns:
        Groups that hold each parameter once.
    """
    users = Counter(_storage_address(parameter) for parameter in parameters)
    groups: dict[tuple[torch.dtype, torch.device, int | None], list[nn.Parameter]] = {}
    for parameter in parameters:
        address = _storage_address(parameter)
        # Two parameters tied by their data must stay tied, so neither may move.
        movable = _fills_its_storage(parameter) and users[address] == 1
        key = (parameter.dtype, parameter.device, None if movable else address)
        groups.setdefault(key, []).append(parameter)
    return [FlatGroup(members, movable=key[2] is None) for key, members in groups.items()]


def _storage_address(parameter: Tensor) -> int:
    return parameter.untyped_storage().data_ptr()


def _fills_its_storage(parameter: Tensor) -> bool:
    size = parameter.numel() * parameter.element_size()
    return parameter.is_contiguous() and parameter.untyped_storage().nbytes() == size


def _fill_a_stretch(parameters: Sequence[nn.Parameter]) -> bool:
    """Return whether parameters of one storage lie in it without gaps or overlaps."""
    ordered = sorted(parameters, key=lambda parameter: parameter.storage_offset())
    return all(parameter.is_contiguous() for parameter in ordered) and all(
        left.storage_offset() + left.numel() == right.storage_offset()
        for left, right in pairwise(ordered)
    )
