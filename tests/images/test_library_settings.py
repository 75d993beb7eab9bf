"""Settings of libraries that are held for a while, by several threads, and put back."""

import threading
import warnings

import cv2
import numpy as np
from PIL import Image

from munet.images import reading
from munet.images.library_settings import LibrarySetting, single_threaded_opencv
from munet.images.reading import read_image


def test_the_last_holder_puts_a_setting_back():
    values = ["host's"]
    held = LibrarySetting(lambda: values[-1], values.append, "ours")
    entered, leave = threading.Event(), threading.Event()

    def longer():
        with held():
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=longer)
    with held():
        thread.start()
        assert entered.wait(10)
    assert values == ["host's", "ours"]
    leave.set()
    thread.join()
    assert values == ["host's", "ours", "host's"]


def test_opencv_gets_its_threads_back_after_an_error():
    before = cv2.getNumThreads()
    cv2.setNumThreads(3)
    try:
        with single_threaded_opencv():
            assert cv2.getNumThreads() == 1
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        assert cv2.getNumThreads() == 3
    finally:
        cv2.setNumThreads(before)


def test_photos_above_pillows_limit_are_read_and_the_limit_stays(tmp_path, monkeypatch):
    for name in ("a.jpg", "a.png", "a.tif", "a.webp"):
        Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(tmp_path / name)
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 99)  # twice that is an error, not a warning
        assert read_image(tmp_path / name).shape == (20, 30, 3)
        assert Image.MAX_IMAGE_PIXELS == 99
        (tmp_path / name).write_bytes(b"not a photo")
        try:
            read_image(tmp_path / name)
        except reading.BadInput:
            assert Image.MAX_IMAGE_PIXELS == 99


def test_reading_leaves_the_filters_of_warnings_alone(tmp_path):
    Image.new("RGB", (3, 3)).save(tmp_path / "a.png")
    before = list(warnings.filters)
    read_image(tmp_path / "a.png")
    assert warnings.filters == before
