"""Folders of object stores, behind the calls of `munet.inference.storage.Folder`.

    folder = open_folder("s3://bucket/photos")
    with folder.fetched("s1/a.jpg") as path:
        ...  # a local copy, for as long as the block lasts

fsspec knows local folders too, but writes their files in place; ours appear whole.
"""

import errno
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

from munet.core.errors import BadInput, MunetError
from munet.inference.storage import FileInfo, LocalFolder, is_remote

_TIMES = ("LastModified", "last_modified", "mtime", "created")  # what stores call the time of writing


def open_folder(path):
    """The `Folder` at a path or URL; a path is made absolute, since workers run elsewhere.

    Raises:
        MunetError: the package for this kind of URL is not installed.
    """
    return RemoteFolder(path) if is_remote(path) else LocalFolder(Path(path).resolve())


class RemoteFolder:
    """A `Folder` behind a URL that fsspec knows.

    Args:
        url: such as s3://bucket/photos.

    Raises:
        MunetError: the package for this kind of URL is not installed.
    """

    def __init__(self, url):
        self.url = url.rstrip("/")
        try:
            import fsspec

            self._files, self._root = fsspec.core.url_to_fs(self.url)
        except ImportError as error:
            remedy = "pip install -r requirements/cluster.txt"
            raise MunetError(f"{self.url} needs packages that are not installed: {remedy}") from error

    def location(self, name):
        return f"{self.url}/{name}"

    def infos(self, suffixes):
        return self.listed(suffixes).get

    def listed(self, suffixes):
        """The files that end in one of `suffixes`, without hidden ones: dict from name to `FileInfo`."""
        self._files.invalidate_cache()
        files = self._files.find(self._root, detail=True)
        named = {path[len(self._root) + 1 :]: entry for path, entry in files.items()}
        return {name: _info(entry) for name, entry in named.items() if _is_listed(name, suffixes)}

    @contextmanager
    def fetched(self, name):
        with tempfile.TemporaryDirectory() as scratch:
            copy = Path(scratch, Path(name).name)
            try:
                self._files.get_file(self._path(name), str(copy))
            except OSError as error:
                if error.errno == errno.ENOSPC:  # concerns all of them
                    raise
                remedy = "check that it is there"
                raise BadInput(self.location(name), str(error), "a file that can be read", remedy) from error
            yield copy

    def read(self, name):
        """The bytes of a file; None if there is none."""
        try:
            return self._files.cat_file(self._path(name))
        except FileNotFoundError:
            return None

    def write(self, name, data):
        self._files.pipe_file(self._path(name), data)

    def remove(self, name):
        with suppress(OSError):
            self._files.rm_file(self._path(name))

    def _path(self, name):
        return f"{self._root}/{name}"


def _is_listed(name, suffixes):
    hidden = any(part.startswith(".") for part in name.split("/"))
    return name.lower().endswith(tuple(suffixes)) and not hidden


def _info(entry):
    written = next((entry[key] for key in _TIMES if entry.get(key)), 0)
    seconds = written.timestamp() if hasattr(written, "timestamp") else float(written)
    return FileInfo(entry.get("size"), seconds)


@contextmanager
def local_copy(folder, names):
    """A context manager that gives a local folder with the named files of a results folder, and a function
    that puts them back.

    That happens in the end, too. A results folder that is local already is given as it is.
    """
    if isinstance(folder, LocalFolder):
        yield folder.path, lambda: None
        return
    with tempfile.TemporaryDirectory() as scratch:
        for name in names:
            if (data := folder.read(name)) is not None:
                Path(scratch, name).write_bytes(data)

        def put_back():
            for name in names:
                with suppress(FileNotFoundError):
                    folder.write(name, Path(scratch, name).read_bytes())

        try:
            yield Path(scratch), put_back
        finally:
            put_back()
