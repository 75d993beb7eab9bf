"""Output folders: each remembers the settings that made it, is continued with the same, refuses others, and
has one run at a time.

if claim_folder(out, {"script": "my_script.py", "data": "...", "seed": 0}):
    ...                                     # an earlier run with these settings is there to go on with
"""

import errno
import json
import os
import shutil
from pathlib import Path

from munet.core.errors import MunetError, shown
from munet.core.files import PART_PREFIX, remove_parts, write_json
from munet.core.messages import warn

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

SETTINGS_FILE = "settings.json"
LOCK_FILE = ".lock"
_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)  # some network file systems
_PART_HOURS = 1  # what is half-written for longer was left by a killed run
_locks = {}  # descriptors of open lock files by real path: held until this process ends


def lock_folder(folder, shard=None):
    """Takes a folder for this process until it ends, however it ends; shards share it, each but once.

    Args:
        folder: an existing folder, which gets hidden lock files.
        shard: a name; runs with other names may use the folder too, and none without. Default: None, alone.

    Returns:
        Whether it has: some disks know no locks.

    Raises:
        MunetError: another process has it.
    """
    if fcntl is None:
        return False
    wanted = [(LOCK_FILE, fcntl.LOCK_SH if shard else fcntl.LOCK_EX)] + (
        [(f"{LOCK_FILE}-{shard}", fcntl.LOCK_EX)] if shard else []
    )
    held = True
    for name, kind in wanted:
        path = os.path.realpath(Path(folder, name))
        file = _locks[path] if path in _locks else os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError as error:
            _locks.pop(path, None)
            os.close(file)
            raise MunetError(
                f"another run is writing to {shown(folder)}; wait for it, or give another folder"
            ) from error
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            warn(f"the disk of {shown(folder)} has no locks: see to it that one run at a time writes there")
            held = False
        _locks[path] = file
    return held


def claim_folder(folder, settings, overwrite=False, shard=None, reclaim=False):
    """Makes `folder` ready for a run with these settings: new, or continued if they are the same; and locks
    it.

    Args:
        folder: the output folder; it is made where it is missing.
        settings: dict of JSON values that decide what is written; kept in `settings.json`. Its `script` says
            whose folder it is.
        overwrite: start afresh: remove what a run with other settings left.
        shard: see `lock_folder`.
        reclaim: also take what a run with other settings claimed and made nothing in, as one that refused all
            of its input.

    Returns:
        True if there is an earlier run with the same settings to continue.

    Raises:
        MunetError: the folder was made with other settings (both are named), holds something else, or is in
            use.
    """
    folder = Path(folder)
    kept = folder / SETTINGS_FILE
    if folder.exists() and not folder.is_dir():
        raise MunetError(f"{shown(folder)} is a file, not a folder; give another one")
    # Listed before the settings are read: a run that starts at this moment writes its settings first.
    filled = folder.exists() and any(
        not path.name.startswith((PART_PREFIX, LOCK_FILE)) for path in folder.iterdir()
    )
    earlier = _settings_of(folder, settings["script"])
    idle = reclaim and earlier is not None and _is_idle(folder)
    if overwrite and earlier is not None:
        lock_folder(folder, shard)
        _clear(folder)
    elif earlier is not None and not idle:
        _refuse_others(folder, earlier, settings)
    elif filled and earlier is None:
        raise MunetError(
            f"{shown(folder)} is not empty and was not made by this script; give a new or empty folder"
        )
    folder.mkdir(parents=True, exist_ok=True)
    held = lock_folder(folder, shard)
    if idle and held and _is_idle(folder):  # still, now that nobody else can be at work in it
        kept.unlink(missing_ok=True)
    # there by now: written by a run before this one, or by a shard beside it
    if not _create_json(kept, settings):
        _refuse_others(folder, _settings_of(folder, settings["script"]) or {}, settings)
    remove_parts(folder, _PART_HOURS if shard else 0)
    return earlier == settings and not overwrite


def _is_idle(folder):
    """Whether a run has claimed a folder and made nothing in it."""
    return all(path.name == SETTINGS_FILE or path.name.startswith(LOCK_FILE) for path in folder.iterdir())


def _refuse_others(folder, earlier, settings):
    """Raises a MunetError that names what differs, if anything does."""
    earlier, settings = _flat(earlier), _flat(settings)
    names = [name for name in settings | earlier if settings.get(name) != earlier.get(name)]
    if names:
        differences = "; ".join(
            f"{name} was {earlier.get(name)!r}, now {settings.get(name)!r}" for name in names
        )
        raise MunetError(
            f"{shown(folder)} was made with other settings ({differences}); use another folder or --overwrite"
        )


def _flat(settings):
    """Settings with those of inner dicts beside the others."""
    inner = [value for value in settings.values() if isinstance(value, dict)]
    return {
        name: value
        for part in (settings, *inner)
        for name, value in part.items()
        if not isinstance(value, dict)
    }


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
    """What the run that made a folder was told, a dict that names its `script`; empty where there is none, or
    it cannot be read."""
    try:
        # As they were written: a folder of photos may have a name that is no UTF-8.
        settings = json.loads(
            Path(folder, SETTINGS_FILE).read_text(encoding="utf-8", errors="surrogateescape")
        )
    except (OSError, ValueError):
        return {}
    return settings if isinstance(settings, dict) else {}


def _settings_of(folder, script):
    """The settings of an earlier run of `script`; None where there are none."""
    earlier = folder_settings(folder)
    return earlier if earlier.get("script") == script else None
