"""Encodes and writes images: PNG for maps and masks, JPEG for what people look at.

Maps and masks are encoded here, several times faster than image libraries do, which search longer for a
smaller file. A map is bilinear between the network's pixels, so each row is nearly the one above: the filter
"up" (PNG specification, third edition, W3C 2025, section 9) and a fast deflate leave no more bytes than the
libraries' own.
"""

import io
import struct
import zlib

import numpy as np
from isal import isal_zlib
from PIL import Image

from munet.core.files import write_bytes

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_UP = 2  # the filter's number
_DEFLATE_LEVEL = 2


def write_png(path, pixels):
    """Writes a PNG, whole or not at all; see `encode_png`."""
    write_bytes(path, encode_png(pixels))


def write_jpeg(path, image, quality=95, subsampling="4:4:4"):
    """Writes a JPEG, whole or not at all; see `encode_jpeg`."""
    write_bytes(path, encode_jpeg(image, quality, subsampling))


def encode_png(pixels):
    """The bytes of a PNG: 1-bit grey of HW bool, 8-bit grey of HW uint8, RGB of HWC uint8."""
    if pixels.ndim == 3:
        return _encoded(pixels, "PNG", compress_level=3)
    height, width = pixels.shape
    bits = 1 if pixels.dtype == bool else 8
    rows = np.packbits(pixels, axis=1) if bits == 1 else pixels
    filtered = np.zeros((height, rows.shape[1] + 1), np.uint8)  # each row behind the number of its filter
    filtered[1:, 0] = _UP
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0))
    data = _chunk(b"IDAT", isal_zlib.compress(filtered, _DEFLATE_LEVEL))
    return _SIGNATURE + header + data + _chunk(b"IEND", b"")


def encode_jpeg(image, quality=95, subsampling="4:4:4"):
    """The bytes of a JPEG of an HWC uint8 RGB image; `subsampling` is that of its colours."""
    return _encoded(image, "JPEG", quality=quality, subsampling=subsampling)


def _encoded(image, kind, **options):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, kind, **options)
    return buffer.getvalue()


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))
