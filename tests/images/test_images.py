import struct
import zlib

import cv2
import numpy as np
import pillow_heif
import pytest
import tifffile
from PIL import Image, ImageOps
from support import run_script

from munet.core.errors import BadInput
from munet.images import reading
from munet.images.drawing import overlay
from munet.images.masks import read_mask
from munet.images.reading import read_image, read_probability
from munet.images.resizing import resize_image, resize_mask, resize_probability
from munet.images.writing import write_png

CORNERS = {
    "top left": (230, 30, 30),
    "top right": (30, 230, 30),
    "bottom left": (30, 30, 230),
    "bottom right": (230, 230, 230),
}
# How a camera stores the upright photo for each EXIF orientation.
STORED = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2),
    6: lambda p: np.rot90(p, 1),
    7: lambda p: p[::-1, ::-1].transpose(1, 0, 2),
    8: lambda p: np.rot90(p, -1),
}


def quadrants(size=(32, 48)):
    """An upright photo of four colours, none of them alike."""
    pixels = np.zeros((*size, 3), np.uint8)
    for where, colour in CORNERS.items():
        rows = slice(0, size[0] // 2) if "top" in where else slice(size[0] // 2, None)
        columns = slice(0, size[1] // 2) if "left" in where else slice(size[1] // 2, None)
        pixels[rows, columns] = colour
    return pixels


def noise(*shape, dtype=np.uint8):
    return np.random.default_rng(0).integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)


def saved(path, pixels, mode=None, **options):
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    (picture.convert(mode) if mode else picture).save(path, **options)
    return path


def assert_close(actual, expected, levels=12):
    assert actual.shape == expected.shape
    assert np.abs(actual.astype(int) - expected).mean() < levels


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("orientation", STORED)
def test_every_orientation_is_read_upright_at_the_size_that_the_header_told(tmp_path, orientation, suffix):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / f"photo.{suffix}", STORED[orientation](quadrants()), exif=exif)
    assert_close(read_image(path), quadrants())


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_heic_is_read_upright(tmp_path, orientation):
    pillow_heif.register_heif_opener()
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / "photo.HEIC", STORED[orientation](quadrants((64, 96))), exif=exif.tobytes())
    assert_close(read_image(path), quadrants((64, 96)))


def test_heic_of_another_name_is_read_whatever_was_read_before(tmp_path):
    pillow_heif.register_heif_opener()
    saved(tmp_path / "photo.heic", quadrants((64, 96))).rename(tmp_path / "photo.jpg")
    code = (
        f"from munet.images import reading; print(reading.read_image({str(tmp_path / 'photo.jpg')!r}).shape)"
    )
    assert run_script("-c", code).stdout == "(64, 96, 3)\n"


def test_a_photo_that_is_made_to_take_hours_is_refused(tmp_path):
    data = saved(tmp_path / "a.jpg", noise(64, 64, 3), progressive=True).read_bytes()
    assert read_image(tmp_path / "a.jpg").shape == (64, 64, 3)
    first = data.index(b"\xff\xda")
    second = data.index(b"\xff\xda", first + 2)
    (tmp_path / "a.jpg").write_bytes(data[:first] + data[first:second] * 300 + data[second:])
    with pytest.raises(BadInput, match="more than 200 scans"):
        read_image(tmp_path / "a.jpg")


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
def test_a_garbled_exif_block_does_not_cost_the_photo(tmp_path, suffix):
    path = saved(tmp_path / f"a.{suffix}", quadrants(), exif=b"Exif\0\0MM\0*\xff\xff\xff\xffgarbage")
    assert_close(read_image(path), quadrants())


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "webp"])
def test_lossless_colours_are_read_exactly(tmp_path, suffix):
    pixels = noise(9, 7, 3)
    path = saved(tmp_path / f"a.{suffix}", pixels, **({"lossless": True} if suffix == "webp" else {}))
    assert np.array_equal(read_image(path), pixels)
    assert read_image(path).dtype == np.uint8


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [("L", "png"), ("L", "jpg"), ("1", "png"), ("1", "tif"), ("CMYK", "jpg"), ("CMYK", "tif")],
)
def test_other_modes_become_rgb(tmp_path, mode, suffix):
    pixels = quadrants()
    if mode in ("L", "1"):
        pixels = np.repeat((pixels[..., :1] > 100).astype(np.uint8) * 255, 3, axis=2)
    assert_close(read_image(saved(tmp_path / f"a.{suffix}", pixels, mode)), pixels)


