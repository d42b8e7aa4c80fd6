"""Buffers: what one phase writes and another reads."""

from alfgraph.drawing.picture.view import BoardView, CrossingView, NodeView


def crossings(view: BoardView) -> tuple[CrossingView, ...]:
    """The lines between phases: those the view names, else from every write to every read.

    A buffer is written by an application without outputs and read by one with outputs.
    """
    if view.crossings is not None:
        return view.crossings
    buffers = {part.path: part for part in view.parts if part.family.startswith("buffer")}
    return tuple(
        CrossingView(
            source=write.id,
            target=read.id,
            buffer=write.part or "",
            gradient=buffers[write.part or ""].gradient,
        )
        for write in view.nodes
        if write.part in buffers and not write.outputs
        for read in view.nodes
        if _reads(read, write)
    )


def _reads(read: NodeView, write: NodeView) -> bool:
    return read.part == write.part and bool(read.outputs) and read.phase != write.phase
