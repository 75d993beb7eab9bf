"""Files and folders: found without surprises, written whole or not at all, continued or refused.

A file is written beside its place and then renamed, so that a file that exists is whole, whenever
the process is killed. An output folder remembers the settings that made it and refuses others.
"""

import contextlib
import csv
import errno
import json
import math
import os
import shutil
import tempfile
import time
from pathlib import Path

from console import MunetError, shown, warn

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

PART_PREFIX = ".part-"
SETTINGS_FILE = "settings.json"
LOCK_FILE = ".lock"
_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)  # some network file systems
_PART_HOURS = 1  # what is half-written for longer was left by a killed run
_locks = {}  # descriptors of open lock files by real path: held until this process ends
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


def lock_folder(folder, shard=None):
    """Takes a folder for this process until it ends, however it ends; shards share it, each but once.

    Args:
        folder: an existing folder, which gets hidden lock files.
        shard: a name; runs with other names may use the folder too, and none without. Default: None, alone.

    Raises:
        MunetError: another process has it.
    """
    if fcntl is None:
        return
    wanted = [(LOCK_FILE, fcntl.LOCK_SH if shard else fcntl.LOCK_EX)] + ([(f"{LOCK_FILE}-{shard}", fcntl.LOCK_EX)] if shard else [])
    for name, kind in wanted:
        path = os.path.realpath(Path(folder, name))
        file = _locks[path] if path in _locks else os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError as error:
            _locks.pop(path, None)
            os.close(file)
            raise MunetError(f"another run is writing to {shown(folder)}; wait for it, or give another folder") from error
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            warn(f"the disk of {shown(folder)} has no locks: see to it that one run at a time writes there")
        _locks[path] = file


def claim_folder(folder, settings, overwrite=False, shard=None):
    """Makes `folder` ready for a run with these settings: new, or continued if they are the same; and locks it.

    Args:
        folder: the output folder; it is made where it is missing.
        settings: dict of JSON values that decide what is written; kept in `settings.json`. Its `script` says
            whose folder it is.
        overwrite: start afresh: remove what a run with other settings left.
        shard: see `lock_folder`.

    Returns:
        True if there is an earlier run with the same settings to continue.

    Raises:
        MunetError: the folder was made with other settings (both are named), holds something else, or is in use.
    """
    folder = Path(folder)
    kept = folder / SETTINGS_FILE
    if folder.exists() and not folder.is_dir():
        raise MunetError(f"{shown(folder)} is a file, not a folder; give another one")
    # Listed before the settings are read: a run that starts at this moment writes its settings first.
    filled = folder.exists() and any(not path.name.startswith((PART_PREFIX, LOCK_FILE)) for path in folder.iterdir())
    earlier = _settings_of(folder, settings["script"])
    idle = earlier is not None and not shard and _is_idle(folder)
    if overwrite and earlier is not None:
        lock_folder(folder, shard)
        _clear(folder)
    elif earlier is not None and not idle:
        _refuse_others(folder, earlier, settings)
    elif filled and earlier is None:
        raise MunetError(f"{shown(folder)} is not empty and was not made by this script; give a new or empty folder")
    folder.mkdir(parents=True, exist_ok=True)
    lock_folder(folder, shard)
    remove_parts(folder, _PART_HOURS if shard else 0)
    if idle and _is_idle(folder):  # still, now that it is locked
        kept.unlink(missing_ok=True)
    if not _create_json(kept, settings):  # there by now: written by a run before this one, or by a shard beside it
        _refuse_others(folder, _settings_of(folder, settings["script"]) or {}, settings)
    return earlier == settings and not overwrite


def _is_idle(folder):
    """Whether a run has claimed a folder and made nothing in it, as one that refused its input: other settings may have it."""
    return all(path.name == SETTINGS_FILE or path.name.startswith((PART_PREFIX, LOCK_FILE)) for path in folder.iterdir())


def _refuse_others(folder, earlier, settings):
    """Raises a MunetError that names what differs, if anything does."""
    earlier, settings = _flat(earlier), _flat(settings)
    names = [name for name in settings | earlier if settings.get(name) != earlier.get(name)]
    if names:
        differences = "; ".join(f"{name} was {earlier.get(name)!r}, now {settings.get(name)!r}" for name in names)
        raise MunetError(f"{shown(folder)} was made with other settings ({differences}); use another folder or --overwrite")


def _flat(settings):
    """Settings with those of inner dicts beside the others."""
    inner = [value for value in settings.values() if isinstance(value, dict)]
    return {name: value for part in (settings, *inner) for name, value in part.items() if not isinstance(value, dict)}


def _create_json(path, value):
    """Writes `value` as `write_json` does, but only where there is no such file; returns whether it did."""
    part = path.with_name(f"{PART_PREFIX}{os.getpid()}.json")
    write_json(part, value)
    try:
        os.link(part, path)
    except FileExistsError:
        return False
    except OSError:  # a file system without links
        if path.exists():
            return False
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return True


def _clear(folder):
    """Removes what is in a folder, but for its locks; what tells whose it is comes last."""
    for path in sorted(folder.iterdir(), key=lambda path: path.name == SETTINGS_FILE):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif not path.name.startswith(LOCK_FILE):
            path.unlink()


def folder_settings(folder):
    """What the run that made a folder was told, a dict that names its `script`; empty where there is none, or it cannot be read."""
    try:
        # As they were written: a folder of photos may have a name that is no UTF-8.
        settings = json.loads(Path(folder, SETTINGS_FILE).read_text(encoding="utf-8", errors="surrogateescape"))
    except (OSError, ValueError):
        return {}
    return settings if isinstance(settings, dict) else {}


def _settings_of(folder, script):
    """The settings of an earlier run of `script`; None where there are none."""
    earlier = folder_settings(folder)
    return earlier if earlier.get("script") == script else None


def walk_files(folder, suffixes, skip=lambda folder: False):
    """Yields the paths, as text, of all files below `folder` that end in one of `suffixes` (lower case, any case matches).

    Hidden files and folders are left out, and folders of which `skip` is true, asked with the real path; so are folders that
    may not be read, with a warning. Symbolic links are followed, each real folder once, so that a loop of links ends.
    """
    seen = set()
    for root, folders, names in os.walk(folder, onerror=_warn_unreadable, followlinks=True):
        real = os.path.realpath(root)
        if real in seen or skip(real):
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (os.path.join(root, name) for name in sorted(names) if name.lower().endswith(suffixes) and not name.startswith("."))


def find_files(folder, suffixes):
    """Paths of what `walk_files` yields, sorted."""
    return sorted(map(Path, walk_files(folder, suffixes)))


def _warn_unreadable(error):
    if not isinstance(error, FileNotFoundError):
        warn(f"{shown(error.filename)} is left out: {error.strerror}")


def csv_rows(file):
    """The rows of an open CSV as dicts by its header; spreadsheets in half of Europe part columns with semicolons."""
    header = file.readline()
    file.seek(0)
    return csv.DictReader(file, delimiter=max(",;\t", key=header.count))
