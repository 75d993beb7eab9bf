"""Reads and checks single images.

Arrays follow one convention everywhere:

    image        HWC uint8 RGB, 0-255, upright (the EXIF orientation is applied)
    mask         HW bool, True is sclera
    probability  HW uint8, 0-255 stands for 0..1
    size         (height, width)
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from munet.core.errors import BadInput, MunetError
from munet.images.library_settings import without_pillows_limit

if TYPE_CHECKING:
    import numpy.typing as npt

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".heic", ".heif")
# Of pictures that are not read, though a folder of photos may hold them: other formats, then raw ones.
OTHER_SUFFIXES = (
    *(".gif", ".avif", ".jfif", ".jpe", ".jxl", ".jp2"),
    *(".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf", ".rw2"),
)
# The largest phone sensors give 200 megapixels; anything above is taken for a decompression bomb.
MAX_PIXELS = 200_000_000
MAX_SCANS = 200  # of a progressive JPEG, each of which takes as long as a whole photo
BOMB_PIXELS, BOMB_DENSITY = 30_000_000, 50  # above so many pixels, no photo has so many a byte
# Not all that Pillow knows: it would hand PostScript to an interpreter.
_FORMATS = ("JPEG", "PNG", "BMP", "DIB", "TIFF", "WEBP", "GIF")
_HEIF = ("image/heic", "image/heif")  # how the MIME types begin
_END_OF_JPEG = b"\xff\xd9"
_HALF = cv2.IMREAD_REDUCED_GRAYSCALE_2  # which OpenCV adds to the colours that are asked for
_UPRIGHT = {  # EXIF orientation: what makes the image upright
    1: lambda image: image,
    2: np.fliplr,
    3: lambda image: np.rot90(image, 2),
    4: np.flipud,
    5: lambda image: image.swapaxes(0, 1),
    6: lambda image: np.rot90(image, 3),
    7: lambda image: np.rot90(image, 2).swapaxes(0, 1),
    8: np.rot90,
}


def preference(name: str) -> tuple[int, str]:
    """What to sort files of one photo by: JPEG before PNG and so on; HEIC, of which they were made, last."""
    suffix = os.path.splitext(name)[1].lower()
    return SUFFIXES.index(suffix) if suffix in SUFFIXES else len(SUFFIXES), name


def read_image(path: str | os.PathLike[str]) -> npt.NDArray[np.uint8]:
    """Reads a photo.

    Grey, palette, CMYK and 16-bit images are converted; transparent ones are laid on white.

    Args:
        path: of the file.

    Returns:
        HWC uint8 RGB, upright.

    Raises:
        BadInput: as `open_image`; or pixels of floating point, or colours that would be black.
    """
    with open_image(path) as opened:
        if (image := _decode_fast(opened, path)) is not None:
            return image
        deep = "RGB;16" in str(opened.tile)
        opened.load()
        if deep and _is_all_but_black(opened):
            found = "16-bit colours that are all but black, or of 12 bits or less"
            raise BadInput(path, found, "all 16 bits in use, or 8", "convert it, scaled to its range")
        return np.asarray(_to_rgb(_upright(opened), path))


def read_half(path, least):
    """A large JPEG at half of its size, which takes less time to decode, and the size of the whole.

    Args:
        path: of the file.
        least: the half's longer side must not be shorter, in pixels.

    Returns:
        (image, size): HWC uint8 RGB, upright, and the photo's (height, width); None of other files, and of
        smaller photos.

    Raises:
        BadInput: as `open_image`.
    """
    with open_image(path) as opened:
        if max(opened.size) < 2 * least or (image := _decode_fast(opened, path, _HALF)) is None:
            return None
        size = opened.size[::-1]
    turned = (image.shape[0] > image.shape[1]) != (size[0] > size[1])
    return image, size[::-1] if turned else size


def read_probability(path: str | os.PathLike[str]) -> npt.NDArray[np.uint8]:
    """Reads a saved probability map: HW uint8, 0-255 stands for 0..1.

    Raises:
        BadInput: as `open_image`, or not 8-bit grey.
    """
    with open_image(path, photo=False) as opened:
        if opened.mode != "L":
            found = f"a {opened.mode} picture"
            raise BadInput(path, found, "an 8-bit grey probability map", "predict it again")
        return np.asarray(opened)


def read_orientation(path):
    """The EXIF orientation of an image file, 1 to 8: 1 is upright, or told by none.

    Raises:
        BadInput: as `open_image`.
    """
    with open_image(path, photo=False) as opened:
        found = orientation(opened)
        return found if found in _UPRIGHT else 1


def image_size(path):
    """The (height, width) of an image, upright or not, without decoding it."""
    with open_image(path) as opened:
        return opened.size[::-1]


def size_mismatch(path, size, other, other_size):
    """The BadInput for two files of different sizes, (height, width) each."""
    found, expected = (f"{s[1]}x{s[0]} pixels" for s in (size, other_size))
    remedy = "export one of them again at the other's size"
    return BadInput(path, found, f"{expected} like {Path(other).name}", remedy)


@contextlib.contextmanager
def open_image(path, photo=True):
    """Opens an image file without decoding it: a context manager that gives a `PIL.Image.Image`.

    Whatever goes wrong inside the `with` block while decoding is raised as one error.

    Args:
        path: of the file.
        photo: False for masks and maps, which may have any number of pixels a byte.

    Raises:
        BadInput: not there, not readable, not an image, empty, damaged, larger than `MAX_PIXELS`, or of too
            few bytes for a photo.
    """
    try:
        with without_pillows_limit(), _opened(path) as opened:
            _refuse_bomb(opened, path, photo)
            yield opened
    except (MunetError, MemoryError):
        raise
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        remedy = "check that it is there, and its permissions"
        raise BadInput(path, error.strerror, "a file that can be read", remedy) from error
    # Pillow's decoders raise nearly everything (SyntaxError, struct.error, ...) on damaged data.
    except Exception as error:
        unknown = isinstance(error, UnidentifiedImageError)
        found = "not an image" if unknown else f"damaged data ({' '.join(str(error).split())})"
        expected = f"a whole {'/'.join(suffix[1:] for suffix in SUFFIXES)} file"
        raise BadInput(path, found, expected, "copy it again or remove it") from error


def _opened(path):
    """As `Image.open`, and HEIF too, whatever the file's name, which stays unknown to Pillow elsewhere."""
    with open(path, "rb") as file:
        head = file.read(12)
    if not head:
        raise BadInput(path, "an empty file (0 bytes)", "an image", "copy it again from its source")
    if head[4:8] != b"ftyp":
        opened = Image.open(path, formats=_FORMATS)
        if opened.format == "TIFF":  # mapped from a named file, one with an EXIF turn would be scrambled
            opened.filename = ""
        return opened
    try:
        import pillow_heif
    except ImportError as error:
        raise MunetError("reading HEIC photos needs pillow-heif: pip install pillow-heif") from error
    if not pillow_heif.get_file_mimetype(head).startswith(_HEIF):
        raise UnidentifiedImageError
    return pillow_heif.HeifImageFile(path)


