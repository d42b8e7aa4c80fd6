"""The time step: what an environment gives, and the contract of every value computation.

`reward` is the reward **for the previous action**: it arrives with the observation it led to.
`discount` is 0 only at true termination; at a time limit it stays 1, so that values bootstrap.

| step_type | discount | as a successor          | as a start          |
|-----------|----------|-------------------------|---------------------|
| FIRST     | 1        | its value is not used   | it is learnt        |
| MID       | 1        | used                    | learnt              |
| LAST      | 0        | not used (termination)  | masked out          |
| LAST      | 1        | used (time limit)       | masked out          |

After LAST the next step ignores the action and returns FIRST.
"""

from __future__ import annotations

from alfgraph.specs.step_types import FIRST, LAST
from alfgraph.wiring.records import Field, Record
from alfgraph.wiring.wires import Wire


class TimeStep(Record):
    """One step of every environment of a batch.

    Attributes:
        step_type: int32, FIRST 0, MID 1, LAST 2.
        reward: float32, for the previous action; scalar or a vector `*r`.
        discount: float32, 0 only at true termination.
        observation: any tree, as the environment's space says.
        prev_action: the action that led here; zeros at FIRST.
        env_id: int32, index of the environment in its batch.
        env_info: what the environment reports beside, as declared; `{}` by default.
    """

    step_type: Wire = Field("int32[*batch] in [0, 3)", role="step_type")
    reward: Wire = Field("float32[*batch, *r]", role="reward")
    discount: Wire = Field("float32[*batch]", role="discount")
    observation: Wire = Field("observation[*batch]", role="observation")
    prev_action: Wire = Field("action[*batch]", role="action")
    env_id: Wire = Field("int32[*batch]", role="env_id")
    env_info: Wire = Field("env_info[*batch]")

    @property
    def is_first(self) -> Wire:
        """bool[*batch]: an episode begins here."""
        return self.step_type.equals(FIRST)

    @property
    def is_last(self) -> Wire:
        """bool[*batch]: an episode ends here, by termination or time limit."""
        return self.step_type.equals(LAST)
