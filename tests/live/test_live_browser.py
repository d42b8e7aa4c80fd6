"""The live board of a real run in a real browser."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.drawing.test_html_browser import CHROMIUM, FLAGS
from tests.runtime.training import BOARDS

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium"),
]
ROOT = Path(__file__).parents[2]
PATIENCE = 150_000
"""Milliseconds; a busy machine takes its time."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


class Training:
    """`alfgraph run … --board` in a process of its own."""

    def __init__(self, run_dir: Path, iterations: int) -> None:
        command = [sys.executable, "-m", "alfgraph", "run", str(BOARDS / "ppo_cart_pole.py")]
        command += ["--run-dir", str(run_dir), "--board"]
        settings = [f"num_iterations={iterations}", "eval_interval=null", "num_checkpoints=1"]
        for setting in (*settings, "progress=none"):  # nothing fills the pipe
            command += ["--set", f"trainer.{setting}"]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stderr is not None
        found = None
        for line in self.process.stderr:
            if found := re.search(r"http://\S+", line):
                break
        assert found is not None
        self.address = found.group()

    def interrupt(self) -> int:
        """Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=150)
        return self.process.returncode

    def close(self) -> None:
        """Leave nothing behind."""
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def training(tmp_path: Path) -> Iterator[Training]:
    made = Training(tmp_path / "run", iterations=1_000_000)
    yield made
    made.close()


def opened(browser: Any, address: str) -> Any:
    page = browser.new_page(viewport={"width": 1500, "height": 950})
    page.set_default_timeout(PATIENCE)
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.goto(address)
    return page


def click_wire(page: Any, begins: str) -> None:
    """Click a wire 12 pixels behind its pin."""
    net = page.locator(".net", has=page.locator("title", has_text=begins)).first
    x, y = net.locator(".hit").first.evaluate(
        "p => { const at = p.getPointAtLength(12).matrixTransform(p.getScreenCTM());"
        " return [at.x, at.y]; }"
    )
    page.mouse.click(x, y)


def iteration(page: Any) -> int:
    text = page.locator("#live .state p").first.inner_text()
    return int(re.sub(r"\D", "", text.partition("/")[0]))


def test_a_run_is_watched_and_interrupted(browser: Any, training: Training) -> None:
    page = opened(browser, training.address)
    page.wait_for_selector('#live[data-state="training"]')
    page.wait_for_selector(".rate-plate")
    assert page.locator(".rate-plate").count() == 3, "unroll, prepare and update"
    plates = page.locator(".rate-plate text").all_text_contents()
    assert all(re.fullmatch(r"[\d.,]+k? steps/s", text) for text in plates)
    shares = page.locator("#live .time li").all_inner_texts()
    assert [text.split()[0] for text in shares[:3]] == ["unroll", "prepare", "update"]
    page.wait_for_selector('#curves [data-name="optimizer/loss"] .line[d^="M0"]')

    click_wire(page, "actor.policy →")
    card = page.locator("#card")
    page.wait_for_selector("#card .meter")
    text = " ".join(card.inner_text().split())
    assert "actor.policy" in text
    assert "Categorical" in text and "sample.policy" in text
    assert re.search(r"range -?[\d.e-]+ … -?[\d.e-]+ mean", text)
    assert "✓ all 512 finite" in text, "32 steps of 8 environments with 2 logits each"
    assert page.locator(".net.watched").count() == 1
    first = card.locator(".measured").inner_text()
    page.wait_for_function(
        "first => document.querySelector('#card .measured').innerText !== first",
        arg=first,
        polling=200,  # not by frames: nobody sees this page
    )

    other = opened(browser, training.address)
    other.wait_for_selector(".rate-plate")
    click_wire(other, "env.step →")
    other.wait_for_selector("#card .meter >> nth=3")
    assert other.locator("#card h3").count() == 4, "the four fields of the bus"

    page.keyboard.press("Escape")
    assert not card.is_visible()
    assert page.locator(".net.watched").count() == 0
    other.close()

    assert training.interrupt() == 130
    page.wait_for_selector('#live[data-state="interrupted"]')
    assert "interrupted" in page.locator("#live .state b").inner_text()
    assert iteration(page) > 0, "the last values stay"
    assert page.locator(".rate-plate").count() == 3
    assert page.problems == []
    page.close()


def test_what_a_chip_gives_is_measured_by_keys(browser: Any, training: Training) -> None:
    page = opened(browser, training.address)
    page.wait_for_selector(".rate-plate")
    page.keyboard.press("/")
    page.keyboard.type("gae")
    page.keyboard.press("Enter")
    page.keyboard.press("m")
    page.wait_for_selector("#card .meter >> nth=1")
    titles = [text.lower() for text in page.locator("#card h3").all_inner_texts()]
    assert titles == ["returns.advantage", "returns.returns"]
    page.click('#boards button[data-board="algorithm"]')
    assert page.locator(".rate-plate").count() == 3, "drawn anew with the board"
    click_wire(page, "algorithm.action →")
    page.wait_for_selector("#card .meter")
    assert page.locator("#card h2").inner_text() == "sample.action"
    assert page.problems == []
    page.close()


def test_a_page_hears_that_the_run_is_finished(browser: Any, tmp_path: Path) -> None:
    training = Training(tmp_path / "run", iterations=40)
    page = opened(browser, training.address)
    page.wait_for_selector('#live[data-state="finished"]')
    assert iteration(page) == 40
    assert page.locator("#live .state b").inner_text() == "finished"
    training.close()
    page.wait_for_timeout(100)
    assert page.locator('#live[data-state="finished"]').count() == 1
    assert page.problems == []
    page.close()
