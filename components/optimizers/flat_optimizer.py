"""The optimizer a running program steps: one gradient, one norm, one kernel for all parameters."""

from collections.abc import Mapping, Sequence
from itertools import chain

import torch
from torch import Tensor, nn

from alfgraph.components.optimizers.flat_storage import FlatGroup, group_parameters
from alfgraph.components.optimizers.gradient_clipping import (
    clip_by_global_norm,
    clip_each_by_norm,
    global_norm,
)
from alfgraph.components.optimizers.update_rules import AdamRule, Tensors, UpdateRule
from alfgraph.diagnostics.errors import CheckpointError, RunError, UsageError
from alfgraph.families.protocols import State


class FlatOptimizer:
    """Trains given parameters, and no others, on losses.

    The parameters are laid end to end (`flat_storage`) and their `.grad` becomes a view of the flat
    gradient, which `differentiate` overwrites. Take views of parameters, such as numpy arrays,
    after all optimizers are made; load parameters by copying (`load_state_dict`), not by replacing
    their data (`module.to`, `assign=True`).

    A parameter that a loss does not reach is left exactly as it is by that update, as are its
    moments. The bias corrections of Adam count updates of the optimizer, though, where torch counts
    those of the single parameter.

    Attributes:
        parameters: what is trained, in the order given, each once.
        lr: learning rate of the next update.
        grad_norm: `[] float`, joint length of the last gradient, before clipping.
        step_count: number of updates so far.
    """

    def __init__(
        self,
        parameters: Sequence[nn.Parameter],
        rule: UpdateRule | None = None,
        *,
        lr: float,
        gradient_clipping: float | None = None,
        clip_by_global_norm: bool = False,
    ) -> None:
        """Lay out the parameters and start with zero moments.

        Args:
            parameters: what to train; may be trained by other FlatOptimizers too.
            rule: how a gradient moves a parameter; Adam by default.
            lr: learning rate.
            gradient_clipping: longest gradient to leave as it is; None leaves all.
            clip_by_global_norm: bound the joint length; otherwise that of each parameter's own.

        Raises:
            UsageError: if there is nothing to train, or a parameter takes no gradient.
        """
        self.parameters: tuple[nn.Parameter, ...] = tuple(dict.fromkeys(parameters))
        _check_trainable(self.parameters)
        self.lr = lr
        self.step_count = 0
        self.grad_norm = torch.zeros(())
        self._rule = AdamRule() if rule is None else rule
        self._max_norm, self._by_global_norm = gradient_clipping, clip_by_global_norm
        self._groups = group_parameters(self.parameters)
        self._moments = [self._zero_moments(group) for group in self._groups]
        self._tensors = [
            self._aligned(*pair) for pair in zip(self._groups, self._moments, strict=True)
        ]
        self._in_groups = [p for group in self._groups for p in group.parameters]
        self._gradients = [group.gradient for group in self._groups]
        self._segments = [
            group.gradient[segment] for group in self._groups for segment in group.segments
        ]
        self._unreached: list[int] = []

    def step(self, loss: Tensor, *, retain_graph: bool = False) -> None:
        """Make one update that lowers the loss: `differentiate`, then `apply`.

        Args:
            loss: `[] float`, to be lowered.
            retain_graph: keep the graph, for another loss that shares a part of it.
        """
        self.differentiate(loss, retain_graph=retain_graph)
        self.apply()

    def differentiate(self, loss: Tensor, *, retain_graph: bool = False) -> None:
        """Write the gradient of the loss with respect to the parameters; others receive none.

        Several losses that share parameters are differentiated first and applied afterwards:
        autograd refuses to go back through a parameter that was changed since.

        Args:
            loss: `[] float`.
            retain_graph: keep the graph, for another loss that shares a part of it.

        Raises:
            RunError: if the loss depends on none of the parameters, or one was moved elsewhere.
        """
        if not all(group.is_probably_attached() for group in self._groups):
            self._raise_moved()
        gradients: Sequence[Tensor | None] = [None]
        if loss.requires_grad:
            gradients = torch.autograd.grad(
                loss, self._in_groups, retain_graph=retain_graph, allow_unused=True
            )
        self._unreached = [i for i, gradient in enumerate(gradients) if gradient is None]
        if len(self._unreached) == len(gradients):
            raise RunError(
                "the loss depends on none of the parameters this optimizer trains; name the parts "
                "that the loss reaches, or remove the `detach()` between them."
            )
        start = 0
        for group in self._groups:
            end = start + len(group.parameters)
            group.gather(gradients[start:end])
            start = end

    def apply(self) -> None:
        """Clip the gradient and move the parameters."""
        if self._max_norm is None:
            self.grad_norm = global_norm(self._gradients)
        elif self._by_global_norm:
            self.grad_norm = clip_by_global_norm(self._gradients, self._max_norm)
        else:
            self.grad_norm = global_norm(self._gradients)
            clip_each_by_norm(self._segments, self._max_norm)
        self.step_count += 1
        kept = [(old, old.clone()) for old in self._untouched()]
        for tensors in self._tensors:
            self._rule.update(tensors, lr=self.lr, step=self.step_count)
        for old, copy in kept:
            old.copy_(copy)
        # Parameters do not share a version with the flat tensor: tell autograd that they changed,
        # so that going back through a graph built before is an error and not a wrong gradient.
        torch.autograd.graph.increment_version(self._in_groups)

    def set_lr(self, lr: float) -> None:
        """Set the learning rate of the next updates."""
        self.lr = lr

    def set_rule(self, rule: UpdateRule) -> None:
        """Move parameters by another rule from the next update on; the moments are kept.

        Raises:
            UsageError: it remembers something else.
        """
        if tuple(rule.moments) != tuple(self._rule.moments):
            kept, wanted = list(self._rule.moments), list(rule.moments)
            raise UsageError(f"an optimizer that remembers {kept} cannot go on with {wanted}")
        self._rule = rule

    def set_gradient_clipping(self, longest: float | None) -> None:
        """Set the longest gradient to leave as it is; None leaves all."""
        self._max_norm = longest

    def state(self) -> State:
        """Return the number of updates and a copy of each parameter's moments.

        Returns:
            `{"step": int, "moments": {name: [tensor for each of parameters]}}`. The parameters and
            the settings are not part of it.
        """
        moments = {
            name: [piece.clone() for piece in self._pieces(name)] for name in self._rule.moments
        }
        return {"step": self.step_count, "moments": moments}

    def load_state(self, state: State) -> None:
        """Continue from what `state` returned, exactly.

        Args:
            state: a state of an optimizer with the same rule, over parameters of the same shapes.

        Raises:
            CheckpointError: if it does not fit; nothing is changed then.
            RunError: if a parameter was moved elsewhere.
        """
        if not all(group.is_attached() for group in self._groups):
            self._raise_moved()
        saved: Mapping[str, Sequence[Tensor]] = state["moments"]
        names = list(self._rule.moments)
        if sorted(saved) != sorted(names):
            raise CheckpointError(
                f"the checkpoint's optimizer keeps {sorted(saved)}, this one {sorted(names)}; use "
                "the optimizer the run was started with, or start the run afresh."
            )
        shapes = [tuple(parameter.shape) for parameter in self.parameters]
        for name in names:
            if (found := [tuple(tensor.shape) for tensor in saved[name]]) != shapes:
                raise CheckpointError(
                    f"the checkpoint's optimizer trains parameters of shapes {found}, this one of "
                    f"shapes {shapes}; use the networks the run was started with."
                )
        for name in names:
            for piece, tensor in zip(self._pieces(name), saved[name], strict=True):
                piece.copy_(tensor)
        self.step_count = int(state["step"])
        for count in chain.from_iterable(tensors.steps for tensors in self._tensors):
            count.fill_(self.step_count)

    def _zero_moments(self, group: FlatGroup) -> list[Tensor]:
        return [torch.zeros_like(group.gradient) for _ in self._rule.moments]

    def _aligned(self, group: FlatGroup, moments: list[Tensor]) -> Tensors:
        """Collect what the rule updates in one group."""
        return Tensors(
            parameters=group.targets,
            gradients=group.beside_targets(group.gradient),
            moments=tuple(group.beside_targets(moment) for moment in moments),
            steps=[torch.zeros((), device=target.device) for target in group.targets],
        )

    def _pieces(self, name: str) -> list[Tensor]:
        """Return views of one moment, one for each parameter in the order given."""
        which = list(self._rule.moments).index(name)
        of: dict[nn.Parameter, Tensor] = {}
        for group, moments in zip(self._groups, self._moments, strict=True):
            of.update(zip(group.parameters, group.pieces(moments[which]), strict=True))
        return [of[parameter] for parameter in self.parameters]

    def _untouched(self) -> list[Tensor]:
        """Return the parameters that the last loss did not reach, and their moments."""
        unreached = [self._in_groups[index] for index in self._unreached]
        if not unreached:
            return []
        index_of = {parameter: index for index, parameter in enumerate(self.parameters)}
        pieces = [self._pieces(name) for name in self._rule.moments]
        return [parameter.detach() for parameter in unreached] + [
            moment[index_of[parameter]] for moment in pieces for parameter in unreached
        ]

    def _raise_moved(self) -> None:
        raise RunError(
            "a trained parameter was given other storage after its optimizer was made, so updates "
            "would not reach it; move modules (`.to`, `.half`) before the program is built, and "
            "load parameters with `load_state_dict`, which copies."
        )


def _check_trainable(parameters: Sequence[nn.Parameter]) -> None:
    """Raise unless there are parameters and all take gradients."""
    if not parameters:
        raise UsageError("an optimizer needs parameters to train; name a part that has some.")
    frozen = [tuple(parameter.shape) for parameter in parameters if not parameter.requires_grad]
    if frozen:
        raise UsageError(
            f"{len(frozen)} of the optimizer's parameters take no gradient (shapes {frozen}); "
            "leave out the part they belong to, or call `requires_grad_(True)` on it."
        )
