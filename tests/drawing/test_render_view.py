"""The formats, their files, and what is said when something is missing."""

import builtins
import json
import re
import shutil
import zlib
from pathlib import Path
from typing import Any

import pytest

from alfgraph.diagnostics.errors import AlfgraphError, UsageError
from alfgraph.drawing.picture.view import BoardView
from alfgraph.drawing.rendering import FORMATS, render_view
from tests.drawing.ppo_board import ppo

TEXTS = [name for name in FORMATS if name not in ("png", "pdf")]


@pytest.mark.parametrize("name", TEXTS)
def test_files_hold_what_is_returned_and_repeat_to_the_byte(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"board.{name}"
    drawn = render_view(ppo(), path)
    assert path.read_text(encoding="utf-8") == drawn == render_view(ppo(), name)


def test_a_bare_format_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    render_view(ppo(), ".svg")
    assert list(tmp_path.iterdir()) == []


def test_json_is_the_board() -> None:
    text = str(render_view(ppo(), "json"))
    assert BoardView.model_validate(json.loads(text)) == ppo()


def test_unknown_formats_and_options_say_what_there_is() -> None:
    misspelt: Any = "borad"
    with pytest.raises(AlfgraphError, match=r"cannot be drawn as `x.sgv`; did you mean `.svg`"):
        render_view(ppo(), "x.sgv")
    with pytest.raises(UsageError, match=r"use `\.svg`, `\.html`, `\.png`"):
        render_view(ppo(), "board")
    with pytest.raises(UsageError, match="there is no theme called `borad`; did you mean `board`"):
        render_view(ppo(), "svg", theme=misspelt)


def test_png_is_drawn_twice_as_large() -> None:
    pytest.importorskip("resvg_py")
    drawn = render_view(ppo(), "png")
    assert isinstance(drawn, bytes) and drawn.startswith(b"\x89PNG")
    svg = str(render_view(ppo(), "svg"))
    found = re.search(r'width="(\d+)" height="(\d+)"', svg)
    assert found is not None
    size = (int.from_bytes(drawn[16:20]), int.from_bytes(drawn[20:24]))
    assert size == (2 * int(found[1]), 2 * int(found[2]))


def test_pdf_is_one_page_that_repeats_to_the_byte() -> None:
    pytest.importorskip("typst")
    drawn = render_view(ppo(), "pdf")
    assert isinstance(drawn, bytes) and drawn.startswith(b"%PDF")
    assert drawn == render_view(ppo(), "pdf")
    assert len(zlib.compress(drawn)) > 10_000


@pytest.mark.parametrize(("name", "library"), [("png", "resvg_py"), ("pdf", "typst")])
def test_missing_libraries_are_named_with_the_command(
    name: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(module: str, *rest: Any, **more: Any) -> Any:
        if module == library:
            raise ImportError(module)
        return real(module, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UsageError, match=re.escape("pip install 'alfgraph[pictures]'")):
        render_view(ppo(), name)


def test_mermaid_marks_delays_and_buses() -> None:
    text = str(render_view(ppo(), "mmd"))
    assert text.startswith("flowchart LR\n")
    assert 'n3 -. "z⁻¹ int64[B] in [0, 2)" .-> n0' in text
    assert 'n5 == "rollout · no grad" ==> n6' in text
    assert text.count("subgraph") == text.count("  end") == 3
    assert "linkStyle" in str(render_view(ppo(failing=True), "mmd"))


def test_dot_wires_pins() -> None:
    text = str(render_view(ppo(), "dot"))
    assert text.startswith('digraph "ppo_cart_pole" {') and text.endswith("}\n")
    assert "n2:o0:e -> n3:i0:w" in text
    assert text.count("subgraph cluster_") == 3


def test_graphviz_draws_or_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("dot"):
        drawn = str(render_view(ppo(), "svg", engine="graphviz"))
        assert drawn == render_view(ppo(), "svg", engine="graphviz")
        assert b"/CreationDate (D:19700101000000" in render_view(ppo(), "pdf", engine="graphviz")
        order = r'y="([-.\d]+)"[^>]*>(UNROLL|PREPARE|UPDATE)<'
        heights = {name: float(y) for y, name in re.findall(order, drawn)}
        assert sorted(heights, key=heights.__getitem__) == ["UNROLL", "PREPARE", "UPDATE"]
        assert "rollout · no grad" in drawn and "trains" in drawn
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(UsageError, match=r"Graphviz draws .*`\.dot`, no `\.html`"):
        render_view(ppo(), "html", engine="graphviz")
    with pytest.raises(UsageError, match="apt install graphviz"):
        render_view(ppo(), "svg", engine="graphviz")
