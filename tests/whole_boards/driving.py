"""What the tests of boards share: compile, run some iterations, look at the parameters."""

import torch

from alfgraph.compiler import compile_graph
from alfgraph.families.annealing import Progress
from alfgraph.families.graph import Graph
from alfgraph.program.program import Program


def started(graph: Graph, *, recompute: bool = True, seed: int = 0) -> Program:
    """A program at the beginning of its first iteration."""
    plan = compile_graph(graph, recompute=recompute)
    program = Program(plan, seed=seed, device="cpu")
    with program.generators():
        program.start()
    return program


def iterate(program: Program, count: int = 1) -> Program:
    """The same program, `count` iterations later."""
    with program.generators():
        for _ in range(count):
            program.iterate(Progress())
    return program


def trained(graph: Graph, count: int, *, recompute: bool = True, seed: int = 0) -> Program:
    """A program after `count` iterations."""
    return iterate(started(graph, recompute=recompute, seed=seed), count)


def parameters(program: Program) -> dict[str, torch.Tensor]:
    """Copies of all parameters, by part and name."""
    return {
        f"{path}:{name}": parameter.detach().clone()
        for path, module in program.modules.items()
        for name, parameter in module.named_parameters()
    }


def are_equal(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    """Bit for bit."""
    return first.keys() == second.keys() and all(
        torch.equal(first[name], second[name]) for name in first
    )


def changed(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor]) -> set[str]:
    """The parts of which a parameter moved."""
    return {name.partition(":")[0] for name in before if not torch.equal(before[name], after[name])}


def trains(program: Program) -> dict[str, list[str]]:
    """What the plan says each optimizer trains."""
    return {o.path: list(o.trains) for o in program.plan.optimizers}
