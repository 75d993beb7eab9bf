"""Locks on folders, kept until this process ends, however it ends."""

import errno
import os
from pathlib import Path

import portalocker
from portalocker import LockFlags

from munet.core.errors import MunetError, shown
from munet.core.messages import warn

LOCK_FILE = ".lock"
_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)  # some network file systems
_held = {}  # (descriptor, kind) of locked files by real path


def lock_folder(folder, shard=None):
    """Takes a folder for this process until it ends; shards share it, each but once.

    Args:
        folder: an existing folder, which gets hidden lock files.
        shard: a name; runs with other names may use the folder too, and none without. Default: None, alone.

    Returns:
        Whether it has: some disks know no locks, which is warned of.

    Raises:
        MunetError: another process has it.
    """
    try:
        _lock_file(Path(folder, LOCK_FILE), LockFlags.SHARED if shard else LockFlags.EXCLUSIVE)
        if shard:
            _lock_file(Path(folder, f"{LOCK_FILE}-{shard}"), LockFlags.EXCLUSIVE)
    except portalocker.AlreadyLocked as error:
        raise MunetError(
            f"another run is writing to {shown(folder)}; wait for it, or give another folder"
        ) from error
    except portalocker.LockException as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno not in _NO_LOCKS:
            raise cause from None
        warn(f"the disk of {shown(folder)} has no locks; make sure that only one run at a time writes there")
        return False
    return True


def _lock_file(path, kind):
    path = os.path.realpath(path)
    file, held = _held.get(path, (None, None))
    if held == kind:
        return
    if file is not None:  # locked as a shard's, and now as a whole run's, or the other way round
        del _held[path]
        os.close(file)
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        portalocker.lock(file, kind | LockFlags.NON_BLOCKING)
    except BaseException:
        os.close(file)
        raise
    _held[path] = file, kind
