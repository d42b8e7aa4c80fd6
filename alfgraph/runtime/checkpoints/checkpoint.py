"""Checkpoints: one directory per saved iteration, whole or not there at all.

    checkpoints/<iteration>/state.json              structure, scalars, board, checksums
                            state.safetensors       small tensors
                            <part>.safetensors      each part of the state with large ones

Everything is written under a name that nobody reads, flushed to disk and renamed; `state.json`
carries its own checksum and those of the other files, so that a damaged checkpoint is recognised,
named and passed over. Reading one parses JSON and safetensors and cannot run code.
"""

from __future__ import annotations

import math
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from alfgraph.boards.board_file import Description
from alfgraph.diagnostics.errors import CheckpointError
from alfgraph.runtime.checkpoints.manifest import (
    FORMAT,
    MANIFEST,
    Broken,
    FileFacts,
    Manifest,
    check_file,
    facts_of,
    read_manifest,
    write_manifest,
)
from alfgraph.runtime.checkpoints.state_encoding import State, decode, encode

LARGE_BYTES = 1 << 20
"""Parts of a state from this size on get a file of their own."""

_SAVING, _REPLACED, _REMOVING = ".saving-", ".replaced-", ".removing-"


@dataclass(frozen=True)
class Damage:
    """A checkpoint that cannot be used, and why."""

    path: Path
    reason: str

    def __str__(self) -> str:
        """One line for the user."""
        return f"checkpoint {self.path} is damaged: {self.reason}"


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint whose manifest was read, and whose files were checked byte for byte.

    Attributes:
        path: its directory.
        manifest: what it holds.
    """

    path: Path
    manifest: Manifest

    @property
    def board(self) -> Description:
        """The description of the board it was saved with."""
        return self.manifest["board"]

    def state(self) -> State:
        """Read the state; tensors are on the CPU. The files are not checked again.

        Raises:
            CheckpointError: E603, a file is not what its maker said it is.
        """
        tensors: dict[str, torch.Tensor] = {}
        try:
            for name in self.manifest["files"]:
                tensors.update(_read_tensors(self.path / name))
            state: State = decode(self.manifest["state"], tensors)
        except (Broken, ValueError, TypeError, RecursionError) as error:
            raise _damaged(self.path, error) from error
        return state


@dataclass(frozen=True)
class Found:
    """The checkpoint that was looked for, and the damaged ones that were passed over."""

    checkpoint: Checkpoint | None
    damaged: tuple[Damage, ...] = ()

    @property
    def path(self) -> Path | None:
        """Where it is."""
        return self.checkpoint.path if self.checkpoint else None

    @property
    def iteration(self) -> int:
        """Its iteration; 0 without one."""
        return self.checkpoint.manifest["iteration"] if self.checkpoint else 0


def save_checkpoint(
    directory: Path,
    iteration: int,
    state: Mapping[str, object],
    *,
    board: Mapping[str, object],
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
    draft = directory / f"{_SAVING}{iteration}"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _clear_litter(directory)
        draft.mkdir()
        manifest: Manifest = {
            "format": FORMAT,
            "iteration": iteration,
            "score": score if score is not None and math.isfinite(score) else None,
            "files": _write_tensors(draft, tensors),
            "board": {**board},
            "state": structure,
        }
        write_manifest(draft / MANIFEST, manifest)
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


def open_checkpoint(path: Path) -> Checkpoint:
    """Check a checkpoint byte for byte.

    Args:
        path: its directory.

    Raises:
        CheckpointError: E603, it is damaged (saying which file and how) or of a newer format.
    """
    try:
        return _checked(path, read_manifest(path))
    except Broken as error:
        raise _damaged(path, error) from error


def load_checkpoint(path: Path) -> State:
    """Check a checkpoint and read its state; tensors are on the CPU.

    Args:
        path: its directory.

    Raises:
        CheckpointError: E603, it is damaged (saying which file and how) or of a newer format.
    """
    return open_checkpoint(path).state()


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
    return _first_whole((path, None) for _, path in reversed(list_checkpoints(directory)))


def find_best(*directories: Path) -> Found:
    """The whole checkpoint with the highest score, the newest of equals; none if none has a score.

    Args:
        directories: folders of checkpoints; the first goes first among equals of one iteration.

    Raises:
        CheckpointError: if it is of a newer format.
    """
    scored = [entry for directory in directories for entry in _scored(directory)]
    scored.sort(key=lambda entry: entry[:2], reverse=True)
    return _first_whole((path, manifest) for _, _, path, manifest in scored)


def rotate(directory: Path, *, keep: int | None) -> list[int]:
    """Remove checkpoints that nobody asked to keep; the newest always stays.

    Args:
        directory: the folder `checkpoints` of the run.
        keep: how many of the newest stay; None keeps all, as ALF does.

    Returns:
        The iterations whose checkpoints were removed.
    """
    if keep is None:
        return []
    present = list_checkpoints(directory)
    stay = {iteration for iteration, _ in present[-max(1, keep) :]}
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


def _damaged(path: Path, error: Exception) -> CheckpointError:
    return CheckpointError(
        f"Checkpoint {path} is damaged: {error}. Use another one with --checkpoint.", code="E603"
    )


def _checked(path: Path, manifest: Manifest) -> Checkpoint:
    """The checkpoint of a manifest.

    Raises:
        Broken: one of its files is not what the manifest says.
    """
    for name, facts in manifest["files"].items():
        check_file(path / name, facts)
    return Checkpoint(path, manifest)


def _first_whole(candidates: Iterable[tuple[Path, Manifest | None]]) -> Found:
    """The first whole one; a manifest that is None is read when its turn comes."""
    damaged = []
    for path, manifest in candidates:
        try:
            checkpoint = _checked(path, read_manifest(path) if manifest is None else manifest)
        except Broken as error:
            damaged.append(Damage(path, str(error)))
        else:
            return Found(checkpoint, tuple(damaged))
    return Found(None, tuple(damaged))


def _scored(directory: Path) -> list[tuple[float, int, Path, Manifest]]:
    """Checkpoints with a score, and the score."""
    scored = []
    for iteration, path in list_checkpoints(directory):
        try:
            manifest = read_manifest(path)
        except Broken:
            continue
        if manifest["score"] is not None:
            scored.append((float(manifest["score"]), iteration, path, manifest))
    return scored


def _write_tensors(draft: Path, tensors: Mapping[str, torch.Tensor]) -> dict[str, FileFacts]:
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
        files[name] = facts_of(draft / name)
        _flush(draft / name)
    return files


def _file_name(part: str, taken: Iterable[str]) -> str:
    stem = re.sub(r"[^A-Za-z0-9_.-]", "_", part).lstrip(".-") or "part"
    lower = {name.lower() for name in (*taken, "state.safetensors")}  # some disks ignore case
    name, number = f"{stem}.safetensors", 1
    while name.lower() in lower:
        number += 1
        name = f"{stem}-{number}.safetensors"
    return name


def _read_tensors(path: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (OSError, ValueError, _safetensors_error()) as error:
        raise Broken(f"{path.name} is not a safetensors file ({error})") from error


def _flush(path: Path) -> None:
    """Wait until a file, or the names in a directory, are on disk.

    Windows flushes no directories, and files only where they may be written to.
    """
    is_directory = path.is_dir()
    if is_directory and os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY if is_directory else os.O_RDWR)
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