def _refuse_bomb(opened, path, photo):
    """Refuses, before it is decoded, what would take all memory or hours."""
    width, height = opened.size
    pixels, size = width * height, os.path.getsize(path)
    shape = f"{width}x{height} pixels"
    if pixels > MAX_PIXELS:
        raise BadInput(path, shape, f"at most {MAX_PIXELS / 1e6:g} megapixels", "down-scale it first")
    if photo and pixels > BOMB_PIXELS and pixels > BOMB_DENSITY * size:
        remedy = "it is empty, damaged, or made to fill the memory: leave it out"
        raise BadInput(path, f"{shape} in {size} bytes", "a photo, which takes more", remedy)
    if opened.info.get("progressive") and Path(path).read_bytes().count(b"\xff\xda") > MAX_SCANS:
        remedy = "it is made to take hours: leave it out"
        raise BadInput(path, f"more than {MAX_SCANS} scans", "a photo, which has about ten", remedy)


def _decode_fast(opened, path, scale=0):
    """An ordinary JPEG decoded by OpenCV: Pillow's own pixels in half of its time. None for all others."""
    if opened.format not in ("JPEG", "MPO") or opened.mode not in ("RGB", "L"):
        return None
    data = np.fromfile(path, np.uint8)
    # OpenCV takes files that end too early as whole, and paints what is missing grey.
    if data[-2:].tobytes() != _END_OF_JPEG or (upright := _UPRIGHT.get(orientation(opened))) is None:
        return None
    image = cv2.imdecode(data, scale | cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
    return None if image is None else np.ascontiguousarray(upright(image))


def orientation(opened):
    """The EXIF orientation of an opened image, 1 for upright; None where the EXIF block is garbled.

    Ask before it is loaded: Pillow forgets that of a TIFF then.
    """
    try:
        return opened.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # as in `_upright`
        return None


def turn(pixels, orientation):
    """What is stored with an EXIF orientation, upright; an unknown one turns nothing. HW or HWC."""
    return _UPRIGHT.get(orientation, _UPRIGHT[1])(pixels)


def unturn(pixels, orientation):
    """What is upright as it is stored with an EXIF orientation: undoes `turn`."""
    return turn(pixels, {6: 8, 8: 6}.get(orientation, orientation))


def _is_all_but_black(opened):
    """Whether a picture of 16 bits a colour is too dark to be one: Pillow has cut the lower eight by now."""
    colours = opened.mode in ("RGB", "RGBA")
    return colours and max(high for _, high in opened.convert("RGB").getextrema()) < 16


def _upright(opened):
    try:
        return ImageOps.exif_transpose(opened)
    except MemoryError:
        raise
    except Exception:  # a garbled EXIF block does not make the pixels worse
        return opened


def _to_rgb(image, path):
    if image.mode == "F":
        raise BadInput(path, "floating-point pixels", "8 or 16 bits a channel", "convert it to PNG or JPEG")
    if image.mode.startswith("I"):
        image = _to_grey(image, path)
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.new("RGBA", layer.size, "white")
        image.alpha_composite(layer)
    return image.convert("RGB")


def _to_grey(image, path):
    """8-bit grey of what a camera stored in 16 bits."""
    levels = np.asarray(image)
    brightest = levels.max(initial=0)
    if brightest > 65535 or levels.min(initial=0) < 0:
        raise BadInput(path, "32-bit pixels", "8 or 16 bits a channel", "convert it to PNG or JPEG")
    bits = next(bits for bits in (8, 10, 12, 14, 16) if brightest < 1 << bits)
    return Image.fromarray((levels >> bits - 8).astype(np.uint8))
