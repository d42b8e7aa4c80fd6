"""Where text stands: inside its chip, inside the board, and never on a chip that is not its own."""

import re
from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple
from xml.etree import ElementTree

import pytest

from alfgraph.drawing.picture.view import BoardView
from alfgraph.drawing.rendering import render_view
from tests.drawing.boards import actor_critic
from tests.drawing.ppo_board import ppo
from tests.drawing.random_boards import random_board
from tests.drawing.sac_board import sac

SVG = "{http://www.w3.org/2000/svg}"
ADVANCE = 0.602
"""Of the widest of the faces named, DejaVu Sans Mono; in units of the font's size."""


class Box(NamedTuple):
    """A rectangle and what it holds."""

    left: float
    top: float
    right: float
    bottom: float
    text: str

    def inside(self, other: "Box") -> bool:
        return (
            other.left <= self.left
            and self.right <= other.right
            and other.top <= self.top
            and self.bottom <= other.bottom
        )

    def meets(self, other: "Box") -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


class Sheet:
    """A drawing's text and chips as boxes."""

    def __init__(self, svg: str) -> None:
        self.root = ElementTree.fromstring(svg)
        style = self.root.findtext(f"{SVG}style") or ""
        rules = re.findall(r"\.(\w+)\{([^}]*)\}", style)
        self.sizes = {
            name: float(found[1])
            for name, rule in rules
            if (found := re.search(r"font-size:([\d.]+)px", rule))
        }
        self.middle = {name for name, rule in rules if "text-anchor:middle" in rule}
        self.end = {name for name, rule in rules if "text-anchor:end" in rule}
        width, height = (float(self.root.get(k) or 0) for k in ("width", "height"))
        self.board = Box(0, 0, width, height, "")
        groups = [g for g in self.root.iter(f"{SVG}g") if "chip" in (g.get("class") or "").split()]
        self.chips = [(self._body(group), list(self._texts(group))) for group in groups]
        own = {id(text) for group in groups for text in group.iter(f"{SVG}text")}
        self.silk = [self._box(t) for t in self.root.iter(f"{SVG}text") if id(t) not in own]

    def _body(self, group: ElementTree.Element) -> Box:
        body = next(r for r in group.iter(f"{SVG}rect") if "body" in (r.get("class") or ""))
        x, y, width, height = (float(body.get(k) or 0) for k in ("x", "y", "width", "height"))
        return Box(x, y, x + width, y + height, group.get("data-chip") or "")

    def _texts(self, group: ElementTree.Element) -> Iterator[Box]:
        for text in group.iter(f"{SVG}text"):
            if not set((text.get("class") or "").split()) & {"rd", "wrong"}:  # above the chip
                yield self._box(text)

    def _box(self, text: ElementTree.Element) -> Box:
        classes = (text.get("class") or "").split()
        size = next(self.sizes[name] for name in classes if name in self.sizes)
        words = "".join(text.itertext())
        spacing = 1.5 if "ph" in classes else 0.5 if "rd" in classes else 0
        width = float(text.get("textLength") or len(words) * (ADVANCE * size + spacing))
        x, y = float(text.get("x") or 0), float(text.get("y") or 0)
        left = x
        if self.end & set(classes):
            left = x - width
        elif self.middle & set(classes):
            left = x - width / 2
        return Box(left, y - 0.76 * size, left + width, y + 0.24 * size, words)


def check_lettering(view: BoardView) -> None:
    """All facts about one board's text."""
    sheet = Sheet(str(render_view(view, "svg")))
    for body, texts in sheet.chips:
        for text in texts:
            assert text.inside(body), f"{text} leaves its chip {body}"
        for first, second in combinations(texts, 2):
            assert not first.meets(second), f"{first} and {second} overlap"
    for text in sheet.silk:
        assert text.inside(sheet.board), f"{text} leaves the board"
        for body, _ in sheet.chips:
            assert not text.meets(body), f"{text} lies on the chip {body}"


@pytest.mark.parametrize(
    "view", [actor_critic(), ppo(), ppo(failing=True), sac()], ids=lambda view: view.name
)
def test_lettering_of_written_boards(view: BoardView) -> None:
    check_lettering(view)


@pytest.mark.parametrize("block", range(10))
def test_lettering_of_random_boards(block: int) -> None:
    for seed in range(20 * block, 20 * block + 20):
        check_lettering(random_board(seed))


def test_long_names_of_phases_stay_in_their_heading() -> None:
    phase = ppo().phases[0].model_copy(update={"name": "unroll"})
    longer = phase.model_copy(update={"name": "auxiliaryandmorephase"})
    view = ppo()
    nodes = tuple(
        node.model_copy(update={"phase": longer.name}) if node.phase == "update" else node
        for node in view.nodes
    )
    phases = tuple(longer if p.name == "update" else p for p in view.phases)
    renamed = view.model_copy(update={"nodes": nodes, "phases": phases})
    sheet = Sheet(str(render_view(renamed, "svg")))
    name = next(text for text in sheet.silk if text.text == "AUXILIARYANDMOREPHASE")
    assert name.right - name.left == 118
