"""Photos to show of an evaluation: the worst, the median and the best, with prediction and ground truth drawn
on them."""

import base64

import cv2
import numpy as np

from munet.core.console import BadInput, MunetError, shown, warn
from munet.data.layouts import detect
from munet.evaluation.plots import outline
from munet.images.masks import read_mask
from munet.images.reading import read_image, read_probability
from munet.inference.photos import find_photos

EXAMPLES = {"worst": 6, "median": 3, "best": 3}  # photos shown of each kind
WIDEST = 1280  # pixels of a shown photo


class Painter:
    """Draws a scored photo with what was found and what is true; on the grey map where there is no photo.

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
        self._photos = {"".join(name.split()).casefold(): path for name, path in photos}

    def photo_of(self, case):
        """The path of a case's photo; None where there is none."""
        return self._photos.get("".join(case.name.split()).casefold())

    def __call__(self, case, level=None):
        """Draws a `scoring.Case`, its map cut at `level` where it has no saved mask: (HWC uint8 RGB, its
        name)."""
        truth, probability = read_mask(case.truth, self._sclera_value).pixels, read_probability(case.map)
        picture = np.repeat(probability[..., None], 3, axis=2)
        if path := self.photo_of(case):
            try:
                picture = read_image(path)
            except BadInput as problem:
                warn(problem)
        if picture.shape[:2] != truth.shape:
            picture = np.repeat(probability[..., None], 3, axis=2)
        found = read_mask(case.binary).pixels if case.binary else probability >= level
        return outline(picture, found, truth), case.name


def examples(f1, draw):
    """The worst, the median and the best photos.

    Args:
        f1: (N,) F1 of the photos.
        draw: function of a photo's index to (picture, name): HWC uint8 RGB and text.

    Returns:
        list of dicts `title` and `pictures` for the page; no photo is shown twice.
    """
    order = np.argsort(f1, kind="stable")
    middle = max(0, (len(order) - EXAMPLES["median"]) // 2)
    chosen = {
        "worst": order[: EXAMPLES["worst"]],
        "median": order[middle:][: EXAMPLES["median"]],
        "best": order[::-1][: EXAMPLES["best"]],
    }
    shown_already, rows = set(), []
    for title, indices in chosen.items():
        fresh = [int(i) for i in indices if int(i) not in shown_already]
        shown_already.update(fresh)
        if fresh:
            rows.append({"title": title.capitalize(), "pictures": [_picture(*draw(i), f1[i]) for i in fresh]})
    return rows


def _picture(pixels, name, f1):
    if pixels.shape[1] > WIDEST:
        pixels = cv2.resize(
            pixels, (WIDEST, round(pixels.shape[0] * WIDEST / pixels.shape[1])), interpolation=cv2.INTER_AREA
        )
    jpeg = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 82])[1]
    return {
        "data": "data:image/jpeg;base64," + base64.b64encode(jpeg).decode(),
        "caption": f"{shown(name)}: F1 {f1:.3f}",
    }
