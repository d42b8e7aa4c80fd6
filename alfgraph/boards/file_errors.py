"""What can be wrong with a graph file: E401, E402 and E405, in the user's own lines."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

from alfgraph.diagnostics.diagnostic import Diagnostic, Help, Retype
from alfgraph.diagnostics.errors import GraphFileError
from alfgraph.diagnostics.repairs.calls import as_help
from alfgraph.diagnostics.repairs.exceptions import advice
from alfgraph.diagnostics.source import Source, is_user_code
from alfgraph.diagnostics.suggestions import did_you_mean, listing

_SHALLOW = 2  # folders below the working directory in which a missing file is looked for


def missing_file(file: str, path: Path, caller: Source | None) -> GraphFileError:
    """E401: there is no such file; those nearby are named."""
    source = caller.argument(0) if caller else None
    if path.is_dir():
        names = sorted(entry.name for entry in path.glob("*.py"))
        fixes = [f"the graph files in it are {listing(names)}"] if names else []
        return _error("E401", f"`{file}` is a folder, not a graph file", fixes, source)
    return _error("E401", f"there is no graph file `{file}`", _nearby(file, path), source)


def _file_meant(given: str, meant: str) -> Help:
    return Help(text=f"did you mean `{meant}`?", retype=Retype(given=given, instead=meant))


def _nearby(file: str, path: Path) -> list[str | Help]:
    """Where the file may be instead."""
    fixes: list[str | Help] = []
    if Path(file).is_file() and not Path(file).is_absolute():
        fixes.append(
            f"`{file}` exists in the working directory; paths in a graph file are relative to it"
        )
    with_suffix = path.with_name(path.name + ".py")
    if with_suffix.is_file():
        return [*fixes, _file_meant(file, f"{file}.py")]
    beside = {entry.name: entry for entry in _python_files(path.parent)}
    near = did_you_mean(path.name, beside)
    if near:
        return [*fixes, _file_meant(file, str(Path(file).parent / near))]
    folder = path.parent if path.parent.is_dir() else Path()
    elsewhere = {str(entry.relative_to(folder)): entry for entry in _files_below(folder)}
    same = [name for name, entry in elsewhere.items() if entry.name == path.name]
    if not same:
        by_name = {entry.name: name for name, entry in elsewhere.items()}
        close = did_you_mean(path.name, by_name)
        same = [by_name[close]] if close else []
    if same:
        shown = Path(file).parent / same[0] if folder == path.parent else Path(same[0])
        return [*fixes, _file_meant(file, str(shown))]
    return [*fixes, f"the files there are {listing(sorted(beside))}"] if beside else fixes


def _python_files(folder: Path) -> list[Path]:
    try:
        return sorted(entry for entry in folder.iterdir() if entry.suffix == ".py")
    except OSError:
        return []


def _files_below(folder: Path) -> Iterator[Path]:
    """Python files a few folders deep, hidden folders left out."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    yield from (entry for entry in entries if entry.suffix == ".py")
    for entry in entries:
        if entry.is_dir() and not entry.name.startswith("."):
            for depth in range(_SHALLOW):
                yield from sorted(entry.glob("*/" * depth + "*.py"))


def unreadable(path: Path, error: OSError) -> GraphFileError:
    """E401: the system does not let us read it."""
    return _error("E401", f"`{_shown(path)}` cannot be read: {error.strerror}", [], None)


def loads_itself(path: Path, caller: Source | None) -> GraphFileError:
    """E405: a graph file that loads itself, perhaps by way of others."""
    fix = "move what both files need into a third one"
    return _error("E405", f"`{_shown(path)}` loads itself", [fix], caller)


def not_python(error: Exception, path: Path) -> GraphFileError:
    """E402: Python's own words, at the place it names."""
    source = Source.of_exception(error) if isinstance(error, SyntaxError) else None
    words = error.msg if isinstance(error, SyntaxError) else str(error)
    where = source or Source(file=str(path), line=1)
    return _error("E402", f"`{_shown(path)}` is not valid Python: {words}", [], where)


def raised_by_user_code(error: BaseException, path: Path) -> GraphFileError:
    """E405: the exception, at the innermost line the user wrote, and who called it."""
    sentence = "".join(traceback.format_exception_only(type(error), error)).strip()
    frames = _user_frames(error.__traceback__, str(path))
    source = Source.of_exception(error)
    outer = () if len(frames) < 2 else (("called here", frames[0]),)  # noqa: PLR2004
    diagnostic = Diagnostic(
        code="E405",
        message=f"`{_shown(path)}` raised {_first_line(sentence)}",
        source=source or Source(file=str(path), line=1),
        related=outer if source and frames and source.line != frames[0].line else (),
        notes=tuple(getattr(error, "__notes__", ())),
        help=tuple(as_help(fix, source) for fix in advice(error)),
    )
    return GraphFileError(diagnostic)


def _first_line(text: str) -> str:
    """The sentence; Python adds suggestions in some versions only, and we make our own."""
    return text.splitlines()[0].partition(" Did you mean")[0] if text else "an exception"


def _user_frames(trace: TracebackType | None, path: str) -> list[Source]:
    """The lines of the graph file that the exception passed through, outermost first."""
    found = []
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if is_user_code(name) and name == path:
            found.append(Source(file=name, line=trace.tb_lineno))
        trace = trace.tb_next
    return found


def _shown(path: Path) -> str:
    return Source(file=str(path), line=1).shown_file


def _error(
    code: str, message: str, fixes: Sequence[str | Help], source: Source | None
) -> GraphFileError:
    helps = tuple(fix if isinstance(fix, Help) else Help(text=fix) for fix in fixes)
    return GraphFileError(Diagnostic(code=code, message=message, source=source, help=helps))
