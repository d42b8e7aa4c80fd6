"""The catalogue of diagnostics is complete, consistent and fits the terminal."""

import ast
import re

import pytest

from alfgraph import components
from alfgraph.diagnostics.codes import CODES, Code, explain
from alfgraph.diagnostics.errors import UsageError

PROMISED = re.findall(
    r"\w+",
    """
E101 E102 E103 E104 E105 E106 E107 E108 E109 E110 W110 E111 E112 E113 E120 E121 E122 W123 E124
E201 E202 E203 E204 E205 W206 E207 W209 E301 E302 E303 E304 W301 E305 E306 E307
E401 E402 E403 E404 E405 E501 E502 W503 W504 E505 E601 E602 E603 E604 E605
""",
)


def test_every_promised_code_is_there_in_order() -> None:
    assert list(CODES) == PROMISED


@pytest.mark.parametrize("entry", CODES.values(), ids=CODES)
def test_texts_are_complete(entry: Code) -> None:
    assert re.fullmatch(r"[EW]\d{3}", entry.code)
    assert not entry.title.endswith(".")
    assert len(entry.title) <= 80
    assert len(entry.meaning) >= 60
    assert entry.meaning.endswith((".", ")"))
    assert len(entry.why) >= 40
    assert entry.why.endswith((".", ")"))
    assert entry.wrong.strip()
    assert entry.fixed.strip()
    assert entry.wrong != entry.fixed


@pytest.mark.parametrize("code", CODES)
def test_explanations_fit_100_columns(code: str) -> None:
    text = explain(code)
    assert max(map(len, text.splitlines())) <= 100
    assert text.startswith(f"{code}: {CODES[code].title}\n")
    assert "    " + CODES[code].fixed.splitlines()[0] in text


@pytest.mark.parametrize("entry", CODES.values(), ids=CODES)
def test_fixed_examples_are_python_or_command_lines(entry: Code) -> None:
    if entry.fixed.startswith(("alfgraph ", "pip ")):
        return
    source = entry.fixed
    try:
        ast.parse(source)
    except SyntaxError:  # arguments of a call, as they stand in a graph file
        ast.parse(f"Pipeline({re.sub(r'#.*', '', source)})")


def test_warnings_are_explained_as_warnings() -> None:
    assert "Why it is a warning:" in explain("W110")
    assert "Why it is an error:" in explain("E110")


@pytest.mark.parametrize("spelling", ["E101", "e101", "101", "error[E101]", " E101: "])
def test_codes_are_found_however_they_are_copied(spelling: str) -> None:
    assert explain(spelling) == CODES["E101"].render()


def test_an_ambiguous_number_prefers_the_error() -> None:
    assert explain("110") == CODES["E110"].render()
    assert explain("504") == CODES["W504"].render()


def test_an_unknown_code_suggests_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no diagnostic `E11O`[\s\S]*did you mean `E110`"):
        explain("E11O")
    with pytest.raises(UsageError, match=r"no diagnostic `what`[\s\S]*codes run from `E101`"):
        explain("what")


@pytest.mark.parametrize("code", CODES.values(), ids=lambda code: code.code)
def test_examples_name_settings_that_there_are(code: Code) -> None:
    for example in (code.wrong, code.fixed):
        for name, arguments in re.findall(r"\b([A-Z]\w+)\(([^()]*)\)", example):
            fields = getattr(getattr(components, name, None), "model_fields", None)
            given = set(re.findall(r"(\w+)=(?!=)", arguments))
            assert fields is None or given <= set(fields), f"{name}({arguments})"
