"""Checkpoints: one directory per saved iteration, whole or not there at all.

    checkpoints/<iteration>/state.json              structure, scalars, board, checksums
                            state.safetensors       small tensors
                            <part>.safetensors      each part of the state with large ones

Everything is written under a name that nobody reads, flushed to disk and renamed; `state.json`
carries its own checksum and those of the other files, so that a damaged checkpoint is recognised,
named and passed over. Reading one parses JSON and safetensors and cannot run code.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from alfgraph.diagnostics.errors import CheckpointError
from alfgraph.runtime.checkpoints.state_encoding import decode, encode

FORMAT = 1
LARGE_BYTES = 1 << 20
"""Parts of a state from this size on get a file of their own."""

MANIFEST = "state.json"
_SEAL = b'{\n "sha256": "'
_DIGEST = 64
_SAVING, _REPLACED, _REMOVING = ".saving-", ".replaced-", ".removing-"
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\.safetensors")
_SHOWN_DIFFERENCES, _SHOWN_CHARACTERS = 10, 60
_MANIFEST_KINDS: dict[str, Any] = {
    "format": int,
    "iteration": int,
    "score": int | float | None,
    "files": dict,
    "board": dict,
    "state": dict,
}


@dataclass(frozen=True)
class Damage:
    """A checkpoint that cannot be used, and why."""

    path: Path
    reason: str

    def __str__(self) -> str:
        """One line for the user."""
        return f"checkpoint {self.path} is damaged: {self.reason}"


@dataclass(frozen=True)
class Found:
    """The checkpoint that was looked for, and the damaged ones that were passed over."""

    path: Path | None
    iteration: int
    damaged: tuple[Damage, ...] = ()


class _NewerFormatError(CheckpointError):
    """Not damage: falling back to an older checkpoint would lose training without a word."""


def save_checkpoint(
    directory: Path,
    iteration: int,
    state: Mapping[str, Any],
    *,
    board: Mapping[str, Any],
    score: float | None = None,
) -> Path:
    """Write the checkpoint of one iteration, replacing one of the same iteration.

    Args:
        directory: the folder `checkpoints` of the run; made if missing.
        iteration: number of finished iterations; the checkpoint's name.
        state: the state tree, see `state_encoding`.
        board: what must be equal for this state to fit, as JSON.
        score: how good the policy is, for `find_best`; higher is better.

    Returns:
        The checkpoint's directory.

    Raises:
        CheckpointError: if it cannot be written, for instance because the disk is full; earlier
            checkpoints are then as they were, and nothing of this one is left.
    """
    structure, tensors = encode(state)
    ranked = score if score is None or math.isfinite(score) else None
    draft = directory / f"{_SAVING}{iteration}"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _clear_litter(directory)
        draft.mkdir()
        files = _write_tensors(draft, tensors)
        manifest = {
            "format": FORMAT,
            "iteration": iteration,
            "score": ranked,
            "files": files,
            "board": board,
            "state": structure,
        }
        _write_manifest(draft / MANIFEST, manifest)
        _flush(draft)
        return _publish(draft, directory / str(iteration))
    except (OSError, _safetensors_error()) as error:
        raise CheckpointError(
            f"Checkpoint {iteration} could not be saved in {directory}: {error}. "
            "Earlier checkpoints are as they were; make room or fix permissions, and run again.",
            code="E602",
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def load_checkpoint(path: Path, *, board: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Read the state of a checkpoint; tensors are on the CPU.

    Args:
        path: the checkpoint's directory.
        board: the board of the run that wants to load it; None loads whatever it is of.

    Raises:
        CheckpointError: if it is damaged (saying which file and how), of a newer format, or of
            another board (saying what differs).
    """
    try:
        manifest = _read_manifest(path)
        if board is not None:
            _refuse_other_board(path, manifest["board"], board)
        tensors: dict[str, torch.Tensor] = {}
        for name, facts in manifest["files"].items():
            _check_file(path / name, facts)
            tensors.update(_read_tensors(path / name))
        state: dict[str, Any] = decode(manifest["state"], tensors)
        return state
    except (_Broken, ValueError, TypeError, RecursionError) as error:
        raise CheckpointError(
            f"Checkpoint {path} is damaged: {error}. Use another one with --checkpoint.",
            code="E603",
        ) from error


def read_board(path: Path) -> dict[str, Any]:
    """The board a checkpoint was saved with.

    Raises:
        CheckpointError: if `state.json` is damaged or of a newer format.
    """
    try:
        board: dict[str, Any] = _read_manifest(path)["board"]
        return board
    except _Broken as error:
        raise CheckpointError(f"Checkpoint {path} is damaged: {error}.", code="E603") from error


