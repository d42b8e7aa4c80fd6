"""Where a click on a chip leads: the source of its class."""

from collections.abc import Callable
from pathlib import Path

from alfgraph.drawing.picture.view import PartView

Link = Callable[[PartView], str | None]

_PACKAGE = Path(__file__).resolve().parents[2]


def link_from(template: str | None) -> Link | None:
    """Makes a link of a template.

    Args:
        template: `vscode` for the editor; a URL, to which `/file#Lline` is added, such as
            `https://github.com/me/project/blob/main`; or a text with `{file}` and `{line}`.

    Returns:
        A function from a part to its address, None for what lies outside the project in the
        working directory (an editor opens that too); None without template.
    """
    if not template:
        return None
    if template == "vscode":
        return lambda part: f"vscode://file/{_place(part).as_posix()}:{part.source_line}"
    if "{file}" not in template:
        template = template.rstrip("/") + "/{file}#L{line}"
    text = template

    def link(part: PartView) -> str | None:
        place, project = _place(part).resolve(), Path.cwd().resolve()
        if not place.is_relative_to(project):
            return None
        file = place.relative_to(project).as_posix()
        return text.replace("{file}", file).replace("{line}", str(part.source_line))

    return link


def _place(part: PartView) -> Path:
    """Where the file of a part's class lies."""
    name, _, rest = part.source_file.partition("/")
    return _PACKAGE / rest if name == _PACKAGE.name and rest else Path.cwd() / part.source_file
