"""Reading, checking, resizing and writing single images: the ground that everything else stands on.

Arrays follow one convention everywhere:

    image        HWC uint8 RGB, 0-255, upright (the EXIF orientation is applied)
    mask         HW bool, True is sclera
    probability  HW uint8, 0-255 stands for 0..1
    size         (height, width)
"""

import contextlib
import io
import os
import warnings
from pathlib import Path

import cv2
import numpy as np
from PIL import ExifTags, Image, ImageOps

from munet.core.console import BadInput, MunetError
from munet.core.files import write_bytes
from munet.images.png import encode_png

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".heic", ".heif")
# Of pictures that are not read, though a folder of photos may hold them.
OTHER_SUFFIXES = (
    ".gif",
    ".avif",
    ".jfif",
    ".jpe",
    ".jxl",
    ".jp2",
    ".dng",
    ".cr2",
    ".cr3",
    ".nef",
    ".arw",
    ".raf",
    ".orf",
    ".rw2",
)
# The largest phone sensors give 200 megapixels; anything above is taken for a decompression bomb.
MAX_PIXELS = 200_000_000
MAX_SCANS = 200  # of a progressive JPEG, each of which takes as long as a whole photo
# Not all that Pillow knows: it would hand PostScript to an interpreter.
_FORMATS = ("JPEG", "PNG", "BMP", "DIB", "TIFF", "WEBP", "GIF")
BOMB_PIXELS, BOMB_DENSITY = 30_000_000, 50  # above so many pixels, no photo has so many a byte
BAND = 64  # rows
_END_OF_JPEG = b"\xff\xd9"
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
OVERLAY_COLOR = (0, 255, 128)
OVERLAY_MAX_SIDE = 1600

warnings.filterwarnings("ignore", module="PIL")  # its remarks on odd metadata are of no use to anybody here
Image.MAX_IMAGE_PIXELS = None  # Pillow's own limit is below 200 megapixels; open_image checks ours.


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
        if os.path.getsize(path) == 0:
            raise BadInput(path, "an empty file (0 bytes)", "an image", "copy it again from its source")
        with open(path, "rb") as file:
            heif = file.read(8)[4:] == b"ftyp"  # whatever its name
        if heif:
            _register_heif()
        with Image.open(path, formats=["HEIF"] if heif else _FORMATS) as opened:
            width, height = opened.size
            if width * height > MAX_PIXELS:
                raise BadInput(
                    path,
                    f"{width}x{height} pixels",
                    f"at most {MAX_PIXELS / 1e6:g} megapixels",
                    "down-scale it first",
                )
            if (
                photo
                and width * height > BOMB_PIXELS
                and width * height > BOMB_DENSITY * os.path.getsize(path)
            ):
                found = f"{width}x{height} pixels in {os.path.getsize(path)} bytes"
                raise BadInput(
                    path,
                    found,
                    "a photo, which takes more",
                    "it is empty, damaged, or made to fill the memory: leave it out",
                )
            if opened.info.get("progressive") and Path(path).read_bytes().count(b"\xff\xda") > MAX_SCANS:
                raise BadInput(
                    path,
                    f"more than {MAX_SCANS} scans",
                    "a photo, which has about ten",
                    "it is made to take hours: leave it out",
                )
            yield opened
    except (MunetError, MemoryError):
        raise
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise BadInput(
            path, error.strerror, "a file that can be read", "check that it is there, and its permissions"
        ) from error
    # Pillow's decoders raise nearly everything (SyntaxError, struct.error, ...) on damaged data.
    except Exception as error:
        found = (
            "not an image"
            if isinstance(error, Image.UnidentifiedImageError)
            else f"damaged data ({' '.join(str(error).split())})"
        )
        raise BadInput(
            path,
            found,
            "a whole " + "/".join(s[1:] for s in SUFFIXES) + " file",
            "copy it again or remove it",
        ) from error


def _register_heif():
    try:
        import pillow_heif
    except ImportError as error:
        raise MunetError("reading HEIC photos needs pillow-heif: pip install pillow-heif") from error
    pillow_heif.register_heif_opener()


def image_size(path):
    """The (height, width) of an image, upright or not, without decoding it."""
    with open_image(path) as opened:
        return opened.size[::-1]


def read_image(path):
    """Reads a photo as HWC uint8 RGB, upright.

    Grey, palette, CMYK and 16-bit images are converted; transparent ones are laid on white.

    Raises:
        BadInput: as `open_image`, or pixels of floating point, or colours that would be black.
    """
    with open_image(path) as opened:
        if (image := _decode_fast(opened, path)) is not None:
            return image
        deep = "RGB;16" in str(opened.tile)
        opened.load()
        if (
            deep
            and opened.mode in ("RGB", "RGBA")
            and max(high for _, high in opened.convert("RGB").getextrema()) < 16
        ):
            # Pillow has cut the lower eight bits off by now.
            found = "16-bit colours that are all but black, or of 12 bits or less"
            raise BadInput(path, found, "all 16 bits in use, or 8", "convert it, scaled to its range")
        try:
            upright = ImageOps.exif_transpose(opened)
        except MemoryError:
            raise
        except Exception:  # a garbled EXIF block does not make the pixels worse
            upright = opened
        return np.asarray(_to_rgb(upright, path))