def list_checkpoints(directory: Path) -> list[tuple[int, Path]]:
    """All checkpoints by iteration, oldest first; whether they are whole is not looked at."""
    found: dict[int, Path] = {}
    for entry in sorted(directory.iterdir()) if directory.is_dir() else ():
        # A run killed between the two renames of a replacement leaves the old one under this name.
        name = entry.name.removeprefix(_REPLACED)
        if name.isascii() and name.isdigit() and (name == entry.name or int(name) not in found):
            found[int(name)] = entry
    return sorted(found.items())


def find_last(directory: Path) -> Found:
    """The newest checkpoint that is whole, checked byte for byte.

    Raises:
        CheckpointError: if the newest whole one is of a newer format.
    """
    return _first_whole(list_checkpoints(directory)[::-1])


def find_best(*directories: Path) -> Found:
    """The whole checkpoint with the highest score, the newest of equals; none if none has a score.

    Args:
        directories: folders of checkpoints; the first goes first among equals of one iteration.

    Raises:
        CheckpointError: if it is of a newer format.
    """
    ranked = [entry for directory in directories for entry in _scored(directory)]
    ranked.sort(key=lambda entry: entry[:2], reverse=True)
    return _first_whole([(iteration, path) for _, iteration, path in ranked])


def rotate(directory: Path, *, keep: int | None, spread: int = 0) -> list[int]:
    """Remove checkpoints that nobody asked to keep; the newest always stays.

    Args:
        directory: the folder `checkpoints` of the run.
        keep: how many of the newest stay; None keeps all, as ALF does.
        spread: iterations that are a multiple of this stay besides; 0 for none.

    Returns:
        The iterations whose checkpoints were removed.
    """
    if keep is None:
        return []
    present = list_checkpoints(directory)
    stay = {iteration for iteration, _ in present[-max(1, keep) :]}
    if spread:
        stay |= {iteration for iteration, _ in present if iteration % spread == 0}
    removed = []
    for iteration, path in present:
        if iteration not in stay:
            _remove(path)
            removed.append(iteration)
    return removed


def keep_best(directory: Path) -> None:
    """Remove all checkpoints but the one that `find_best` finds."""
    best = find_best(directory).path
    for _, path in list_checkpoints(directory):
        if path != best:
            _remove(path)


class _Broken(Exception):
    """What is wrong with the files of one checkpoint."""


def _first_whole(candidates: list[tuple[int, Path]]) -> Found:
    damaged = []
    for iteration, path in candidates:
        try:
            for name, facts in _read_manifest(path)["files"].items():
                _check_file(path / name, facts)
        except _Broken as error:
            damaged.append(Damage(path, str(error)))
        else:
            return Found(path, iteration, tuple(damaged))
    return Found(None, 0, tuple(damaged))


def _scored(directory: Path) -> list[tuple[float, int, Path]]:
    """Checkpoints with a score, and the score."""
    scored = []
    for iteration, path in list_checkpoints(directory):
        try:
            score = _read_manifest(path)["score"]
        except _Broken:
            continue
        if isinstance(score, int | float):
            scored.append((float(score), iteration, path))
    return scored


