"""Files and folders: found without surprises, written whole or not at all, continued or refused.

A file is written beside its place and then renamed, so that a file that exists is whole, whenever
the process is killed. An output folder remembers the settings that made it and refuses others.
"""

import contextlib
import errno
import json
import math
import os
import shutil
import tempfile
import time
from pathlib import Path

from console import MunetError, shown, warn

PART_PREFIX = ".part-"
SETTINGS_FILE = "settings.json"
_umask = os.umask(0)
os.umask(_umask)


@contextlib.contextmanager
def whole_file(path):
    """Gives a temporary path beside `path` and renames it into place when the block ends without an error.

    The folders above `path` are made; the temporary path ends like `path` does.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=PART_PREFIX, suffix="".join(path.suffixes[-2:])[-40:], dir=path.parent)
    os.close(handle)
    try:
        yield Path(name)
        os.chmod(name, 0o666 & ~_umask)
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


def write_bytes(path, data):
    """Writes `data` to `path`, whole or not at all."""
    with whole_file(path) as part:
        part.write_bytes(data)


def write_json(path, value):
    """Writes `value` as indented JSON, whole or not at all; a number that is not finite becomes null."""
    write_bytes(path, (json.dumps(_finite(value), indent=2, ensure_ascii=False) + "\n").encode("utf-8", "surrogateescape"))


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


def claim_folder(folder, settings, overwrite=False):
    """Makes `folder` ready for a run with these settings: new, or continued if they are the same.

    Args:
        folder: the output folder; it is made where it is missing.
        settings: dict of JSON values that decide what is written; kept in `settings.json`. Its `script` says
            whose folder it is.
        overwrite: start afresh: remove what a run with other settings left.

    Returns:
        True if there is an earlier run with the same settings to continue.

    Raises:
        MunetError: the folder was made with other settings (both are named), or holds something else.
    """
    folder = Path(folder)
    kept = folder / SETTINGS_FILE
    if folder.exists() and not folder.is_dir():
        raise MunetError(f"{shown(folder)} is a file, not a folder; give another one")
    earlier = _read_settings(kept, settings["script"])
    if overwrite and earlier is not None:
        shutil.rmtree(folder)
    elif earlier is not None and earlier != settings:
        names = [name for name in settings | earlier if settings.get(name) != earlier.get(name)]
        differences = "; ".join(f"{name} was {earlier.get(name)!r}, now {settings.get(name)!r}" for name in names)
        raise MunetError(f"{shown(folder)} was made with other settings ({differences}); use another folder or --overwrite")
    elif earlier is None and folder.exists() and any(not p.name.startswith(PART_PREFIX) for p in folder.iterdir()):
        raise MunetError(f"{shown(folder)} is not empty and was not made by this script; give a new or empty folder")
    remove_parts(folder)
    write_json(kept, settings)
    return earlier == settings and not overwrite


def _read_settings(path, script):
    """The settings of an earlier run of `script`; None where there are none."""
    try:
        earlier = json.loads(path.read_text(encoding="utf-8", errors="surrogateescape"))
    except (FileNotFoundError, ValueError):
        return None
    return earlier if isinstance(earlier, dict) and earlier.get("script") == script else None


def find_files(folder, suffixes):
    """Paths of all files below `folder` that end in one of `suffixes` (lower case, any case matches), sorted.

    Hidden files and folders are left out; so are folders that may not be read, with a warning. Symbolic links
    are followed, each real folder once, so that a loop of links ends.
    """
    found, seen = [], set()
    for root, folders, names in os.walk(folder, onerror=_warn_unreadable, followlinks=True):
        real = os.path.realpath(root)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(root, name) for name in names if name.lower().endswith(suffixes) and not name.startswith(".")]
    return sorted(found)


def _warn_unreadable(error):
    if not isinstance(error, FileNotFoundError):
        warn(f"{shown(error.filename)} is left out: {error.strerror}")
