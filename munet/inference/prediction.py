"""Predicts many photos: every thread takes one from reading to writing, so that all cores are busy, and few
photos in memory.

    with predicted(photos, segmenter, level, Path("results/NAME")) as rows:
        for row in rows: ...            # of predictions.csv, in order of name

Python's lock is free while images are decoded, resized, encoded and while the network computes, so threads
are enough.
"""

import concurrent.futures
import errno
import threading
from contextlib import contextmanager, nullcontext, suppress

import cv2
import numpy as np

from munet.core.console import BadInput, MunetError, failed
from munet.core.files import find_files, walk_files
from munet.core.parallel import pool_map
from munet.images.reading import BOMB_DENSITY, image_size, overlay, read_image, write_jpeg, write_png
from munet.inference.prediction_table import COLUMNS

OVERLAY_QUALITY = 90
LARGE = 40_000_000  # pixels of a photo that is worked on alone, lest several fill the memory
# What a disk says of a name that it cannot hold: EINVAL of characters (FAT, SMB), EILSEQ of bytes that are no
# UTF-8.
BAD_NAME = (
    errno.EISDIR,
    errno.ENOTDIR,
    errno.EEXIST,
    errno.ENOTEMPTY,
    errno.ENAMETOOLONG,
    errno.EINVAL,
    errno.EILSEQ,
)
_alone = threading.Lock()


@contextmanager
def predicted(photos, segmenter, level, out, overlays=True, workers=2):
    """Predicts photos and writes their maps, masks and overlays, each whole or not at all.

    Args:
        photos: (name, path) pairs.
        segmenter: a `runtime.Segmenter`.
        level: binarisation level, 0..255.
        out: the results folder.
        overlays: whether to write Overlays.
        workers: threads, as many as there are cores.

    Gives:
        An iterator over rows, dicts from `prediction_table.COLUMNS` to text, in the order of `photos`; a
        photo's row comes when its files are written. What a bad photo's row says is said on stderr too.

    Raises:
        OSError: an output cannot be written (disk full, read-only); what was written before is whole.
    """
    cv2.setNumThreads(1)  # a thread a photo is better than a photo cut into threads
    threads = segmenter.threads(workers)
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        yield pool_map(
            pool,
            lambda photo: predict_photo(*photo, segmenter, level, out, overlays),
            photos,
            ahead=2 * threads + 2,
        )


def predict_photo(name, path, segmenter, level, out, overlays=True):
    """Predicts one photo and writes its files; returns its row."""
    try:
        with _alone if _is_large(path) else nullcontext():
            length = _length(path)
            return _write(name, read_image(path), segmenter, level, out, overlays) | {"bytes": length}
    except (MunetError, MemoryError, cv2.error) as problem:
        return _failed_row(name, path, problem, out)
    except OSError as problem:
        if problem.errno not in BAD_NAME:  # a full disk concerns all of them
            raise
        return _failed_row(
            name, path, BadInput(path, problem.strerror, "a name that outputs can have", "rename it"), out
        )


def _length(path):
    try:
        return str(path.stat().st_size)
    except OSError:  # it is told when the photo is read
        return ""


def _is_large(path):
    # it cannot hold so many, and need not be opened to tell
    if int(_length(path) or 0) < LARGE / BOMB_DENSITY:
        return False
    height, width = image_size(path)
    return height * width > LARGE


def _write(name, image, segmenter, level, out, overlays):
    probability = segmenter(image)
    mask = probability >= level
    prediction, binarised, overlay_path = output_paths(name, out)
    write_png(prediction, probability)
    if overlays:
        write_jpeg(overlay_path, overlay(image, mask), OVERLAY_QUALITY, "4:2:0")
    write_png(binarised, mask)  # last: where there is a mask, all else is there too
    height, width = mask.shape
    sclera = int(np.count_nonzero(mask))
    values = (name, "ok", "", height, width, sclera, f"{sclera / mask.size:.6f}", int(probability.max()), "")
    return {column: str(value) for column, value in zip(COLUMNS, values, strict=True)}


def _failed_row(name, path, problem, out):
    for output in output_paths(name, out):  # of a photo that was good once
        with suppress(OSError):
            output.unlink()
    if not isinstance(problem, MunetError):
        found = f"{type(problem).__name__} {problem}".strip()
        problem = BadInput(
            path, found, "a photo that fits into memory", "down-scale it, or use fewer --workers"
        )
    failed(problem)
    return dict.fromkeys(COLUMNS, "") | {"image": name, "status": "failed", "error": str(problem)}


def leftovers(photos, good, out):
    """Masks in a results folder that are of none of the photos, as paths; `good` is how many of these have
    one."""
    folder = out / "Binarised"
    if sum(1 for _ in walk_files(folder, (".png",))) <= good:  # mostly so, and then no names are held
        return []
    names = {name for name, _ in photos}
    return [
        path
        for path in find_files(folder, (".png",))
        if path.relative_to(folder).with_suffix("").as_posix() not in names
    ]


def output_paths(name, out):
    """Where the map, the mask and the overlay of a photo go."""
    return (
        out / "Predictions" / f"{name}.png",
        out / "Binarised" / f"{name}.png",
        out / "Overlays" / f"{name}.jpg",
    )


def still_holds(row, path, out, overlays=True):
    """Whether a row of an earlier run is still true: its files are there, and the photo, where it can be
    reached, is the one they are of.

    It is while it has the same length and is not younger: photos that were exchanged keep their times, and
    copies may have older ones.
    """
    if row["status"] != "ok" or row["error"]:
        return False
    try:
        outputs = [output.stat() for output in output_paths(row["image"], out)[: 3 if overlays else 2]]
    except OSError:
        return False
    if not all(output.st_size for output in outputs):  # as a power cut leaves them
        return False
    written = min(output.st_mtime for output in outputs)
    try:
        photo = path.stat()
        return written >= photo.st_mtime and row["bytes"] == str(photo.st_size)
    except OSError:  # a share that is not mounted, say: what was made of the photo is worth the more
        return True
