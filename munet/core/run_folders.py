"""Run folders: each remembers the settings that made it, is resumed with the same, refuses others, and has
one run at a time.

    if prepare_run_folder(out, {"script": "my_script.py", "data": "...", "seed": 0}):
        ...  # an earlier run with these settings is there to resume
"""

import json
import os
import shutil
from pathlib import Path

from munet.core.errors import MunetError, shown
from munet.core.files import PART_PREFIX, remove_parts, write_json
from munet.core.locks import LOCK_FILE, lock_folder

SETTINGS_FILE = "settings.json"
_PART_HOURS = 1  # what is half-written for longer was left by a killed run
_LONGEST = 200  # characters of a value that is told


def prepare_run_folder(folder, settings, overwrite=False, shard=None, replace_idle=False, defaults=None):
    """Makes a folder ready for a run with these settings, new or to resume, and locks it.

    Args:
        folder: the output folder; it is made where it is missing.
        settings: dict of JSON values that decide what is written; kept in `settings.json`. Its `script` says
            whose folder it is.
        overwrite: start again: remove what a run with any settings left.
        shard: see `locks.lock_folder`.
        replace_idle: also take the folder of a run with other settings that made nothing in it, as one that
            refused all of its input.
        defaults: values of settings that earlier versions did not write. Default: none.

    Returns:
        True if there is an earlier run with the same settings to resume.

    Raises:
        MunetError: the folder was made with other settings (both are named), holds something else, or is in
            use.
    """
    folder = Path(folder)
    earlier = _earlier_settings(folder, settings["script"])
    if earlier is not None:
        earlier = {**(defaults or {}), **earlier}
    idle = replace_idle and earlier is not None and _is_idle(folder)
    if earlier is not None and not overwrite and not idle:
        _refuse_others(folder, earlier, settings)
    folder.mkdir(parents=True, exist_ok=True)
    held = lock_folder(folder, shard)
    if overwrite and earlier is not None:
        _clear(folder)
    elif idle and held and _is_idle(folder):  # still, now that nobody else can be at work in it
        (folder / SETTINGS_FILE).unlink(missing_ok=True)
    _keep_settings(folder, settings, defaults or {})
    remove_parts(folder, _PART_HOURS if shard else 0)
    return earlier == settings and not overwrite


def _earlier_settings(folder, script):
    """The settings of an earlier run of `script`, None of a new or empty folder; others are refused."""
    if folder.exists() and not folder.is_dir():
        raise MunetError(f"{shown(folder)} is a file, not a folder; give another one")
    # Listed before the settings are read: a run that starts at this moment writes its settings first.
    passing = (PART_PREFIX, LOCK_FILE)
    filled = folder.exists() and any(not path.name.startswith(passing) for path in folder.iterdir())
    earlier = _settings_of(folder, script)
    if filled and earlier is None:
        raise MunetError(
            f"{shown(folder)} is not empty and was not made by this script; give a new or empty folder"
        )
    return earlier


def _keep_settings(folder, settings, defaults):
    """Writes the settings; where an earlier run or a shard beside this has, they must be the same."""
    if not _create_json(folder / SETTINGS_FILE, settings):
        _refuse_others(folder, {**defaults, **(_settings_of(folder, settings["script"]) or {})}, settings)


def _is_idle(folder):
    """Whether the run that a folder is prepared for has made nothing in it."""
    return all(path.name == SETTINGS_FILE or path.name.startswith(LOCK_FILE) for path in folder.iterdir())


def _refuse_others(folder, earlier, settings):
    """Raises a MunetError that names what differs, if anything does."""
    earlier, settings = _flat(earlier), _flat(settings)
    names = [name for name in settings | earlier if settings.get(name) != earlier.get(name)]
    if names:
        pairs = "; ".join(
            f"{name} was {_brief(earlier.get(name))}, now {_brief(settings.get(name))}" for name in names
        )
        raise MunetError(
            f"{shown(folder)} was made with other settings ({pairs}); use another folder or --overwrite"
        )


def _brief(value):
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _flat(settings):
    """Settings with those of inner dicts beside the others."""
    inner = [value for value in settings.values() if isinstance(value, dict)]
    flat = {name: value for part in (settings, *inner) for name, value in part.items()}
    return {name: value for name, value in flat.items() if not isinstance(value, dict)}


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
    """Removes what is in a folder, but for its locks; the settings, which tell whose it is, come last."""
    for path in sorted(folder.iterdir(), key=lambda path: path.name == SETTINGS_FILE):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif not path.name.startswith(LOCK_FILE):
            path.unlink()


def folder_settings(folder):
    """The settings of the run that made a folder, a dict that names its `script`; empty where there are none
    that can be read."""
    try:
        # Escaped as they were written: a folder of photos may have a name that is no UTF-8.
        text = Path(folder, SETTINGS_FILE).read_text(encoding="utf-8", errors="surrogateescape")
        settings = json.loads(text)
    except (OSError, ValueError):
        return {}
    return settings if isinstance(settings, dict) else {}


def _settings_of(folder, script):
    """The settings of an earlier run of `script`; None where there are none."""
    earlier = folder_settings(folder)
    return earlier if earlier.get("script") == script else None
