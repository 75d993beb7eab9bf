"""One labelled photo, and how its two files become an image and a mask of one size."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from munet.core.errors import BadInput
from munet.images import masks, reading


@dataclass(frozen=True)
class Sample:
    """One labelled photo.

    Attributes:
        name: the image's path below the images' folder, without suffix, with `/`.
        image: its path.
        mask: the path of its mask.
        subject: whose eye it is, as far as folders and names tell.
        parts: paths of more masks that are joined with it, as of a photo labelled by instances.
        stored: whether the mask was drawn on the pixels as they are stored, and turns with its photo.
        sclera_color: (red, green, blue) of the sclera, or None.
    """

    name: str
    image: Path
    mask: Path
    subject: str
    parts: tuple = ()
    stored: bool = False
    sclera_color: tuple | None = None

    @property
    def masks(self):
        """The paths of all of its masks."""
        return (self.mask, *self.parts)


def read_pair(sample, sclera_value=None):
    """Decodes a sample at its own size, both upright.

    Args:
        sample: a `Sample`.
        sclera_value: class index of the sclera, if the mask holds class indices.

    Returns:
        (image, mask): HWC uint8 RGB and a `masks.Mask` of the same height and width.

    Raises:
        BadInput: either is unreadable, or their sizes differ.
    """
    image, mask = reading.read_image(sample.image), read_sample_mask(sample, sclera_value)
    if image.shape[:2] != mask.pixels.shape:
        raise _size_mismatch(sample, mask.pixels.shape, image.shape[:2])
    return image, mask


def read_sample_mask(sample, sclera_value=None):
    """The `masks.Mask` of a sample, its parts joined, upright like its photo.

    Raises:
        BadInput: one is unreadable, or the parts' sizes differ.
    """
    parts = [
        masks.read_mask(path, sclera_value, sample.sclera_color, exif=not sample.stored)
        for path in sample.masks
    ]
    mask = parts[0]
    for path, other in zip(sample.parts, parts[1:], strict=True):
        if other.pixels.shape != mask.pixels.shape:
            raise reading.size_mismatch(path, other.pixels.shape, sample.mask, mask.pixels.shape)
        pixels = mask.pixels | other.pixels
        colours = () if pixels.any() else mask.colours + other.colours
        cleaned = mask.cleaned + other.cleaned
        mask = dataclasses.replace(mask, pixels=pixels, cleaned=cleaned, colours=colours)
    if sample.stored and (turned := reading.read_orientation(sample.image)) != 1:
        pixels = np.ascontiguousarray(reading.turn(mask.pixels, turned))
        mask = dataclasses.replace(mask, pixels=pixels)
    return mask


def _size_mismatch(sample, size, image_size):
    """The BadInput of a mask that does not fit its photo: an EXIF turn that one of them has not is named."""
    problem = reading.size_mismatch(sample.mask, size, sample.image, image_size)
    photo, mask = (reading.read_orientation(path) for path in (sample.image, sample.mask))
    if size != image_size[::-1] or max(photo, mask) < 5:
        return problem
    found = f"{problem.found}, those of its photo before its EXIF turn ({photo})"
    if photo < 5:
        found = f"{problem.found}, after its own EXIF turn ({mask})"
    remedy = "give --exif ignore, and masks turn with their photos alone"
    if sample.stored:
        found = f"{problem.found}, once turned with its photo: it was upright"
        remedy = "leave --exif ignore out, or turn this mask"
    return BadInput(sample.mask, found, problem.expected, remedy)
