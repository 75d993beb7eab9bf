"""Where the suite lies, and where what can be made again is kept."""

import os
from pathlib import Path

SUITE = Path(__file__).resolve().parents[2]  # the folder of the scripts


def default_folder():
    """Where caches are kept: `MUNET_CACHE`, or `munet` in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("MUNET_CACHE") or Path(base) / "munet")
