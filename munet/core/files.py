"""Files: found without surprises, written whole or not at all.

A file is written beside its place and then renamed, so that a file that exists is whole, whenever the process
is killed.
"""

import codecs
import contextlib
import csv
import errno
import io
import json
import math
import os
import shutil
import time
from pathlib import Path

from munet.core.errors import shown
from munet.core.messages import warn

PART_PREFIX = ".part-"


@contextlib.contextmanager
def whole_file(path):
    """Gives a temporary path beside `path` and renames it into place when the block ends without an error.

    The folders above `path` are made; the temporary path ends like `path` does.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    suffix = "".join(path.suffixes[-2:])[-40:]
    name = str(path.parent / f"{PART_PREFIX}{os.urandom(8).hex()}{suffix}")
    try:
        os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))  # less what the umask takes
        yield Path(name)
        os.replace(name, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(name)
        if isinstance(error, OSError) and error.filename in (None, name):
            error.filename = str(path)  # the name that means something to the user
        raise


def require_space(folder, size):
    """Raises the OSError of a full disk unless `size` bytes are free below `folder`, which is made.

    HDF5 does not survive a disk that fills while it writes: it takes the process down with it.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def is_filled(path):
    """Whether a file is there and not empty, as a power cut may leave it."""
    try:
        return os.stat(path).st_size > 0
    except OSError:
        return False


def write_bytes(path, data):
    """Writes `data` to `path`, whole or not at all."""
    with whole_file(path) as part:
        part.write_bytes(data)


def write_json(path, value):
    """Writes `value` as indented JSON, whole or not at all; a number that is not finite becomes null."""
    text = json.dumps(_finite(value), indent=2, ensure_ascii=False) + "\n"
    write_bytes(path, text.encode("utf-8", "surrogateescape"))


def write_csv(path, rows):
    """Writes rows of cells as a CSV, whole or not at all."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    write_bytes(path, text.getvalue().encode("utf-8", "surrogateescape"))


def _finite(value):
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def remove_parts(folder, hours=0.0):
    """Removes what killed runs left half-written in `folder` and below, where it is older than `hours`."""
    for part in Path(folder).rglob(PART_PREFIX + "*"):
        with contextlib.suppress(FileNotFoundError):  # a run beside this one may have renamed it just now
            if part.stat().st_mtime <= time.time() - 3600 * hours:
                part.unlink()


def walk_files(folder, suffixes, skip=lambda folder: False):
    """Yields the paths, as text, of the files below a folder that have one of some suffixes.

    Hidden files and folders are left out; folders that may not be read, too, with a warning. Symbolic links
    are followed, each real folder once, so that a loop of links ends.

    Args:
        folder: where to look.
        suffixes: tuple in lower case; any case matches.
        skip: tells of a folder's real path whether to leave it out. Default: none.
    """
    seen = set()
    for root, folders, names in os.walk(folder, onerror=_warn_unreadable, followlinks=True):
        real = os.path.realpath(root)
        if real in seen or skip(real):
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.lower().endswith(suffixes) and not name.startswith("."):
                yield os.path.join(root, name)


def find_files(folder, suffixes):
    """Paths of what `walk_files` yields, sorted."""
    return sorted(map(Path, walk_files(folder, suffixes)))


def _warn_unreadable(error):
    if not isinstance(error, FileNotFoundError):
        warn(f"{shown(error.filename)} is left out: {error.strerror}")


def open_text(path, errors="strict"):
    """A text file, whatever saved it: UTF-8, with a mark or without, or UTF-16, as Windows' programs give it.

    Args:
        path: of the file.
        errors: what becomes of bytes that are no UTF-8, see `bytes.decode`.

    Returns:
        An open `io.StringIO` whose line ends are those of the file.

    Raises:
        OSError, UnicodeError: it cannot be read.
    """
    data = Path(path).read_bytes()
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return io.StringIO(data.decode("utf-16") if wide else data.decode("utf-8-sig", errors), newline="")


def csv_rows(file):
    """The rows of an open CSV as dicts by its header; half of Europe parts columns with semicolons."""
    header = file.readline()
    file.seek(0)
    return csv.DictReader(file, delimiter=max(",;\t", key=header.count))
