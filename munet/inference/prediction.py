"""Predicts photos: the one way from a photo to its files and its row, on one machine and on a cluster.

    predictor = Predictor(segmenter, level, LocalFolder("photos"), LocalFolder("results/NAME"))
    with predicted(find_photos("photos").files(), predictor, workers=4) as rows:
        for row in rows:  # of predictions.csv, in order of name
            ...

Every thread takes a photo from reading to writing, so that all cores are busy, and few photos in memory.
Python's lock is free while images are decoded, resized, encoded and while the network computes, so threads
are enough.
"""

import concurrent.futures
import errno
import json
import threading
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import cv2
import numpy as np

from munet.core.errors import BadInput, MunetError
from munet.core.parallel import pool_map
from munet.images.crops import Pyramid
from munet.images.drawing import OVERLAY_MAX_SIDE, overlay
from munet.images.library_settings import single_threaded_opencv
from munet.images.reading import BOMB_DENSITY, SUFFIXES, image_size, read_half, read_image
from munet.images.writing import encode_jpeg, encode_png
from munet.inference.eye_rows import doubt, eye_rows
from munet.inference.prediction_table import BOXES, COLUMNS
from munet.inference.segmenter import Segmenter
from munet.inference.storage import Folder

OVERLAY_QUALITY = 90
LARGE = 40_000_000  # pixels of a photo that is worked on alone: several might fill the memory
# What a disk says of a name that it cannot hold: EINVAL of characters (FAT, SMB), EILSEQ of bytes that are no
# UTF-8.
_BAD_NAME = (
    *(errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENOTEMPTY),
    *(errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ),
)
_alone = threading.Lock()


@dataclass(frozen=True)
class Predictor:
    """Predicts photos of one folder into another; any number of threads may use one.

    Attributes:
        segmenter: the model.
        level: binarisation level, 0..255.
        source: where the photos are.
        target: the results folder.
        overlays: whether to write overlays.
    """

    segmenter: Segmenter
    level: int
    source: Folder
    target: Folder
    overlays: bool = True

    def predict(self, name, file):
        """Predicts one photo and writes its map, mask and overlay, each whole or not at all.

        Args:
            name: what the outputs are called, without suffix.
            file: path of the photo below the source.

        Returns:
            Its row, a dict from `COLUMNS` and `BOXES` to text. A photo that cannot be predicted has none.

        Raises:
            OSError: an output cannot be written (disk full, read-only), which concerns all photos.
        """
        try:
            with self.source.fetched(file) as path, _alone if _is_large(path) else nullcontext():
                size = _size(path)
                return self._write(name, self._read(path)) | {"bytes": size}
        except (MunetError, MemoryError, cv2.error, OSError) as error:
            if isinstance(error, OSError) and error.errno not in _BAD_NAME:
                raise
            problem = _problem(error, self.source.location(file))
        for output in output_paths(name):  # of a photo that was good once
            self.target.remove(output)
        return failed_row(name, problem)

    def up_to_date_check(self):
        """A function of a row and its photo's file, which tells whether the row `is_up_to_date`.

        What is in object stores is looked up once, now.
        """
        photo, output = self.source.infos(SUFFIXES), self.target.infos((".png", ".jpg"))

        def check(row, file):
            outputs = output_paths(row["image"], self.overlays)
            return is_up_to_date(row, photo(file), [output(path) for path in outputs])

        return check

    def _read(self, path):
        """A `Pyramid` of a photo: of a large JPEG at half of its size, enough for all but small eyes."""
        half = read_half(path, OVERLAY_MAX_SIDE) if self.segmenter.eyes != "whole" else None
        if half is None:
            return Pyramid(read_image(path))
        image, size = half
        return Pyramid(image, lambda: read_image(path), size)

    def _write(self, name, pyramid):
        found = self.segmenter.segment(pyramid)
        probability = found.probability
        mask = probability >= self.level
        boxes = [tuple(map(round, eye.bounds())) for eye in found.eyes]
        map_path, mask_path, overlay_path = output_paths(name)
        self.target.write(map_path, encode_png(probability))
        if self.overlays:
            drawn = encode_jpeg(overlay(pyramid.base, mask, boxes), OVERLAY_QUALITY, "4:2:0")
            self.target.write(overlay_path, drawn)
        self.target.write(mask_path, encode_png(mask))  # last: where there is a mask, all else is there too
        height, width = mask.shape
        sclera = int(np.count_nonzero(mask))
        share, highest = f"{sclera / mask.size:.6f}", int(probability.max())
        searched = self.segmenter.eyes != "whole"
        count = len(found.eyes) if searched else ""
        values = (
            name,
            "ok",
            "",
            height,
            width,
            sclera,
            share,
            highest,
            count,
            f"{doubt(probability, self.level):.3f}",
            "",
        )
        row = {column: str(value) for column, value in zip(COLUMNS, values, strict=True)}
        return row | {BOXES: json.dumps(eye_rows(name, found, mask))}


@contextmanager
def predicted(photos, predictor, workers=2):
    """A context manager that gives the rows of photos, in their order, while threads predict them.

    Args:
        photos: (name, path below the predictor's source) pairs.
        predictor: a `Predictor`.
        workers: how many cores to keep busy.

    Raises:
        OSError: as `Predictor.predict`; what was written before is whole.
    """
    threads = predictor.segmenter.threads(workers)
    with single_threaded_opencv(), concurrent.futures.ThreadPoolExecutor(threads) as pool:
        yield pool_map(pool, lambda photo: predictor.predict(*photo), photos, ahead=2 * threads + 2)


def output_paths(name, overlays=True):
    """Where map, mask and overlay of a photo go in a results folder."""
    paths = (f"Predictions/{name}.png", f"Binarised/{name}.png", f"Overlays/{name}.jpg")
    return paths if overlays else paths[:2]


def failed_row(name, problem):
    """The row of a photo that could not be predicted."""
    return dict.fromkeys(COLUMNS, "") | {"image": name, "status": "failed", "error": str(problem)}


def is_up_to_date(row, photo, outputs):
    """Whether a row of an earlier run is still true.

    It is while its outputs are there, none of them empty, and the photo has the same size and is no younger:
    photos that were exchanged keep their times, and copies may have older ones.

    Args:
        row: a dict from `COLUMNS` to text.
        photo: the `FileInfo` of the photo. None: it cannot be reached, as on a share that is not mounted, and
            what was made of it is worth the more.
        outputs: those of its outputs; None for one that is missing.
    """
    if row["status"] != "ok" or row["error"]:
        return False
    if any(info is None or info.size == 0 for info in outputs):  # empty: as a power cut leaves it
        return False
    if photo is None:
        return True
    same = photo.size is None or row["bytes"] == str(photo.size)
    return same and photo.written <= min(info.written for info in outputs)


def _size(path):
    try:
        return str(path.stat().st_size)
    except OSError:  # it is told when the photo is read
        return ""


def _is_large(path):
    # it cannot hold so many, and need not be opened to tell
    if int(_size(path) or 0) < LARGE / BOMB_DENSITY:
        return False
    height, width = image_size(path)
    return height * width > LARGE


def _problem(error, location):
    """What is wrong with the photo at a location, for the user."""
    if isinstance(error, BadInput):
        return BadInput(location, *error.args[1:])  # which may have been found in a copy of it
    if isinstance(error, MunetError):
        return error
    if isinstance(error, OSError):
        return BadInput(location, error.strerror, "a name that outputs can have", "rename it")
    found = f"{type(error).__name__} {error}".strip()
    remedy = "down-scale it, or use fewer --workers"
    return BadInput(location, found, "a photo that fits into memory", remedy)
