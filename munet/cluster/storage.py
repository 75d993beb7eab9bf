"""A folder on this machine, on a share, or in an object store, behind one set of calls (fsspec, if it is not
a local one).

store = Store("s3://bucket/photos")
with store.fetched("s1/a.jpg") as path: ...        # a local file, for as long as the block lasts
"""

import contextlib
import tempfile
from pathlib import Path

from munet.core.console import MunetError
from munet.core.files import write_bytes


def is_remote(path):
    """Whether a path of the command line is a URL, such as s3://bucket/folder."""
    return "://" in str(path)


class Store:
    """A folder.

    Args:
        url: a path, or a URL that fsspec knows.

    Raises:
        MunetError: the package for this kind of URL is not installed.
    """

    def __init__(self, url):
        self.url, self.remote = str(url).rstrip("/") or "/", is_remote(url)
        self._files = None
        if self.remote:
            try:
                import fsspec

                self._files, self._root = fsspec.core.url_to_fs(self.url)
            except ImportError as error:
                raise MunetError(
                    f"{self.url} needs packages that are not installed: pip install -r "
                    "requirements-cluster.txt"
                ) from error

    def listed(self, suffixes):
        """The files of an object store's folder that end in one of `suffixes`, and when each was written:
        dict from path to seconds."""
        self._files.invalidate_cache()
        found = {
            path[len(self._root) + 1 :]: entry
            for path, entry in self._files.find(self._root, detail=True).items()
        }
        return {
            path: _seconds(entry)
            for path, entry in found.items()
            if path.lower().endswith(tuple(suffixes))
            and not any(part.startswith(".") for part in path.split("/"))
        }

    def times(self, suffixes):
        """A function that tells when a file was written, in seconds; None of one that is not there. Object
        stores are listed once."""
        if self.remote:
            return self.listed(suffixes).get

        def written(name):
            try:
                return Path(self.url, name).stat().st_mtime
            except OSError:
                return None

        return written

    def length(self, name):
        """How many bytes a file has; None in an object store, where times are those of its arrival, or of one
        that is not there."""
        try:
            return None if self.remote else Path(self.url, name).stat().st_size
        except OSError:
            return None

    @contextlib.contextmanager
    def fetched(self, name):
        """A context manager that gives the path of a local copy of a file, or of the file itself.

        Raises:
            OSError: it is not there, or cannot be read.
        """
        if self._files is None:
            yield Path(self.url, name)
            return
        with tempfile.TemporaryDirectory() as scratch:
            copy = Path(scratch, Path(name).name)
            self._files.get_file(f"{self._root}/{name}", str(copy))
            yield copy

    def put(self, name, data):
        """Writes a file, whole or not at all."""
        if self._files is None:
            write_bytes(Path(self.url, name), data)
        else:
            self._files.pipe_file(f"{self._root}/{name}", data)

    def remove(self, name):
        """Removes a file, if it is there."""
        with contextlib.suppress(OSError):
            if self._files is None:
                Path(self.url, name).unlink()
            else:
                self._files.rm_file(f"{self._root}/{name}")

    def read(self, name):
        """The bytes of a file; None if there is none."""
        try:
            return (
                Path(self.url, name).read_bytes()
                if self._files is None
                else self._files.cat_file(f"{self._root}/{name}")
            )
        except FileNotFoundError:
            return None


def _seconds(entry):
    written = entry.get("LastModified") or entry.get("mtime") or entry.get("created") or 0
    return written.timestamp() if hasattr(written, "timestamp") else float(written)
