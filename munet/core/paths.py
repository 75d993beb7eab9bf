"""Where the suite lies, and where what can be made again is kept."""

import os
from pathlib import Path

import platformdirs

from munet.core.errors import MunetError, shown

SUITE = Path(__file__).resolve().parents[2]  # the folder of the scripts


def cache_folder():
    """Where caches are kept: `MUNET_CACHE`, or `munet` in the user's cache folder, `~/.cache` on Linux.

    Raises:
        MunetError: no home folder is known, or no cache can be made in it.
    """
    folder = _chosen_folder() or _user_folder()
    existing = next(path for path in (folder, *folder.parents) if os.path.exists(path))
    if existing != folder and not os.access(existing, os.W_OK):
        raise MunetError(f"no cache can be made at {shown(folder)}; set MUNET_CACHE to a folder for caches")
    return folder


def _chosen_folder():
    if folder := os.environ.get("MUNET_CACHE"):
        return Path(folder)
    base = os.environ.get("XDG_CACHE_HOME")  # on other systems than Linux, too
    return Path(base, "munet") if base else None


def _user_folder():
    try:
        folder = platformdirs.user_cache_path("munet", appauthor=False)
    except RuntimeError:  # of an unknown user without HOME; older releases give "~/.cache"
        folder = Path("~")
    if not folder.is_absolute():
        raise MunetError("this user has no home folder; set MUNET_CACHE to a folder for caches")
    return folder
