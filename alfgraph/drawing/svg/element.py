"""Writing XML elements as text: escaped, in a fixed order, without a library."""

from html import escape

FONT = "ui-monospace,'SF Mono',Menlo,'DejaVu Sans Mono','Liberation Mono',Consolas,monospace"


def element(name: str, content: str = "", /, **attributes: object) -> str:
    """Returns an element; `class_` and `data_net` become `class` and `data-net`.

    Args:
        name: the tag.
        content: what stands inside, already escaped.
        **attributes: None leaves an attribute out.
    """
    text = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{text}>{content}</{name}>" if content else f"<{name}{text}/>"


def words(text: str, x: float, y: float, class_: str, **attributes: object) -> str:
    """Returns a text element."""
    return element("text", escape(text, quote=False), x=x, y=y, class_=class_, **attributes)


def tooltip(text: str) -> str:
    """Returns the title of the enclosing element."""
    return element("title", escape(text, quote=False)) if text else ""
