"""Where photos are read from and outputs are written to: folders on this machine, on a share, or elsewhere.

    source = LocalFolder("photos")
    with source.fetched("s1/a.jpg") as path:
        ...  # a local file, for as long as the block lasts

Prediction knows the calls of `Folder` alone. `munet.cluster.storage` has the folder of an object store.
"""

import contextlib
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, Protocol

from munet.core.files import write_bytes


class FileInfo(NamedTuple):
    """What is known of a file that is not read: its `size` in bytes, None where a store does not tell, and
    when it was `written`, in seconds."""

    size: int | None
    written: float


class Folder(Protocol):
    """A folder of files, which are named by their paths below it, with `/`."""

    def location(self, name: str) -> str:
        """The path or URL of a file; of "", that of the folder."""

    def infos(self, suffixes: tuple[str, ...]) -> Callable[[str], FileInfo | None]:
        """A function that tells what is known of a file that ends so; None of one that is not there."""

    def fetched(self, name: str) -> AbstractContextManager[Path]:
        """A context manager that gives a file as a local one.

        Raises:
            BadInput: it cannot be had.
        """

    def write(self, name: str, data: bytes) -> None:
        """Writes a file, whole or not at all."""

    def remove(self, name: str) -> None:
        """Removes a file, if it is there."""


class LocalFolder:
    """A `Folder` on this machine, or on a share.

    Args:
        path: of the folder, which need not be there yet.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.path = Path(path)

    def location(self, name):
        return str(self.path / name)

    def infos(self, suffixes):
        return self._info

    def _info(self, name):
        try:
            status = (self.path / name).stat()
        except OSError:
            return None
        return FileInfo(status.st_size, status.st_mtime)

    @contextlib.contextmanager
    def fetched(self, name):
        yield self.path / name

    def write(self, name, data):
        write_bytes(self.path / name, data)

    def remove(self, name):
        with contextlib.suppress(OSError):
            (self.path / name).unlink()


def is_remote(path):
    """Whether a path of the command line is a URL, such as s3://bucket/folder."""
    return "://" in str(path)
