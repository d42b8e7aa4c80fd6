"""Try parts of your own against their contracts, in a test or a shell.

    from alfgraph.testing import check_algorithm, check_component, check_environment

    def test_my_world() -> None:
        check_environment(MyWorld(size=5))

Each check is silent or raises a `ContractError`, an `AlfgraphError` that says what was expected,
what came and what to change.
"""

from alfgraph.testing.boards import check_algorithm, check_board
from alfgraph.testing.components import check_component
from alfgraph.testing.contract import ContractError
from alfgraph.testing.environments import check_environment

__all__ = [
    "ContractError",
    "check_algorithm",
    "check_board",
    "check_component",
    "check_environment",
]
