"""The manifest of a checkpoint: what it holds, sealed with a checksum of its own.

`state.json` names every tensor file with its size and checksum, so that any changed byte of a
checkpoint is noticed, and which file it is in is known.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

from alfgraph.boards.board_file import Description
from alfgraph.diagnostics.errors import CheckpointError
from alfgraph.runtime.checkpoints.state_encoding import State

FORMAT = 1
MANIFEST = "state.json"
_SEAL = b'{\n "sha256": "'
_DIGEST = 64
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\.safetensors")


class FileFacts(TypedDict):
    """What a tensor file must be.

    Attributes:
        bytes: its size.
        sha256: its checksum, in hexadecimal.
    """

    bytes: int
    sha256: str


class Manifest(TypedDict):
    """What `state.json` holds.

    Attributes:
        format: of the files; see `FORMAT`.
        iteration: number of finished iterations.
        score: how good the policy is; None if it was not evaluated.
        files: the tensor files by name.
        board: the description of the board.
        state: the structure of the state, see `state_encoding`.
    """

    format: int
    iteration: int
    score: float | None
    files: dict[str, FileFacts]
    board: Description
    state: State


_KINDS = {
    "format": int,
    "iteration": int,
    "score": int | float | None,
    "files": dict,
    "board": dict,
    "state": dict,
}


class NewerFormatError(CheckpointError):
    """Not damage: falling back to an older checkpoint would lose training without a word."""


class Broken(Exception):
    """What is wrong with the files of one checkpoint."""


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write and seal a manifest, and wait until it is on disk.

    Raises:
        CheckpointError: the board is no JSON.
    """
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


def read_manifest(path: Path) -> Manifest:
    """The manifest of a checkpoint; its tensor files are not looked at.

    Args:
        path: the checkpoint's directory.

    Raises:
        Broken: it cannot be read, does not match its checksum or is not a checkpoint's.
        NewerFormatError: it is of a newer format.
    """
    try:
        raw = (path / MANIFEST).read_bytes()
    except OSError as error:
        raise Broken(f"{MANIFEST} cannot be read ({error.strerror})") from error
    digest, rest = raw[len(_SEAL) : len(_SEAL) + _DIGEST], raw[len(_SEAL) + _DIGEST :]
    if not raw.startswith(_SEAL) or hashlib.sha256(rest).hexdigest().encode() != digest:
        raise Broken(f"{MANIFEST} does not match its checksum")
    try:
        manifest: Manifest = json.loads(raw)
        written = manifest["format"]
        if isinstance(written, int) and written > FORMAT:
            raise NewerFormatError(
                f"Checkpoint {path} has format {written} and this alfgraph reads formats up to "
                f"{FORMAT}; update alfgraph to use it.",
                code="E603",
            )
        _check_shape(manifest)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Broken(f"{MANIFEST} is not a checkpoint's ({type(error).__name__})") from error
    return manifest


def _check_shape(manifest: Mapping[str, object]) -> None:
    """Refuse a manifest whose checksum is right but whose content is somebody else's idea."""
    for key, kind in _KINDS.items():
        if not isinstance(manifest[key], kind):
            raise TypeError(key)
    files = manifest["files"]
    for name, facts in files.items() if isinstance(files, dict) else ():
        if not _FILE_NAME.fullmatch(name):
            raise ValueError(name)
        int(facts["bytes"]), str(facts["sha256"])


def facts_of(path: Path) -> FileFacts:
    """Size and checksum of a file."""
    return {"bytes": path.stat().st_size, "sha256": _hash(path)}


def check_file(path: Path, facts: FileFacts) -> None:
    """Read a tensor file to its end and compare.

    Raises:
        Broken: it is not the file that was written.
    """
    try:
        size = path.stat().st_size
        if size != facts["bytes"]:
            raise Broken(f"{path.name} has {size} bytes instead of {facts['bytes']}")
        if _hash(path) != facts["sha256"]:
            raise Broken(f"{path.name} does not match its checksum")
    except OSError as error:
        raise Broken(f"{path.name} cannot be read ({error.strerror})") from error


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
