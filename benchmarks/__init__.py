"""The parts of benchmark.py and what they share; a part has `add_arguments(parser)` and `measure(args)`.

May import all of munet, and the scripts.
"""

import dataclasses
import os
import subprocess
import sys
import time

import cv2
import numpy as np

from munet import synthesis
from munet.core.errors import MunetError
from munet.core.paths import SUITE
from munet.images.writing import write_jpeg

DIFFERENT = 12  # synthetic photos; the others are links to them


def timed(function):
    """Calls `function`: (its result, the wall time in seconds)."""
    start = time.perf_counter()
    result = function()
    return result, time.perf_counter() - start


def call(script, *words, **flags):
    """Runs a script of the project as a user would.

    Args:
        script: its file name.
        words: of its command line.
        flags: more of them: `batch_size=8` is `--batch-size 8`; a list gives several values; None gives no
            flag.

    Raises:
        MunetError: the script fails.
    """
    for name, value in flags.items():
        if value is not None:
            words += (f"--{name.replace('_', '-')}", *(value if isinstance(value, list) else [value]))
    if _exit_code(script, list(map(str, words))):
        raise MunetError(f"{script} failed, see above")


def _exit_code(script, words):
    """Of a script that runs in a process of its own."""
    return subprocess.run([sys.executable, str(SUITE / script), *words], check=False).returncode


def image_times(segmenters, rounds):
    """Milliseconds of the network for an image in memory; all take turns, so that noise slows all alike.

    Args:
        segmenters: list of (key, `Segmenter`).
        rounds: images that each is timed on, after two to warm up.

    Returns:
        {key: (median, 95th percentile)}.
    """
    rng, spent = np.random.default_rng(0), {key: [] for key, _ in segmenters}
    sizes = {segmenter.size for _, segmenter in segmenters}
    images = {size: rng.integers(0, 256, (size, size, 3), np.uint8) for size in sizes}
    for number in range(-2, rounds):
        for key, segmenter in segmenters:
            seconds = timed(lambda s=segmenter: s.infer(images[s.size]))[1]
            if number >= 0:
                spent[key].append(1000 * seconds)
    return {key: (float(np.median(ms)), float(np.quantile(ms, 0.95))) for key, ms in spent.items()}


def write_photos(folder, count, rendered, size=None, draw=None):
    """Fills a new folder with JPEGs of synthetic eyes, subsampled as cameras do, a thousand per subfolder.

    Args:
        folder: path.
        count: how many.
        rendered: (height, width) they are rendered at.
        size: (height, width) they are enlarged to. Default: None, not at all.
        draw: a function of a generator and a size that gives an image. Default: None, close-ups of an eye.

    Returns:
        The folder.
    """
    for i in range(count):
        path = folder / f"{i // 1000:04}" / f"{i:07}.jpg"
        if i < DIFFERENT:
            rng = np.random.default_rng(i)
            image = (draw or _close_up)(rng, rendered)
            photo = image if size is None else cv2.resize(image, size[::-1], interpolation=cv2.INTER_CUBIC)
            write_jpeg(path, photo, 92, "4:2:0")
        else:
            path.parent.mkdir(exist_ok=True)
            os.link(folder / "0000" / f"{i % DIFFERENT:07}.jpg", path)
    return folder


def _close_up(rng, size):
    """A photo of one eye that is open and fills most of the frame."""
    subject, capture = synthesis.draw_subject(rng), synthesis.draw_capture(rng)
    capture = synthesis.leave_out(capture, ["framing", "squint"])
    return synthesis.render(subject, dataclasses.replace(capture, scale=max(0.3, capture.scale)), size)[0]
