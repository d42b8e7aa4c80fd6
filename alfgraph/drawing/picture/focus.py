"""A part of the board and what is near it, for boards too large to read at once."""

from alfgraph.diagnostics.errors import UsageError
from alfgraph.diagnostics.suggestions import did_you_mean, listing
from alfgraph.drawing.picture.crossing import crossings
from alfgraph.drawing.picture.view import BoardView, NodeView


def focus_on(view: BoardView, socket: str, hops: int = 1) -> BoardView:
    """Keeps the chips of a socket and those at most `hops` wires away.

    Buffers count as wires between what writes and what reads them.

    Args:
        view: the board.
        socket: the path of a part or of a nested board, or the last words of one (`actor`).
        hops: how far to look.

    Raises:
        UsageError: nothing on the board has that path.
    """
    kept = {node.id for node in view.nodes if _belongs(node, socket)}
    if not kept:
        _refuse(view, socket)
    near = _neighbours(view)
    for _ in range(hops):
        kept |= {other for node in kept for other in near.get(node, ())}
    nodes = tuple(node for node in view.nodes if node.id in kept)
    phases = {node.phase for node in nodes}
    return view.model_copy(
        update={
            "nodes": nodes,
            "title_note": _note(socket, hops),
            "crossings": tuple(c for c in crossings(view) if c.source in kept and c.target in kept),
            "phases": tuple(phase for phase in view.phases if phase.name in phases),
            "wires": tuple(w for w in view.wires if w.source[0] in kept and w.target[0] in kept),
        }
    )


def _note(socket: str, hops: int) -> str:
    """What is shown."""
    far = "one wire" if hops == 1 else f"up to {hops} wires"
    return f"{socket} and what is {far} away" if hops else f"{socket} alone"


def _belongs(node: NodeView, socket: str) -> bool:
    paths = [path for path in (node.part, node.board) if path]
    return node.label == socket or any(
        path == socket or path.endswith("." + socket) or path.startswith(socket + ".")
        for path in paths
    )


def _neighbours(view: BoardView) -> dict[str, set[str]]:
    near: dict[str, set[str]] = {}
    pairs = [(wire.source[0], wire.target[0]) for wire in view.wires]
    pairs += [(line.source, line.target) for line in crossings(view)]
    for a, b in pairs:
        near.setdefault(a, set()).add(b)
        near.setdefault(b, set()).add(a)
    return near


def _refuse(view: BoardView, socket: str) -> None:
    applied = {node.part for node in view.nodes}
    paths = [part.path for part in view.parts if part.path in applied]
    short = {path.rpartition(".")[2]: path for path in paths}
    near = did_you_mean(socket, [*paths, *short])
    advice = f"did you mean `{near}`?" if near else f"there are {listing(paths)}."
    raise UsageError(f"nothing on this board is called `{socket}`; {advice}")