def test_a_palette_is_looked_up(tmp_path):
    Image.fromarray(quadrants()).quantize(4).save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as opened:
        assert opened.mode == "P"
    assert_close(read_image(tmp_path / "a.png"), quadrants(), 2)


def test_transparent_pixels_are_laid_on_white(tmp_path):
    layers = np.zeros((4, 6, 4), np.uint8)
    layers[:, :, 0], layers[:, 3:, 3] = 200, 255
    expected = np.where(np.arange(6)[None, :, None] >= 3, (200, 0, 0), 255) * np.ones((4, 1, 1), int)
    assert np.array_equal(read_image(saved(tmp_path / "rgba.png", layers)), expected)
    palette = Image.fromarray((np.arange(6) >= 3).astype(np.uint8)[None].repeat(4, 0)).convert("P")
    palette.putpalette([9, 9, 9, 200, 0, 0])
    palette.save(tmp_path / "palette.png", transparency=0)
    assert np.array_equal(read_image(tmp_path / "palette.png"), expected)
    grey = saved(tmp_path / "la.png", np.dstack([layers[..., 0], layers[..., 3]]))
    assert np.array_equal(
        read_image(grey)[:, :, 1], np.where(np.arange(6) >= 3, 200, 255) * np.ones((4, 1), int)
    )


@pytest.mark.parametrize("name", ["grey.png", "grey.tif", "colour.png", "colour.tif", "big-endian.tif"])
def test_sixteen_bits_keep_the_upper_eight(tmp_path, name):
    pixels = noise(5, 7, dtype=np.uint16) if "colour" not in name else noise(5, 7, 3, dtype=np.uint16)
    if name.endswith("png"):
        cv2.imwrite(str(tmp_path / name), pixels[..., ::-1] if pixels.ndim == 3 else pixels)
    else:
        tifffile.imwrite(
            tmp_path / name,
            pixels,
            byteorder=">" if "big" in name else "<",
            photometric="rgb" if pixels.ndim == 3 else "minisblack",
        )
    expected = pixels if pixels.ndim == 3 else pixels[..., None].repeat(3, 2)
    assert np.array_equal(read_image(tmp_path / name), expected >> 8)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1)])
def test_images_of_one_pixel_are_read_resized_and_drawn_on(tmp_path, size):
    path = saved(tmp_path / "small.png", noise(*size, 3))
    assert size == read_image(path).shape[:2]
    assert resize_image(read_image(path), (24, 24)).shape == (24, 24, 3)
    assert overlay(read_image(path), np.ones(size, bool)).shape == (*size, 3)


@pytest.mark.parametrize(
    ("name", "data", "found"),
    [
        ("text.jpg", b"not a photo at all", "not an image"),
        ("empty.png", b"", "an empty file"),
        ("binary.webp", bytes(range(256)), "not an image"),
        ("text.heic", b"not a photo at all", "not an image"),
        (
            "program.jpg",
            b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n{} loop\n",
            "not an image",
        ),
    ],
)
def test_what_is_no_image_is_named(tmp_path, name, data, found):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(BadInput, match=found) as caught:
        read_image(tmp_path / name)
    assert caught.value.path == str(tmp_path / name)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.bmp", "a.webp"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_truncated_files_are_damaged_not_half_read(tmp_path, name, share):
    whole = saved(tmp_path / name, noise(40, 60, 3)).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(BadInput, match=r"a\.\w+: found (damaged data|not an image)"):
        read_image(tmp_path / name)


def test_floating_point_and_32_bits_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "float.tif", np.full((4, 4), 0.5, np.float32))
    tifffile.imwrite(tmp_path / "int.tif", np.full((4, 4), 70000, np.int32))
    for name, found in (("float.tif", "floating-point"), ("int.tif", "32-bit")):
        with pytest.raises(BadInput, match=found):
            read_image(tmp_path / name)