def _decode_fast(opened, path):
    """An ordinary JPEG decoded by OpenCV: Pillow's own pixels in half of its time. None for what is left to
    Pillow."""
    if opened.format not in ("JPEG", "MPO") or opened.mode not in ("RGB", "L"):
        return None
    data = np.fromfile(path, np.uint8)
    # OpenCV takes files that end too early as whole, and paints what is missing grey.
    if data[-2:].tobytes() != _END_OF_JPEG or (upright := _UPRIGHT.get(_orientation(opened))) is None:
        return None
    image = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
    return None if image is None else np.ascontiguousarray(upright(image))


def _orientation(opened):
    """The EXIF orientation, 1 for upright; None where the EXIF block is garbled."""
    try:
        return opened.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # as in `read_image`
        return None


def read_probability(path):
    """Reads a saved probability map as HW uint8.

    Raises:
        BadInput: as `open_image`, or not 8-bit grey.
    """
    with open_image(path, photo=False) as opened:
        if opened.mode != "L":
            raise BadInput(
                path, f"a {opened.mode} picture", "an 8-bit grey probability map", "predict it again"
            )
        return np.asarray(opened)


def size_mismatch(path, size, other, other_size):
    """The BadInput for two files of different sizes, (height, width) each."""
    found, expected = (f"{s[1]}x{s[0]} pixels" for s in (size, other_size))
    return BadInput(
        path, found, f"{expected} like {Path(other).name}", "export one of them again at the other's size"
    )


def _to_rgb(image, path):
    if image.mode == "F":
        raise BadInput(path, "floating-point pixels", "8 or 16 bits a channel", "convert it to PNG or JPEG")
    if image.mode.startswith("I"):
        levels = np.asarray(image)
        if levels.max(initial=0) > 65535 or levels.min(initial=0) < 0:
            raise BadInput(path, "32-bit pixels", "8 or 16 bits a channel", "convert it to PNG or JPEG")
        # that a camera stored in 16
        bits = next(bits for bits in (8, 10, 12, 14, 16) if levels.max(initial=0) < 1 << bits)
        image = Image.fromarray((levels >> bits - 8).astype(np.uint8))
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.new("RGBA", layer.size, "white")
        image.alpha_composite(layer)
    return image.convert("RGB")


def resize_image(image, size):
    """Resizes an HWC uint8 image to `size`: by area when it shrinks, bilinearly when it grows."""
    shrinks = size[0] * size[1] < image.shape[0] * image.shape[1]
    return cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def resize_mask(mask, size):
    """Resizes an HW bool mask to `size`: a new pixel is sclera when at least half of its area is."""
    return resize_image(mask.astype(np.uint8) * 255, size) >= 128


def resize_probability(probability, size):
    """Resizes an HW float32 map in [0, 1] to `size` bilinearly and rounds it, once, to HW uint8."""
    height, width = size
    # Band by band, so that of a large photo no more than its result is held: between rows first, then along
    # them.
    at = np.clip((np.arange(height) + 0.5) * len(probability) / height - 0.5, 0, len(probability) - 1)
    above = np.minimum(at.astype(int), max(0, len(probability) - 2))
    share = (at - above).astype(np.float32)[:, None]
    below = np.minimum(above + 1, len(probability) - 1)
    levels = np.empty(size, np.uint8)
    for start in range(0, height, BAND):
        rows = slice(start, start + BAND)
        band = probability[above[rows]] * (1 - share[rows]) + probability[below[rows]] * share[rows]
        band = cv2.resize(band, (width, len(band)), interpolation=cv2.INTER_LINEAR)
        cv2.convertScaleAbs(band, dst=levels[rows], alpha=255.0)
    return levels


def overlay(image, mask):
    """The photo with the mask tinted and outlined: HWC uint8 RGB, its longer side at most
    `OVERLAY_MAX_SIDE`."""
    scale = min(1.0, OVERLAY_MAX_SIDE / max(image.shape[:2]))
    size = tuple(max(1, round(side * scale)) for side in image.shape[:2])
    small, inside = image, mask.view(np.uint8)
    if scale < 1:
        small, inside = (
            resize_image(image, size),
            cv2.resize(inside, size[::-1], interpolation=cv2.INTER_NEAREST),
        )
    else:
        small = image.copy()
    tint = np.rint(np.arange(256)[:, None] * 0.6 + 0.4 * np.array(OVERLAY_COLOR)).astype(np.uint8)
    cv2.copyTo(cv2.LUT(small, tint[None]), inside, small)
    contours, _ = cv2.findContours(inside, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    return cv2.drawContours(small, contours, -1, OVERLAY_COLOR, max(1, round(max(size) / 500)))


def write_png(path, pixels):
    """Writes a PNG, whole or not at all: 1-bit from HW bool, grey from HW uint8, RGB from HWC uint8."""
    if pixels.ndim == 2:
        write_bytes(path, encode_png(pixels))
        return
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=3)
    write_bytes(path, buffer.getvalue())


def write_jpeg(path, image, quality=95, subsampling="4:4:4"):
    """Writes an HWC uint8 RGB image as a JPEG, whole or not at all; `subsampling` is that of its colours."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality, subsampling=subsampling)
    write_bytes(path, buffer.getvalue())
