"""Seals in a directory outside the database, a file each: what was sealed once cannot be unsaid there."""

import os
import re
import tempfile
from errno import EEXIST
from hashlib import sha256
from pathlib import Path
from typing import Final
from urllib.parse import quote

# A file's name has 255 bytes at most; a longer program id is cut and told apart by its hash.
STEM_LENGTH_MAX: Final = 150

_NAME: Final = re.compile(r"(.+)-([1-9][0-9]{0,18})\.json")


def seal_file_name(program_id: str, number: int) -> str:
    """The name of a seal's file: the program's id, where need be percent-encoded, and the seal's number."""
    return f"{_stem(program_id)}-{number}.json"


def write_seal_file(directory: Path, program_id: str, number: int, content: bytes) -> bool:
    """Write a seal's file, whole or not at all; False where it was there already, the same.

    The directory is made where it is missing. Raises OSError, and FileExistsError where the file says
    something else: it is never written over.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / seal_file_name(program_id, number)
    if path.exists():
        if path.read_bytes() != content:
            raise FileExistsError(EEXIST, "it says something else", str(path))
        return False
    descriptor, name = tempfile.mkstemp(dir=directory, prefix=".seal-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)  # a seal is public
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return True


class SealDirectory:
    """The newest number of each program in a directory, as it was when this was made."""

    def __init__(self, directory: Path) -> None:
        """Raises OSError where the directory is there and cannot be listed."""
        self._directory = directory
        self._newest: dict[str, int] = {}
        if not directory.exists():
            return
        for path in directory.iterdir():
            match = _NAME.fullmatch(path.name)
            if match:
                self._newest[match[1]] = max(int(match[2]), self._newest.get(match[1], 0))

    def newest(self, program_id: str) -> int:
        """The highest number of the program's files, 0 where it has none."""
        return self._newest.get(_stem(program_id), 0)

    def content(self, program_id: str, number: int) -> bytes:
        """What stands in a file. Raises OSError."""
        return (self._directory / seal_file_name(program_id, number)).read_bytes()

    def write(self, program_id: str, number: int, content: bytes) -> None:
        """Write a file. Raises OSError."""
        write_seal_file(self._directory, program_id, number, content)


def _stem(program_id: str) -> str:
    quoted = quote(program_id, safe=" ")
    if len(quoted) <= STEM_LENGTH_MAX:
        return quoted
    return f"{quoted[:STEM_LENGTH_MAX]}~{sha256(program_id.encode()).hexdigest()[:16]}"
