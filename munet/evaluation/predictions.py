"""Saved predictions of any network: probability maps, or masks in the forms that networks save them in.

map    grey of 8 bits, in one channel or in three that are equal; 16 bits are brought to 8
mask   1-bit, 0 and 255, 0 and 1; or the sclera painted, as `masks.read_mask` knows it
"""

import contextlib

import numpy as np

from munet.core.errors import BadInput, MunetError, shown
from munet.core.files import walk_files
from munet.images.masks import SUFFIXES, read_mask
from munet.images.reading import open_image

PLAIN_MODES = ("1", "L")  # Pillow's, that are told from the header to be readable
_EXPECTED = "a grey probability map, or a mask of black and white"
_REMEDY = "save the sclera's probability or its mask alone"


def read_prediction(path, is_mask=False):
    """Reads a saved map or mask.

    Args:
        path: of the picture.
        is_mask: whether it holds a mask, in which all that is not 0 is sclera; see `find_coding`.

    Returns:
        HW uint8, 0..255 stands for 0..1; a mask is 0 and 255.

    Raises:
        BadInput: as `open_image`, or in colours that no mask has.
    """
    with open_image(path, photo=False) as opened:
        levels = _grey(opened)
    if levels is None:
        try:
            levels = read_mask(path).pixels * np.uint8(255)
        except BadInput as problem:
            raise BadInput(path, problem.found, _EXPECTED, _REMEDY) from problem
    return (levels > 0) * np.uint8(255) if is_mask else levels


def _grey(opened):
    """The levels of an open picture, HW uint8; None where it has colours or is transparent in places."""
    if opened.mode == "1":
        return np.asarray(opened).astype(np.uint8) * 255
    if opened.mode == "L" and "transparency" not in opened.info:
        return np.asarray(opened)
    if opened.mode.startswith("I"):
        levels = np.asarray(opened)
        deep = levels.max(initial=0) > 255
        return np.clip((levels.astype(np.int64) + 128) // 257 if deep else levels, 0, 255).astype(np.uint8)
    layers = np.asarray(opened.convert("RGBA"))
    colours, alpha = layers[..., :3], layers[..., 3]
    is_grey = alpha.min(initial=255) == 255 and (colours == colours[..., :1]).all()
    return colours[..., 0] if is_grey else None


def find_coding(paths):
    """How pictures are coded; it reads them until one is a map. Those that cannot be read are passed over.

    Returns:
        (masks, ones): whether all are masks (at least one with sclera) and not maps; and the path of the
        first in which sclera is 1, None where there is none.
    """
    masks, ones = False, None
    for path in paths:
        with contextlib.suppress(BadInput):  # it is told where it is scored
            used = _values(path)
            if not used <= {0, 255} and not used <= {0, 1}:
                return False, None
            masks = masks or used != {0}
            ones = ones or (path if 1 in used else None)
    return masks, ones


def _values(path):
    """The set of a picture's levels; of a 1-bit one those that it may have, without decoding it."""
    with open_image(path, photo=False) as opened:
        if opened.mode == "1":
            return {0, 255}
    return set(np.flatnonzero(np.bincount(read_prediction(path).ravel(), minlength=256)).tolist())


def folder_of(results):
    """Where the maps, or else the masks, of a results folder lie: `Predictions`, `Binarised`, or itself.

    Raises:
        MunetError: there are pictures, but no PNG.
    """
    found = next(
        (results / name for name in ("Predictions", "Binarised") if (results / name).is_dir()), results
    )
    if next(walk_files(found, (".png",)), None) is None and (
        other := next(walk_files(found, SUFFIXES), None)
    ):
        raise MunetError(f"{shown(found)} holds no PNG, but {shown(other)}; save the predictions as PNG")
    return found
