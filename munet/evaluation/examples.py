"""Photos to show of an evaluation: the worst, the median and the best, with prediction and ground truth drawn
on them."""

import base64

import cv2
import numpy as np

from munet.core.errors import BadInput, MunetError, shown
from munet.core.messages import warn
from munet.data.layouts import detect
from munet.evaluation.predictions import read_prediction
from munet.images.drawing import outline
from munet.images.masks import read_mask
from munet.images.reading import read_image
from munet.images.resizing import resize_image
from munet.inference.photos import find_photos

EXAMPLES = {"worst": 6, "median": 3, "best": 3}  # photos shown of each kind
WIDEST = 1280  # pixels of a shown photo


class CaseReader:
    """Reads what is shown of a scored case: its photo, or its grey map where there is none, with masks.

    Args:
        images: where the photos are; None: those of `truth`, where it has any.
        truth: the dataset, or the folder of masks.
        sclera_value: class index of the sclera in the masks.

    Raises:
        MunetError: there are no photos in `images`.
    """

    def __init__(self, images, truth, sclera_value=None):
        self._sclera_value, photos = sclera_value, ()
        if images or detect(truth):
            try:
                photos = find_photos(images or truth)
            except MunetError as error:
                if images:
                    raise
                warn(f"examples are shown without photos: {error}")
        self._photos = {_key(name): path for name, path in photos}

    def photo_of(self, case):
        """The path of a case's photo; None where there is none."""
        return self._photos.get(_key(case.name))

    def read(self, case, level=None):
        """Reads a `cases.Case`; its map is cut at `level` where it has no saved mask.

        Returns:
            (picture, found, truth): HWC uint8 RGB, HW bool, HW bool.
        """
        truth = read_mask(case.truth, self._sclera_value).pixels
        probability = read_prediction(case.map, case.is_mask)
        found = read_mask(case.binary).pixels if case.binary else probability >= level
        picture = self._picture(case)
        if picture is None or picture.shape[:2] != truth.shape:
            picture = np.repeat(probability[..., None], 3, axis=2)
        return picture, found, truth

    def _picture(self, case):
        path = self.photo_of(case)
        try:
            return path and read_image(path)
        except BadInput as problem:
            warn(problem)
            return None


def _key(name):
    """A photo's name as it is looked up: blind to spaces and case."""
    return "".join(name.split()).casefold()


def find_examples(f1, names, read):
    """The worst, the median and the best photos, with what was found and what is true drawn on them.

    Args:
        f1: (N,) F1 of the photos.
        names: (N,) of them.
        read: function of a photo's index to (picture, found, truth): HWC uint8 RGB, HW bool, HW bool.

    Returns:
        list of dicts `title` and `pictures` for the page; no photo is shown twice.
    """
    order = np.argsort(f1, kind="stable").tolist()
    middle = max(0, (len(order) - EXAMPLES["median"]) // 2)
    starts = {"worst": order, "median": order[middle:], "best": order[::-1]}
    shown_already, rows = set(), []
    for title, indices in starts.items():
        fresh = [i for i in indices[: EXAMPLES[title]] if i not in shown_already]
        shown_already.update(fresh)
        if fresh:
            pictures = [framed(outline(*read(i)), f"{shown(names[i])}: F1 {f1[i]:.3f}") for i in fresh]
            rows.append({"title": title.capitalize(), "pictures": pictures})
    return rows


def framed(pixels, caption):
    """A picture (HWC uint8 RGB) with its caption, as the page shows it: a dict `data`, `caption`."""
    height, width = pixels.shape[:2]
    if width > WIDEST:
        pixels = resize_image(pixels, (max(1, round(height * WIDEST / width)), WIDEST))
    jpeg = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 82])[1]
    data = "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()
    return {"data": data, "caption": caption}
