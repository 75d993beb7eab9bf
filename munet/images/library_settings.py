"""Settings of Pillow and OpenCV that hold for the whole process: changed for the time of our work, then put
back.

    with single_threaded_opencv():
        ...  # every call of OpenCV, in any thread, computes in the thread that makes it
"""

import contextlib
import threading

import cv2
from PIL import Image


class LibrarySetting:
    """A setting of a library that any number of threads may hold at one value; the last one puts it back.

    Args:
        get: returns the setting.
        put: changes it.
        value: what it is while it is held.
    """

    def __init__(self, get, put, value):
        self._get, self._put, self._value = get, put, value
        self._lock, self._holders = threading.Lock(), 0

    @contextlib.contextmanager
    def __call__(self):
        """A context manager that holds the setting."""
        with self._lock:
            if not self._holders:
                self._earlier = self._get()
                self._put(self._value)
            self._holders += 1
        try:
            yield
        finally:
            with self._lock:
                self._holders -= 1
                if not self._holders:
                    self._put(self._earlier)


def _put_limit(pixels):
    Image.MAX_IMAGE_PIXELS = pixels


# Where a thread works on each photo, OpenCV's own threads would only be in their way.
single_threaded_opencv = LibrarySetting(cv2.getNumThreads, cv2.setNumThreads, 1)
# Pillow refuses photos of phones; `reading.open_image` has a limit of its own.
without_pillows_limit = LibrarySetting(lambda: Image.MAX_IMAGE_PIXELS, _put_limit, None)
