"""Where a click on a chip leads: the source of its class."""

from collections.abc import Callable

from alfgraph.render.view import PartView

Link = Callable[[PartView], str]


def link_from(template: str | None) -> Link | None:
    """Makes a link of a template.

    Args:
        template: `vscode` for the editor; a URL, to which `/file#Lline` is added, such as
            `https://github.com/me/project/blob/main`; or a text with `{file}` and `{line}`.

    Returns:
        A function from a part to its address; None without template.
    """
    if not template:
        return None
    if template == "vscode":
        template = "vscode://file/{file}:{line}"
    elif "{file}" not in template:
        template = template.rstrip("/") + "/{file}#L{line}"

    def link(part: PartView) -> str:
        return template.replace("{file}", part.source_file).replace("{line}", str(part.source_line))

    return link
