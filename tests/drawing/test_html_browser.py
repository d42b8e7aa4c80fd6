"""The HTML board in a real browser: clicks, keys, search, folds and deep links."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alfgraph.drawing.rendering import render_view
from tests.drawing.ppo_board import ppo

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("board") / "ppo.html"
    render_view(ppo(failing=True), path)
    return path.as_uri()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    made = browser.new_page(viewport={"width": 1500, "height": 950})
    problems: list[str] = []
    made.on("pageerror", lambda error: problems.append(str(error)))
    made.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    asked: list[str] = []
    made.on("request", lambda request: asked.append(request.url))
    made.goto(address)
    yield made
    made.close()
    assert problems == []
    assert all(url.startswith("file:") for url in asked), "the page used the network"


def chip(name: str) -> str:
    return f'.chip[data-chip="{name}"]'


def test_a_click_opens_the_card_of_a_chip(page: Any) -> None:
    page.click(chip("update/loss"))
    card = page.locator("#card")
    assert card.is_visible()
    text = card.inner_text()
    assert "PPOLoss" in text
    assert "entropy_weight" in text and "ppo_cart_pole.py:7" in text
    assert "samples.read.batch.advantage" in text.replace("\xa0", " ")
    assert page.url.endswith("#update/loss")
    page.keyboard.press("Escape")
    assert not card.is_visible()


def test_a_failing_wire_is_told_on_board_and_card(page: Any) -> None:
    assert page.locator("#verdict").inner_text() == "✗ 1 error"
    assert "gives float32[T, M] ≠ expects float32[]" in page.locator(".notes").inner_html()
    page.click(chip("update/optimizer"))
    assert "gives float32[T, M] ≠ expects float32[]" in page.locator("#card").inner_text()


def test_hovering_a_wire_lights_its_whole_net(page: Any) -> None:
    net = page.locator(".net", has=page.locator("title", has_text="sample.action →")).first
    hit = net.locator(".hit").first
    x, y = hit.evaluate(
        "p => { const at = p.getPointAtLength(20).matrixTransform(p.getScreenCTM());"
        " return [at.x, at.y]; }"
    )
    page.mouse.move(x, y)
    lit = page.locator(".chip.on").evaluate_all("all => all.map(c => c.dataset.chip)")
    assert set(lit) == {"unroll/sample", "unroll/log_prob", "unroll/rollout.write", "unroll/env"}


def test_slash_searches_and_enter_goes_there(page: Any) -> None:
    page.keyboard.press("/")
    page.keyboard.type("gae gamma")
    assert page.locator("#found li").count() == 1
    page.keyboard.press("Enter")
    assert page.locator("#card h2").inner_text() == "returns"
    assert page.url.endswith("#prepare/returns")


def test_boards_close_and_open(page: Any) -> None:
    before = page.locator(".chip").count()
    page.click('#boards button[data-board="algorithm"]')
    assert page.locator(".chip").count() == 5
    page.dblclick(chip("unroll/algorithm"))
    assert page.locator(".chip").count() == before
    page.click(chip("unroll/actor"))
    page.keyboard.press("o")
    assert page.locator(".chip").count() == 5


@pytest.mark.parametrize("link", ["unroll/actor", "algorithm.actor", "actor"])
def test_deep_links_lead_to_a_chip(page: Any, address: str, link: str) -> None:
    page.goto(f"{address}#{link}")
    page.reload()
    assert page.locator("#card h2").inner_text() == "actor"


def test_layers_themes_and_text(page: Any) -> None:
    assert page.locator(".parameters").is_visible()
    page.keyboard.press("p")
    assert not page.locator(".parameters").is_visible()
    for theme in ("board", "light", "print", "auto"):  # the browser is light: a visible turn first
        page.keyboard.press("t")
        assert page.locator("html").get_attribute("data-theme") == theme
    page.keyboard.press("w")
    assert "── UNROLL" in page.locator("#table").inner_text()


def test_keys_and_wheel_move_and_zoom(page: Any) -> None:
    drawing = page.locator("#stage svg")
    first = drawing.get_attribute("style")
    page.keyboard.press("+")
    page.keyboard.press("ArrowLeft")
    moved = drawing.get_attribute("style")
    assert moved != first
    page.mouse.move(700, 500)
    page.mouse.wheel(0, -300)
    page.wait_for_function(
        "s => document.querySelector('#stage svg').style.cssText !== s", arg=moved
    )
    page.keyboard.press("0")
    assert drawing.get_attribute("style") == first


def test_tab_and_enter_reach_every_chip(page: Any) -> None:
    page.locator(chip("unroll/env")).focus()
    page.keyboard.press("Enter")
    assert page.locator("#card h2").inner_text() == "env"
    page.locator(chip("unroll/env")).focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.chip") == "unroll/normalize"


def middle(page: Any, name: str) -> tuple[float, float]:
    box = page.locator(f"{chip(name)} .body").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_dragging_moves_the_board_and_chooses_nothing(page: Any) -> None:
    x, y = middle(page, "unroll/env")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 25, steps=4)
    page.mouse.up()
    assert middle(page, "unroll/env") == pytest.approx((x + 60, y + 25))
    assert not page.locator("#card").is_visible()
    page.mouse.click(x + 60, y + 25)
    page.wait_for_selector("#card h2")


def test_the_wheel_zooms_about_the_mouse(page: Any) -> None:
    x, y = middle(page, "update/loss")
    width = page.locator(f"{chip('update/loss')} .body").bounding_box()["width"]
    page.mouse.move(x, y)
    page.mouse.wheel(0, -400)
    page.wait_for_function(
        "([name, w]) => document.querySelector(`.chip[data-chip='${name}'] .body`)"
        ".getBoundingClientRect().width > 1.5 * w",
        arg=["update/loss", width],
    )
    assert middle(page, "update/loss") == pytest.approx((x, y), abs=1)


def test_a_board_that_moves_under_a_resting_mouse_lights_nothing_new(page: Any) -> None:
    page.mouse.move(750, 500)
    page.keyboard.press("/")
    page.keyboard.type("adam")
    page.keyboard.press("Enter")
    page.wait_for_timeout(150)
    lit = page.locator(".net.on").evaluate_all(
        "all => all.map(n => n.querySelector('title').textContent)"
    )
    assert lit and all("optimizer" in text for text in lit)


def test_screen_readers_get_names_roles_and_the_wiring_table(page: Any) -> None:
    loss = page.get_by_role("button", name="loss · PPOLoss")
    assert loss.count() == 1 and loss.get_attribute("tabindex") == "0"
    assert page.get_by_role("toolbar", name="Board").count() == 1
    assert page.get_by_role("combobox", name="Search chips, pins, specs and settings").count() == 1
    assert page.get_by_role("group", name="Circuit board of ppo_cart_pole").count() == 1
    table = page.get_by_role("region", name="The board as text")
    assert "── UPDATE" in table.text_content()
    assert page.locator("html").get_attribute("lang") == "en"


def brightness(page: Any, selector: str, property_: str) -> int:
    """The sum of red, green and blue."""
    color = page.locator(selector).first.evaluate(f"e => getComputedStyle(e).{property_}")
    return sum(int(n) for n in color[color.index("(") + 1 : -1].split(",")[:3])


def test_page_and_board_are_light_or_dark_as_the_system_is(browser: Any, address: str) -> None:
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme)
        made = context.new_page()
        made.goto(address)
        shades = [brightness(made, "body", "backgroundColor"), brightness(made, ".board", "fill")]
        assert made.locator("#theme").inner_text() == "◐ auto"
        made.keyboard.press("t")
        turned = [brightness(made, "body", "backgroundColor"), brightness(made, ".board", "fill")]
        context.close()
        dark, light = (shades, turned) if scheme == "dark" else (turned, shades)
        assert max(dark) < 150 and min(light) > 600


def test_a_theme_that_was_asked_for_stays_whatever_the_system_is(
    browser: Any, tmp_path: Path
) -> None:
    render_view(ppo(), tmp_path / "board.html", theme="board")
    context = browser.new_context(color_scheme="light")
    made = context.new_page()
    made.goto((tmp_path / "board.html").as_uri())
    assert brightness(made, ".board", "fill") < 150
    context.close()


def test_in_a_narrow_window_the_card_lies_below_its_chip(browser: Any, address: str) -> None:
    context = browser.new_context(viewport={"width": 480, "height": 800})
    made = context.new_page()
    made.goto(f"{address}#loss")
    box = made.locator(chip("update/loss")).bounding_box()
    card = made.locator("#card").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 480
    assert box["y"] + box["height"] <= card["y"]
    assert card["width"] == 480 and card["y"] + card["height"] == 800
    context.close()


def test_without_scripts_the_board_is_there_as_text(browser: Any, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    made = context.new_page()
    made.goto(address)
    assert made.locator("#table pre").is_visible()
    context.close()
