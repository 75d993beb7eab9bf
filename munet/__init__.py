"""MU-Net: segments the sclera, the white of the eye, in photos.

    from munet import Segmenter, read_image

    segmenter = Segmenter("weights/munet")
    probability = segmenter(read_image("photo.jpg"))  # HW uint8, the photo's own size
    mask = probability >= segmenter.level

Importing this loads no module of the package; the first use of a name loads what it needs.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from munet.images.reading import read_image
    from munet.inference.segmenter import Segmenter

__all__ = ["Segmenter", "read_image"]
_HOMES = {"Segmenter": "munet.inference.segmenter", "read_image": "munet.images.reading"}


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__():
    return sorted([*globals(), *__all__])
