"""Work on many items at once, in order and in constant memory."""

import collections
import itertools
import multiprocessing
import os
import signal
import threading
import warnings
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial

import cv2

from munet.core.errors import MunetError

WAITING_PER_WORKER = 8  # Items asked for in advance: enough to keep a worker busy, few enough to stop soon.


def pool_map(pool, function, items, ahead=64, submit=None):
    """`pool.map` in order with at most `ahead` results waiting, so that memory does not grow with `items`.

    `submit(function, item)` is called instead of the pool's own where it is given.
    """
    submit, items, waiting = submit or pool.submit, iter(items), collections.deque()
    try:
        for item in itertools.islice(items, ahead):
            waiting.append(submit(function, item))
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(submit(function, item) for item in itertools.islice(items, 1))
    finally:
        for future in waiting:
            future.cancel()


@contextmanager
def process_map(function, items, workers):
    """A context manager that gives `function(item)` for each item, in order, computed in worker processes.

    Only a few items a worker are under way at any time, so memory does not grow with their number. When the
    block is left early, what is under way is finished, the rest is dropped.

    Raises:
        MunetError: a worker process died.
    """
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_start_worker)
    try:
        yield pool_map(pool, function, items, workers * WAITING_PER_WORKER, partial(_submit, pool))
    except BrokenProcessPool as error:
        raise MunetError(
            "a worker process was killed, perhaps for want of memory; use fewer --workers"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _submit(pool, function, item):
    """Submits with Ctrl-C held back: a worker that this starts never sees it, this process answers to it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        return pool.submit(function, item)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        return pool.submit(function, item)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_worker():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    warnings.filterwarnings("ignore", module="PIL")  # as `command_line.run` does where it was started
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent():
    """A worker whose parent was killed would wait for work for ever."""
    multiprocessing.parent_process().join()
    os._exit(1)
