"""One entry of the catalogue of diagnostics."""

import textwrap

from pydantic import BaseModel, ConfigDict, field_validator

WIDTH = 100
"""Columns an explanation never exceeds."""


class Code(BaseModel):
    """A stable code, what it means, and how to get rid of it.

    Attributes:
        code: `E…` refuses the board or the run, `W…` warns.
        title: The message in general terms.
        meaning: What was found.
        why: The reinforcement learning bug that is prevented.
        wrong: A minimal example that gets this code.
        fixed: The same example, repaired.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    title: str
    meaning: str
    why: str
    wrong: str
    fixed: str

    @field_validator("meaning", "why")
    @classmethod
    def _flowing(cls, text: str) -> str:
        """Texts are written as blocks and wrapped when they are shown."""
        return " ".join(text.split())

    @field_validator("wrong", "fixed")
    @classmethod
    def _flush(cls, text: str) -> str:
        return textwrap.dedent(text).strip("\n ")

    def render(self, width: int = WIDTH) -> str:
        """The text of `alfgraph explain`, its sentences within `width` columns."""
        blamed = "Why it is a warning" if self.code.startswith("W") else "Why it is an error"
        return "\n".join(
            [
                f"{self.code}: {self.title}",
                "",
                textwrap.fill(self.meaning, width),
                "",
                textwrap.fill(f"{blamed}: {self.why}", width),
                "",
                "Wrong:",
                "",
                textwrap.indent(self.wrong, "    "),
                "",
                "Right:",
                "",
                textwrap.indent(self.fixed, "    "),
            ]
        )
