"""The SVG: well-formed, complete, the same bytes every time, readable."""

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

import alfgraph
from alfgraph.drawing.layout.layout import lay_out
from alfgraph.drawing.layout.traces import chamfered, etch
from alfgraph.drawing.picture.bundle import bundle
from alfgraph.drawing.picture.view import PartView
from alfgraph.drawing.rendering import ThemeName, render_view
from alfgraph.drawing.svg.links import link_from
from alfgraph.drawing.svg.themes import THEMES, text_on
from tests.drawing.boards import actor_critic
from tests.drawing.ppo_board import ppo
from tests.drawing.sac_board import sac

SVG = "{http://www.w3.org/2000/svg}"


def drawn(text: str | bytes) -> ElementTree.Element:
    return ElementTree.fromstring(text)


@pytest.mark.parametrize("theme", ["board", "light", "print"])
def test_every_theme_is_well_formed_and_complete(theme: ThemeName) -> None:
    root = drawn(render_view(sac(), "svg", theme=theme))
    chips = [g for g in root.iter(f"{SVG}g") if (g.get("class") or "").startswith("chip")]
    assert {g.get("data-chip") for g in chips} == {node.id for node in sac().nodes}
    assert root.get("role") == "img"
    assert "── UPDATE" in (root.findtext(f"{SVG}desc") or "")
    for group in chips:
        assert group.findtext(f"{SVG}title")


def test_nothing_is_fetched_and_nothing_runs() -> None:
    text = str(render_view(ppo(), "svg"))
    assert "<script" not in text and "url(http" not in text and "<image" not in text
    assert text.count("http") == 1, "only the name of the format"


def test_the_same_board_gives_the_same_bytes_in_every_process() -> None:
    program = (
        "import hashlib; from alfgraph.drawing.rendering import ThemeName, render_view;"
        "from tests.drawing.random_boards import random_board;"
        "print(hashlib.sha256(render_view(random_board(11), 'svg').encode()).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1


def test_failing_wires_say_why_on_the_spot() -> None:
    text = str(render_view(ppo(failing=True), "svg"))
    assert "gives float32[T, M] ≠ expects float32[]" in text
    assert "copper failing" in text and "✗ 1 error" in text
    assert "copper failing" not in str(render_view(ppo(), "svg")).replace("copper.failing", "")


def test_heat_can_be_left_out() -> None:
    plain = drawn(render_view(ppo(), "svg", heat="none"))
    headers = [p.get("class") for p in plain.iter(f"{SVG}path")]
    assert "hn" in headers and "h4" not in headers


def test_links_lead_to_the_project_and_in_an_editor_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    linked = str(render_view(ppo(), "svg", link="https://example.org/blob/main"))
    assert 'href="https://example.org/blob/main/components/losss/ppoloss.py#L12"' in linked
    linked = str(render_view(ppo(), "svg", link="{file}?{line}"))
    assert 'href="components/losss/ppoloss.py?12"' in linked
    linked = str(render_view(ppo(), "svg", link="vscode"))
    assert f'href="vscode://file/{tmp_path}/components/losss/ppoloss.py:12"' in linked


def test_the_parts_bin_is_linked_where_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(alfgraph.__file__).parents[1]
    loss = PartView(
        path="loss", kind="PPOLoss", source_file="alfgraph/families/graph.py", source_line=7
    )
    monkeypatch.chdir(tmp_path)
    outside, editor = link_from("https://example.org/main/"), link_from("vscode")
    assert outside is not None and editor is not None
    assert outside(loss) is None, "it is no file of this project"
    assert editor(loss) == f"vscode://file/{root.as_posix()}/alfgraph/families/graph.py:7"
    monkeypatch.chdir(root)
    assert outside(loss) == "https://example.org/main/alfgraph/families/graph.py#L7"
    assert link_from(None) is None


def contrast(first: str, second: str) -> float:
    def luminance(color: str) -> float:
        channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", list(THEMES))
def test_text_and_wires_stand_out(name: str) -> None:
    theme = THEMES[name]
    for color in (*theme.heat, theme.neutral):
        assert contrast(color, text_on(color)) >= 4.5, color
    assert contrast(theme.silk, theme.band) >= 7
    assert contrast(theme.silk_dim, theme.board) >= 4.5
    assert contrast(theme.chip_dim, theme.chip) >= 4.5
    for color in (*theme.families.values(), theme.params, theme.tracks, theme.failing):
        assert contrast(color, theme.band) >= 3, color


def test_corners_are_cut_at_45_degrees() -> None:
    assert chamfered([(0, 0), (20, 0), (20, 30)]) == "M0 0L14 0L20 6L20 30"
    assert chamfered([(0, 0), (8, 0), (8, 30)]) == "M0 0L4 0L8 4L8 30"


def test_a_bus_is_thick_until_single_fields_leave_it() -> None:
    layout = lay_out(bundle(actor_critic()))
    steps = next(n for n in etch(layout) if n.net.source.name == "steps")
    looks = {(trace.look.wide, trace.look.family) for trace in steps.traces}
    assert looks == {(True, "record"), (False, "float"), (False, "int")}
    assert len(steps.dots) >= 2


def test_feedback_passes_a_register_and_is_dashed_after_it() -> None:
    layout = lay_out(bundle(actor_critic()))
    action = next(n for n in etch(layout) if n.net.source.name == "action")
    assert len(action.registers) == 1
    delayed = [trace for trace in action.traces if trace.look.delayed]
    ends = {point for trace in delayed for point in (trace.points[0], trace.points[-1])}
    env = next(chip for chip in layout.chips if chip.title == "env")
    assert ends == {action.registers[0], env.pins["in", "action"].anchor}
