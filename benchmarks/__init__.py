"""The parts of benchmark.py: a module each, with `add_arguments(parser)` and `measure(args)`."""

import os
import time

DIFFERENT = 12  # drawn photos; the others are links to them


def timed(function):
    """Calls `function`: (its result, the wall time in seconds)."""
    start = time.perf_counter()
    result = function()
    return result, time.perf_counter() - start


def image_times(segmenters, rounds):
    """Milliseconds of the network for an image, ready in memory; all take turns, so that noise of the machine
    slows all of them.

    Args:
        segmenters: list of (key, `runtime.Segmenter`).
        rounds: images that each is timed on, after two to warm up.

    Returns:
        {key: (median, 95th percentile)}.
    """
    import numpy as np

    rng, spent = np.random.default_rng(0), {key: [] for key, _ in segmenters}
    images = {
        size: rng.integers(0, 256, (size, size, 3), np.uint8)
        for size in {segmenter.size for _, segmenter in segmenters}
    }
    for number in range(-2, rounds):
        for key, segmenter in segmenters:
            seconds = timed(lambda s=segmenter: s.infer(images[s.size]))[1]
            if number >= 0:
                spent[key].append(1000 * seconds)
    return {
        key: (float(np.median(values)), float(np.quantile(values, 0.95))) for key, values in spent.items()
    }


def write_photos(folder, count, drawn, size=None):
    """Fills a new folder with JPEGs of drawn eyes, with the colour subsampling of cameras, a thousand to a
    subfolder.

    Args:
        folder: path.
        count: how many.
        drawn: (height, width) they are drawn at.
        size: (height, width) they are enlarged to. Default: None, not at all.

    Returns:
        The folder.
    """
    import cv2
    import numpy as np

    from munet import synthesis
    from munet.images.writing import write_jpeg

    for i in range(count):
        path = folder / f"{i // 1000:04}" / f"{i:07}.jpg"
        if i < DIFFERENT:
            rng = np.random.default_rng(i)
            image, _, _ = synthesis.draw_eye(synthesis.draw_subject(rng), rng, drawn)
            photo = image if size is None else cv2.resize(image, size[::-1], interpolation=cv2.INTER_CUBIC)
            write_jpeg(path, photo, 92, "4:2:0")
        else:
            path.parent.mkdir(exist_ok=True)
            os.link(folder / "0000" / f"{i % DIFFERENT:07}.jpg", path)
    return folder
