"""SVG to PNG and PDF, by libraries that are installed when asked for."""

from alfgraph.diagnostics.errors import UsageError

INSTALL = "pip install 'alfgraph[pictures]'"


def to_png(svg: str, zoom: int = 1) -> bytes:
    """Draws an SVG as pixels.

    Args:
        svg: the drawing.
        zoom: pixels per unit of the drawing.

    Raises:
        UsageError: the library is not installed.
    """
    try:
        import resvg_py
    except ImportError:
        raise _missing("PNG", "resvg-py") from None
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=zoom))


def to_pdf(svg: str, width: int, height: int) -> bytes:
    """Puts an SVG on one PDF page of its own size; text stays text.

    Raises:
        UsageError: the library is not installed.
    """
    try:
        import typst
    except ImportError:
        raise _missing("PDF", "typst") from None
    page = (
        "#set document(date: none)\n"
        f"#set page(width: {width}pt, height: {height}pt, margin: 0pt)\n"
        '#image(bytes(sys.inputs.svg), format: "svg", width: 100%)\n'
    )
    return bytes(typst.compile(page.encode(), format="pdf", sys_inputs={"svg": svg}))


def _missing(what: str, library: str) -> UsageError:
    return UsageError(
        f"drawing a {what} needs the package `{library}`, which is not installed; install it with "
        f"`{INSTALL}`, or write `.svg`, which every browser opens and which needs nothing."
    )