def test_a_decompression_bomb_is_refused_from_its_header(tmp_path):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    (tmp_path / "bomb.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    )
    with pytest.raises(BadInput, match=r"60000x60000 pixels, expected at most 200 megapixels"):
        read_image(tmp_path / "bomb.png")


def test_the_pixel_limit_is_inclusive(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.png", noise(10, 10, 3))
    monkeypatch.setattr(reading, "MAX_PIXELS", 100)
    assert read_image(path).shape == (10, 10, 3)
    monkeypatch.setattr(reading, "MAX_PIXELS", 99)
    with pytest.raises(BadInput):
        read_image(path)


@pytest.mark.parametrize(
    ("pixels", "mode"),
    [(noise(5, 9) > 99, "1"), (noise(5, 9), "L"), (noise(5, 9, 3), "RGB"), (noise(9, 5, 3)[:, ::-1], "RGB")],
)
def test_png_comes_back_exactly_in_the_smallest_mode(tmp_path, pixels, mode):
    write_png(tmp_path / "new" / "a.png", pixels)
    with Image.open(tmp_path / "new" / "a.png") as opened:
        assert opened.mode == mode
        assert np.array_equal(np.asarray(opened), pixels)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.png"]


def test_a_probability_map_is_8_bit_grey_only(tmp_path):
    write_png(tmp_path / "good.png", noise(4, 4))
    assert np.array_equal(read_probability(tmp_path / "good.png"), noise(4, 4))
    write_png(tmp_path / "bad.png", noise(4, 4, 3))
    with pytest.raises(BadInput, match="RGB picture"):
        read_probability(tmp_path / "bad.png")


@pytest.mark.parametrize(
    ("size", "expected"),
    [((100, 200), (100, 200)), ((10, 5000), (3, 1600)), ((4096, 1024), (1600, 400)), ((1, 9000), (1, 1600))],
)
def test_an_overlay_tints_the_mask_alone_and_is_limited_in_size(size, expected):
    mask = np.zeros(size, bool)
    mask[:, : size[1] // 2] = True
    photo = np.full((*size, 3), 100, np.uint8)
    drawn = overlay(photo, mask)
    assert drawn.shape == (*expected, 3)
    assert (photo == 100).all()
    assert (drawn[:, -expected[1] // 4 :] == 100).all()
    assert (drawn[:, : expected[1] // 4] != 100).any(axis=-1).all()


def test_probabilities_are_rounded_once_at_the_photos_size():
    levels = np.linspace(0, 1, 256, dtype=np.float32).reshape(16, 16)
    assert np.array_equal(resize_probability(levels, (16, 16)).ravel(), np.arange(256))
    halves = (np.array([[0.49, 0.51, 254.49, 254.51]], np.float32)) / 255
    assert resize_probability(halves, (1, 4)).tolist() == [[0, 1, 254, 255]]
    grown = resize_probability(np.array([[0, 1]], np.float32), (3, 8))
    assert grown.shape == (3, 8)
    assert grown.dtype == np.uint8
    assert np.array_equal(grown[1], np.rint(np.clip((np.arange(8) + 0.5) / 4 - 0.5, 0, 1) * 255))


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (200, 150), (1000, 333)])
def test_large_maps_are_made_in_bands_that_nobody_sees(size):
    small = np.random.default_rng(0).random((24, 24), np.float32)
    whole = cv2.resize(small, size[::-1], interpolation=cv2.INTER_LINEAR) * 255
    assert np.abs(resize_probability(small, size) - whole).max() < 0.501


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (5, 8), (40, 131)])
def test_pngs_hold_what_was_written(tmp_path, shape):
    rng = np.random.default_rng(1)
    for pixels, mode in ((rng.integers(0, 256, shape, np.uint8), "L"), (rng.random(shape) < 0.5, "1")):
        write_png(tmp_path / "a.png", pixels)
        with Image.open(tmp_path / "a.png") as opened:
            assert opened.mode == mode
            opened.verify()
        assert np.array_equal(
            cv2.imread(str(tmp_path / "a.png"), cv2.IMREAD_UNCHANGED) > 0
            if mode == "1"
            else read_probability(tmp_path / "a.png"),
            pixels,
        )


@pytest.mark.parametrize("orientation", range(10))
def test_jpegs_are_upright_as_pillow_has_it(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(cv2.resize(noise(9, 11, 3), (333, 207), interpolation=cv2.INTER_CUBIC)).save(
        tmp_path / "a.jpg", exif=exif
    )
    with Image.open(tmp_path / "a.jpg") as opened:
        assert np.array_equal(read_image(tmp_path / "a.jpg"), np.asarray(ImageOps.exif_transpose(opened)))


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"subsampling": 0}, {"quality": 30}, {"mode": "L"}]
)
def test_jpegs_decode_to_pillows_pixels(tmp_path, options):
    photo = Image.fromarray(cv2.resize(noise(9, 11, 3), (333, 207), interpolation=cv2.INTER_CUBIC)).convert(
        options.pop("mode", "RGB")
    )
    photo.save(tmp_path / "a.jpg", **options)
    with Image.open(tmp_path / "a.jpg") as opened:
        assert np.array_equal(read_image(tmp_path / "a.jpg"), np.asarray(opened.convert("RGB")))


def test_a_small_file_of_many_pixels_is_refused_before_it_is_decoded(tmp_path):
    Image.new("L", (8000, 6000)).save(tmp_path / "bomb.png")
    with pytest.raises(BadInput, match=r"8000x6000 pixels in \d+ bytes"):
        read_image(tmp_path / "bomb.png")


def test_a_shrunk_mask_is_sclera_where_at_least_half_of_the_area_is():
    mask = np.zeros((4, 8), bool)
    mask[:2, :2] = mask[:, 4:6] = mask[0, 6] = True  # of the four 4x2 blocks: 1/2, 0, 1, 1/8
    assert resize_mask(mask, (1, 4)).tolist() == [[True, False, True, False]]
    assert np.array_equal(resize_mask(mask, (4, 8)), mask)
    assert resize_mask(np.ones((50, 30), bool), (7, 9)).all()
    assert not resize_mask(np.zeros((50, 30), bool), (70, 90)).any()


def test_maps_and_masks_of_the_largest_photos_are_read_and_photos_of_nothing_are_not(tmp_path):
    eye = cv2.ellipse(np.zeros((6000, 8000), np.uint8), (4000, 3000), (2500, 1200), 0, 0, 360, 200, -1)
    write_png(tmp_path / "map.png", eye)
    write_png(tmp_path / "mask.png", eye > 0)
    np.testing.assert_array_equal(read_probability(tmp_path / "map.png"), eye)
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png").pixels, eye > 0)
    with pytest.raises(BadInput, match="a photo, which takes more"):
        read_image(tmp_path / "mask.png")


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_fewer_bits_stored_in_16_are_as_bright_as_in_8(tmp_path, bits):
    levels = np.arange(200, dtype=np.uint16).reshape(10, 20)
    cv2.imwrite(str(tmp_path / "photo.png"), levels << bits - 8)
    np.testing.assert_array_equal(read_image(tmp_path / "photo.png")[..., 1], levels)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_colours_that_would_be_black_are_refused(tmp_path, suffix):
    colours = noise(5, 7, 3).astype(np.uint16)
    write = cv2.imwrite if suffix == ".png" else tifffile.imwrite
    write(str(tmp_path / f"photo{suffix}"), colours << 4)
    with pytest.raises(BadInput, match="all but black, or of 12 bits or less"):
        read_image(tmp_path / f"photo{suffix}")
    write(str(tmp_path / f"photo{suffix}"), colours << 8)
    assert read_image(tmp_path / f"photo{suffix}").max() == colours.max()


@pytest.mark.parametrize("turn", [1, 6])
def test_a_large_jpeg_is_read_at_half_of_its_size_upright(tmp_path, turn):
    small = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    pixels = cv2.resize(small, (800, 600), interpolation=cv2.INTER_CUBIC)
    exif = Image.Exif()
    exif[0x0112] = turn
    Image.fromarray(pixels).save(tmp_path / "a.jpg", quality=95, exif=exif)
    whole = reading.read_image(tmp_path / "a.jpg")
    half, size = reading.read_half(tmp_path / "a.jpg", 400)
    assert size == whole.shape[:2]
    assert half.shape[:2] == (size[0] // 2, size[1] // 2)
    expected = cv2.resize(whole, half.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(half.astype(int) - expected).mean() < 2
    assert reading.read_half(tmp_path / "a.jpg", 401) is None
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert reading.read_half(tmp_path / "a.png", 10) is None