def _write_tensors(draft: Path, tensors: Mapping[str, torch.Tensor]) -> dict[str, Any]:
    """Write the tensors in files by part of the state; returns sizes and checksums by file."""
    from safetensors.torch import save_file

    parts: dict[str, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        parts.setdefault(name.split("/", 1)[0], {})[name] = tensor
    groups: dict[str, dict[str, torch.Tensor]] = {}
    for part, members in parts.items():
        large = sum(tensor.nbytes for tensor in members.values()) >= LARGE_BYTES
        groups.setdefault(_file_name(part, groups) if large else "state.safetensors", {}).update(
            members
        )
    files = {}
    for name, members in groups.items():
        save_file(members, draft / name)
        files[name] = {"bytes": (draft / name).stat().st_size, "sha256": _hash(draft / name)}
        _flush(draft / name)
    return files


def _file_name(part: str, taken: Mapping[str, Any]) -> str:
    stem = re.sub(r"[^A-Za-z0-9_.-]", "_", part).lstrip(".-") or "part"
    lower = {name.lower() for name in (*taken, "state.safetensors")}  # some disks ignore case
    name, number = f"{stem}.safetensors", 1
    while name.lower() in lower:
        number += 1
        name = f"{stem}-{number}.safetensors"
    return name


def _write_manifest(path: Path, manifest: Mapping[str, Any]) -> None:
    try:
        body = json.dumps(manifest, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"The board cannot be written as JSON: {error}.") from error
    # The checksum is of the bytes behind it, so that any changed byte is noticed.
    rest = b'",' + body[1:] + b"\n"
    with path.open("wb") as file:
        file.write(_SEAL + hashlib.sha256(rest).hexdigest().encode() + rest)
        file.flush()
        os.fsync(file.fileno())


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        raw = (path / MANIFEST).read_bytes()
    except OSError as error:
        raise _Broken(f"{MANIFEST} cannot be read ({error.strerror})") from error
    digest, rest = raw[len(_SEAL) : len(_SEAL) + _DIGEST], raw[len(_SEAL) + _DIGEST :]
    if not raw.startswith(_SEAL) or hashlib.sha256(rest).hexdigest().encode() != digest:
        raise _Broken(f"{MANIFEST} does not match its checksum")
    try:
        manifest: dict[str, Any] = json.loads(raw)
        written = manifest["format"]
        if isinstance(written, int) and written > FORMAT:
            raise _NewerFormatError(
                f"Checkpoint {path} has format {written} and this alfgraph reads formats up to "
                f"{FORMAT}; update alfgraph to use it.",
                code="E603",
            )
        _check_shape(manifest)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _Broken(f"{MANIFEST} is not a checkpoint's ({type(error).__name__})") from error
    return manifest


def _check_shape(manifest: dict[str, Any]) -> None:
    """Refuse a manifest whose checksum is right but whose content is somebody else's idea."""
    for key, kind in _MANIFEST_KINDS.items():
        if not isinstance(manifest[key], kind):
            raise TypeError(key)
    for name, facts in manifest["files"].items():
        if not _FILE_NAME.fullmatch(name):
            raise ValueError(name)
        int(facts["bytes"]), str(facts["sha256"])


def _check_file(path: Path, facts: Mapping[str, Any]) -> None:
    try:
        size = path.stat().st_size
        if size != facts["bytes"]:
            raise _Broken(f"{path.name} has {size} bytes instead of {facts['bytes']}")
        if _hash(path) != facts["sha256"]:
            raise _Broken(f"{path.name} does not match its checksum")
    except OSError as error:
        raise _Broken(f"{path.name} cannot be read ({error.strerror})") from error


def _read_tensors(path: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (OSError, ValueError, _safetensors_error()) as error:
        raise _Broken(f"{path.name} is not a safetensors file ({error})") from error


def _refuse_other_board(path: Path, saved: Any, wanted: Mapping[str, Any]) -> None:
    differences = _differences(saved, json.loads(json.dumps(wanted)), "")
    if not differences:
        return
    shown = differences[:_SHOWN_DIFFERENCES]
    if len(differences) > len(shown):
        shown.append(f"and {len(differences) - len(shown)} more")
    raise CheckpointError(
        f"Checkpoint {path} is of another board:\n  "
        + "\n  ".join(shown)
        + "\nRun the board it was saved with, choose another --run-dir, or start over with --fresh."
    )


def _differences(saved: Any, wanted: Any, path: str) -> list[str]:
    """What differs between two JSON trees, one line each."""
    if isinstance(saved, dict) and isinstance(wanted, dict):
        lines = []
        for key in dict.fromkeys((*saved, *wanted)):
            at = f"{path}.{key}" if path else str(key)
            if key not in wanted:
                lines.append(f"{at}: {_short(saved[key])} in the checkpoint, absent now")
            elif key not in saved:
                lines.append(f"{at}: absent in the checkpoint, {_short(wanted[key])} now")
            else:
                lines += _differences(saved[key], wanted[key], at)
        return lines
    if isinstance(saved, list) and isinstance(wanted, list) and len(saved) == len(wanted):
        pairs = enumerate(zip(saved, wanted, strict=True))
        return [line for i, (a, b) in pairs for line in _differences(a, b, f"{path}[{i}]")]
    same = saved == wanted and isinstance(saved, bool) == isinstance(wanted, bool)
    return [] if same else [f"{path}: {_short(saved)} in the checkpoint, {_short(wanted)} now"]


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 3] + "..."


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(path: Path) -> None:
    """Wait until a file, or the names in a directory, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _publish(draft: Path, final: Path) -> Path:
    """Give a complete draft its name; at every moment the old or the new one can be found."""
    replaced = final.with_name(f"{_REPLACED}{final.name}")
    if final.exists():
        final.rename(replaced)
    draft.rename(final)
    _flush(final.parent)
    shutil.rmtree(replaced, ignore_errors=True)
    return final


def _remove(path: Path) -> None:
    """Delete a checkpoint so that no half-deleted one is ever found."""
    doomed = path.with_name(f"{_REMOVING}{path.name}")
    path.rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def _clear_litter(directory: Path) -> None:
    """Remove what a killed run left; the run's lock says that nobody else is writing."""
    for entry in directory.iterdir():
        if entry.name.startswith(_REPLACED):
            final = entry.with_name(entry.name.removeprefix(_REPLACED))
            if not final.exists():
                entry.rename(final)
                continue
        if entry.name.startswith((_SAVING, _REPLACED, _REMOVING)):
            shutil.rmtree(entry, ignore_errors=True)


def _safetensors_error() -> type[Exception]:
    from safetensors import SafetensorError

    error: type[Exception] = SafetensorError
    return error
