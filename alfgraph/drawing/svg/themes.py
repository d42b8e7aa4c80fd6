"""Colours: a solder-mask board, a light one for documents, and black on white for paper."""

from dataclasses import dataclass
from typing import Literal

from alfgraph.drawing.picture.view import DtypeFamily

ThemeName = Literal["auto", "board", "light", "print"]
"""`auto` is `board`; a page is light where the reader's system is."""


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of a drawing; `heat` are the header colours from frozen to always changed.

    Attributes:
        name: as it is asked for.
        scheme: whether what stands around it should be `dark` or `light`.
    """

    name: str
    scheme: Literal["dark", "light"]
    board: str
    board_edge: str
    band: str
    band_line: str
    silk: str
    silk_dim: str
    grid: str
    copper_ring: str
    chip: str
    chip_line: str
    chip_text: str
    chip_dim: str
    shadow: str
    neutral: str
    params: str
    tracks: str
    failing: str
    added: str
    removed: str
    changed: str
    families: dict[DtypeFamily, str]
    heat: tuple[str, str, str, str, str]


BOARD = Theme(
    name="board",
    scheme="dark",
    board="#0c2e22",
    board_edge="#071d15",
    band="#113a2b",
    band_line="#3f7a62",
    silk="#e4f2ea",
    silk_dim="#94bba8",
    grid="#15412f",
    copper_ring="#c9a04e",
    chip="#15191d",
    chip_line="#333c44",
    chip_text="#eef3f1",
    chip_dim="#93a3a1",
    shadow="#05140e",
    neutral="#39444c",
    params="#8fb4ff",
    tracks="#c3a6ff",
    failing="#ff5d52",
    added="#7fe07f",
    removed="#ff7b72",
    changed="#ffc94d",
    families={
        "float": "#e2a54a",
        "int": "#59c9e8",
        "bool": "#b4dd55",
        "distribution": "#f291c7",
        "record": "#ffd98a",
    },
    heat=("#3a6ea8", "#2f9c8f", "#d9b73a", "#ea8a35", "#e0463c"),
)

LIGHT = Theme(
    name="light",
    scheme="light",
    board="#f6f8f5",
    board_edge="#d8dfd9",
    band="#ffffff",
    band_line="#c3cfc7",
    silk="#1d2a24",
    silk_dim="#5b6d64",
    grid="#e6ece7",
    copper_ring="#b78a3a",
    chip="#ffffff",
    chip_line="#9aa8a1",
    chip_text="#18221d",
    chip_dim="#5c6a63",
    shadow="#dfe5e0",
    neutral="#dde4df",
    params="#2f5fd0",
    tracks="#7a4fc9",
    failing="#d3261b",
    added="#1d8a34",
    removed="#c9302c",
    changed="#b37400",
    families={
        "float": "#b5711a",
        "int": "#0c7fa6",
        "bool": "#5c8a0f",
        "distribution": "#bf2e86",
        "record": "#8a5a00",
    },
    heat=("#6f9fd6", "#6cc4b4", "#ecd064", "#f2a65e", "#ea6a5f"),
)

PRINT = Theme(
    name="print",
    scheme="light",
    board="#ffffff",
    board_edge="#000000",
    band="#ffffff",
    band_line="#777777",
    silk="#000000",
    silk_dim="#444444",
    grid="#ffffff",
    copper_ring="#000000",
    chip="#ffffff",
    chip_line="#000000",
    chip_text="#000000",
    chip_dim="#444444",
    shadow="#ffffff",
    neutral="#ffffff",
    params="#1f3f99",
    tracks="#5a2f99",
    failing="#cc0000",
    added="#006600",
    removed="#990000",
    changed="#885500",
    families={
        "float": "#7a4a00",
        "int": "#00607f",
        "bool": "#3f6600",
        "distribution": "#96115f",
        "record": "#000000",
    },
    heat=("#ffffff", "#ececec", "#d9d9d9", "#c4c4c4", "#ababab"),
)

THEMES: dict[str, Theme] = {
    "auto": BOARD,
    **{theme.name: theme for theme in (BOARD, LIGHT, PRINT)},
}


def text_on(background: str) -> str:
    """Black or white, whichever reads better on a colour.

    Source: WCAG 2.1, relative luminance; its linear piece near black makes no difference here.
    """
    channels = [int(background[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    dark, light = (luminance + 0.05) / 0.057, 1.05 / (luminance + 0.05)
    return "#0d1210" if dark > light else "#ffffff"
