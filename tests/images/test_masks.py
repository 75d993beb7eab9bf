import numpy as np
import pytest
from PIL import Image
from support import draw_eye

from munet.core.errors import BadInput
from munet.images.masks import read_mask
from munet.images.reading import turn

TRUTH = draw_eye(3, (120, 160))[1]
IRIS = np.zeros_like(TRUTH)
IRIS[50:70, 70:90] = True
RED, GREEN, BLUE, YELLOW = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)
EMPTY, FULL = np.zeros((20, 30), bool), np.ones((20, 30), bool)


def grey(low, high, dtype=np.uint8):
    return lambda mask: Image.fromarray(np.where(mask, high, low).astype(dtype))


def palette(*colours):
    def paint(mask):
        picture = Image.fromarray(mask.astype(np.uint8)).convert("P")
        picture.putpalette([level for colour in colours for level in colour])
        return picture

    return paint


def colours(mask, sclera=RED, iris=IRIS):
    """As MOBIUS paints: the iris lies over the sclera."""
    painted = np.zeros((*mask.shape, 3), np.uint8)
    painted[mask] = sclera
    if iris is not None and iris.shape == mask.shape:
        painted[iris] = GREEN
        painted[iris & (np.indices(mask.shape)[1] > 80)] = BLUE
    return Image.fromarray(painted)


def layers(colour, transparent=(0, 0, 0)):
    """As SBVPI marks: the region is opaque."""

    def paint(mask):
        pixels = np.where(mask[..., None], (*colour, 255), (*transparent, 0))
        return Image.fromarray(pixels.astype(np.uint8))

    return paint


EXACT = {
    "1-bit": (Image.fromarray, "binary"),
    "0/255": (grey(0, 255), "binary"),
    "0/1": (grey(0, 1), "binary"),
    "16-bit 0/65535": (grey(0, 65535, np.uint16), "binary"),
    "16-bit 0/255": (grey(0, 255, np.uint16), "binary"),
    "16-bit 0/1": (grey(0, 1, np.uint16), "binary"),
    "palette black white": (palette((0, 0, 0), (255, 255, 255)), "binary"),
    "palette 0/1 in dark red": (palette((0, 0, 0), (128, 0, 0)), "binary"),
    "palette black red": (palette((0, 0, 0), RED), "colour"),
    "three equal channels": (lambda mask: grey(0, 255)(mask).convert("RGB"), "binary"),
    "grey and opaque": (lambda mask: grey(0, 255)(mask).convert("LA"), "binary"),
    "RGBA all opaque": (lambda mask: grey(0, 255)(mask).convert("RGBA"), "binary"),
    "alpha, marked white": (layers((255, 255, 255)), "alpha"),
    "alpha, marked red on white": (layers(RED, (255, 255, 255)), "alpha"),
    "alpha, marked black": (layers((0, 0, 0), (255, 255, 255)), "alpha"),
}


def saved(folder, picture, suffix="png", **options):
    path = folder / f"a mask.{suffix}"
    picture.save(path, **options)
    return path


@pytest.mark.parametrize("coding", EXACT)
def test_every_coding_gives_the_same_mask(tmp_path, coding):
    paint, name = EXACT[coding]
    mask = read_mask(saved(tmp_path, paint(TRUTH)))
    assert mask.pixels.dtype == bool
    assert np.array_equal(mask.pixels, TRUTH)
    assert (mask.coding, mask.cleaned) == (name, 0)


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "gif"])
def test_every_lossless_format_gives_the_same_mask(tmp_path, suffix):
    assert np.array_equal(read_mask(saved(tmp_path, grey(0, 255)(TRUTH), suffix)).pixels, TRUTH)


def test_of_the_mobius_colours_only_red_is_sclera(tmp_path):
    mask = read_mask(saved(tmp_path, colours(TRUTH)))
    assert np.array_equal(mask.pixels, TRUTH & ~IRIS)
    assert (mask.coding, mask.cleaned) == ("colour", 0)


@pytest.mark.parametrize("coding", EXACT)
def test_an_empty_mask_is_empty_in_every_coding(tmp_path, coding):
    assert np.array_equal(read_mask(saved(tmp_path, EXACT[coding][0](EMPTY))).pixels, EMPTY)


# black all over is an empty binary mask
@pytest.mark.parametrize("coding", [name for name in EXACT if name != "alpha, marked black"])
def test_a_mask_that_is_all_sclera_is_full(tmp_path, coding):
    assert np.array_equal(read_mask(saved(tmp_path, EXACT[coding][0](FULL))).pixels, FULL)


def test_where_the_eye_is_opaque_the_mark_is_its_white(tmp_path):
    alpha = np.where(TRUTH | IRIS, 255, 0)
    alpha[:3] = 255
    white = np.where(TRUTH, 255, 0)
    picture = Image.fromarray(np.dstack([white, white, white, alpha]).astype(np.uint8))
    assert np.array_equal(read_mask(saved(tmp_path, picture)).pixels, TRUTH)


def test_mobius_colours_without_sclera_or_with_nothing_else(tmp_path):
    assert not read_mask(saved(tmp_path, colours(np.zeros_like(TRUTH)))).pixels.any()
    assert read_mask(saved(tmp_path, colours(FULL))).pixels.all()


@pytest.mark.parametrize("mode", ["L", "P", "RGB", "I;16", "RGBA"])
@pytest.mark.parametrize("value", [0, 1, 2, 3])
def test_class_indices_are_read_by_the_value_that_is_told(tmp_path, mode, value):
    classes = np.where(IRIS, 2, TRUTH).astype(np.uint8)
    classes[0, 0] = 4
    picture = (
        Image.fromarray(classes.astype(np.uint16))
        if mode == "I;16"
        else Image.fromarray(classes).convert(mode)
    )
    if mode == "P":
        picture.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0, 9, 9, 9])
    mask = read_mask(saved(tmp_path, picture), sclera_value=value)
    assert np.array_equal(mask.pixels, classes == value)
    assert mask.coding == "class"


def test_class_indices_may_be_1_bit_hold_an_ignored_255_or_pass_255(tmp_path):
    assert np.array_equal(read_mask(saved(tmp_path, Image.fromarray(TRUTH)), sclera_value=1).pixels, TRUTH)
    ignored = np.where(IRIS, 255, np.where(TRUTH, 2, 0)).astype(np.uint8)
    assert not read_mask(saved(tmp_path, Image.fromarray(ignored)), sclera_value=1).pixels.any()
    large = np.where(IRIS, 300, TRUTH).astype(np.uint16)
    assert np.array_equal(
        read_mask(saved(tmp_path, Image.fromarray(large)), sclera_value=1).pixels, large == 1
    )


@pytest.mark.parametrize("quality", [60, 75, 95])
@pytest.mark.parametrize(("paint", "coding"), [(grey(0, 255), "binary"), (colours, "colour")])
def test_lossy_masks_are_cleaned_and_say_so(tmp_path, paint, coding, quality):
    mask = read_mask(saved(tmp_path, paint(TRUTH), "jpg", quality=quality, subsampling=0))
    truth = TRUTH if coding == "binary" else TRUTH & ~IRIS
    assert mask.coding == coding
    assert 0 < mask.cleaned < mask.pixels.size
    assert np.count_nonzero(mask.pixels != truth) < 0.01 * truth.size


@pytest.mark.parametrize("paint", [grey(0, 255), colours])
def test_lossy_empty_masks_are_empty(tmp_path, paint):
    assert not read_mask(saved(tmp_path, paint(EMPTY), "jpg")).pixels.any()


def photo():
    return Image.fromarray(draw_eye(0)[0])


def dark_photo():
    return Image.fromarray(draw_eye(0)[0] // 4)


def small_patch(colour):
    """One patch of 1 % of the frame."""
    patch = np.zeros((100, 100), bool)
    patch[:10, :10] = True
    return colours(patch, colour)


def red_and_yellow():
    painted = np.asarray(colours(TRUTH)).copy()
    painted[:5, :5] = YELLOW
    return Image.fromarray(painted)


REFUSED = {
    "class indices": lambda: grey(0, 2)(TRUTH),
    "0/128": lambda: grey(0, 128)(TRUTH),
    "classes at 0/127/255": lambda: Image.fromarray(np.where(IRIS, 127, TRUTH * 255).astype(np.uint8)),
    "yellow": lambda: colours(TRUTH, YELLOW),
    "a small yellow patch": lambda: small_patch(YELLOW),
    "a small dark blue patch": lambda: small_patch((0, 0, 128)),
    "red and a small yellow patch": red_and_yellow,
    "16-bit 0/1000": lambda: grey(0, 1000, np.uint16)(TRUTH),
    "a photo": photo,
    "a dark photo": dark_photo,
    "a grey photo": lambda: photo().convert("L"),
    "a dark grey photo": lambda: dark_photo().convert("L"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_in_no_known_coding_is_refused_and_named(tmp_path, what):
    path = saved(tmp_path, REFUSED[what]())
    with pytest.raises(
        BadInput, match=r"a mask\.png: found .* expected a black and white mask.*; give --sclera-value"
    ) as caught:
        read_mask(path)
    assert caught.value.path == str(path)


@pytest.mark.parametrize(
    ("paint", "suffix", "found"),
    [
        (lambda: grey(0, 255)(TRUTH), "png", "grey levels 0, 255, expected class indices with 1"),
        (lambda: grey(0, 255)(FULL), "png", "grey levels 255, expected class indices with 1"),
        (lambda: colours(TRUTH), "png", "a RGB picture in colours"),
        (lambda: grey(0, 3)(TRUTH), "jpg", "a JPEG, which changes class indices"),
    ],
)
def test_what_holds_no_class_indices_is_refused_where_a_value_is_told(tmp_path, paint, suffix, found):
    with pytest.raises(BadInput, match=f"a mask.{suffix}: found {found}"):
        read_mask(saved(tmp_path, paint(), suffix), sclera_value=1)


def test_a_damaged_mask_is_refused(tmp_path):
    path = saved(tmp_path, photo())
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(BadInput, match="damaged"):
        read_mask(path)


def test_colours_on_a_transparent_background_are_colours(tmp_path):
    codes = np.zeros((12, 16, 4), np.uint8)
    codes[2:10, 2:6], codes[2:10, 6:10], codes[2:10, 10:12] = (
        (255, 0, 0, 255),
        (0, 255, 0, 255),
        (0, 0, 255, 255),
    )
    codes[0, 0] = (255, 0, 0, 0)  # invisible
    Image.fromarray(codes).save(tmp_path / "mask.png")
    mask = read_mask(tmp_path / "mask.png")
    assert mask.coding == "colour"
    np.testing.assert_array_equal(mask.pixels, np.pad(np.ones((8, 4), bool), ((2, 2), (2, 10))))


PURPLE = (40, 20, 230)


@pytest.mark.parametrize("colour", [GREEN, BLUE, YELLOW, PURPLE, (255, 255, 255)])
@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_the_sclera_in_a_colour_that_is_told(tmp_path, colour, suffix):
    options = {"quality": 90, "subsampling": 0} if suffix == "jpg" else {}
    path = saved(tmp_path, colours(TRUTH, colour, iris=None), suffix, **options)
    mask = read_mask(path, sclera_color=colour)
    assert (mask.coding, mask.colours) == ("colour", ())
    assert np.count_nonzero(mask.pixels != TRUTH) <= (0.01 * TRUTH.size if suffix == "jpg" else 0)


def test_a_colour_near_the_told_one_is_another(tmp_path):
    painted = np.asarray(colours(TRUTH, PURPLE, iris=None)).copy()
    painted[IRIS] = BLUE
    mask = read_mask(saved(tmp_path, Image.fromarray(painted)), sclera_color=PURPLE)
    assert np.array_equal(mask.pixels, TRUTH & ~IRIS)


def test_a_mask_in_other_colours_names_them(tmp_path):
    mask = read_mask(saved(tmp_path, colours(TRUTH, PURPLE, iris=None)))
    assert (mask.pixels.any(), mask.colours) == (False, (PURPLE,))
    with pytest.raises(BadInput, match=r"found the colours \(255,255,0\), .*--sclera-color R,G,B"):
        read_mask(saved(tmp_path, colours(TRUTH, YELLOW, iris=None)))


@pytest.mark.parametrize("opacity", [1, 40, 127, 128, 254, 255])
@pytest.mark.parametrize("colour", [RED, (255, 255, 255), (0, 0, 0), (90, 80, 60)])
def test_paint_of_any_opacity_is_the_mask(tmp_path, opacity, colour):
    picture = layers(colour, colour)(TRUTH)
    picture.putalpha(Image.fromarray(np.where(TRUTH, opacity, 0).astype(np.uint8)))
    mask = read_mask(saved(tmp_path, picture))
    assert np.array_equal(mask.pixels, TRUTH)


def test_two_thin_brushes_and_their_soft_edges(tmp_path):
    opacity = np.zeros(TRUTH.shape, np.uint8)
    opacity[20:60, 20:60], opacity[20:60, 60:90], opacity[19, 20:60] = 255, 80, 10
    picture = Image.fromarray(np.dstack([np.full((*opacity.shape, 3), 255, np.uint8), opacity]))
    assert np.array_equal(read_mask(saved(tmp_path, picture)).pixels, opacity >= 80)


def test_of_a_photo_cut_out_every_pixel_counts(tmp_path):
    picture = Image.fromarray(draw_eye(3, (120, 160))[0] // 2)
    picture.putalpha(Image.fromarray(TRUTH.astype(np.uint8) * 255))
    mask = read_mask(saved(tmp_path, picture))
    assert (mask.coding, np.array_equal(mask.pixels, TRUTH)) == ("alpha", True)


def test_a_picture_hidden_by_full_transparency_is_refused(tmp_path):
    picture = colours(TRUTH)
    picture.putalpha(0)
    with pytest.raises(BadInput, match="transparent all over"):
        read_mask(saved(tmp_path, picture))


@pytest.mark.parametrize("scale", [1, 0.98, 255])
def test_floating_point_masks_are_sclera_from_a_half_on(tmp_path, scale):
    soft = TRUTH.astype(np.float32)
    if scale != 255:
        soft[:, 1:] = (soft[:, 1:] + soft[:, :-1] * 0.98) / 1.98
    mask = read_mask(saved(tmp_path, Image.fromarray(soft * np.float32(scale)), "tif"))
    assert (mask.coding, mask.pixels.any()) == ("binary", True)
    assert np.array_equal(mask.pixels, soft * np.float32(min(scale, 1)) >= 0.5)


@pytest.mark.parametrize("levels", [(0, 0.3), (0, 2), (0, 700), (0, np.nan), (-3, 1)])
def test_floating_point_masks_of_another_range_are_refused(tmp_path, levels):
    low, high = levels
    picture = Image.fromarray(np.where(TRUTH, high, low).astype(np.float32))
    with pytest.raises(BadInput, match="floating-point pixels of"):
        read_mask(saved(tmp_path, picture, "tif"))


def test_of_a_grey_palette_the_levels_are_the_classes(tmp_path):
    classes = np.where(IRIS, 2, TRUTH).astype(np.uint8)
    for greys in ((0, 1, 2), (2, 1, 0), (0, 128, 255)):
        indices = np.array([greys.index(g) if g in greys else 0 for g in greys], np.uint8)[classes]
        picture = Image.fromarray(indices).convert("P")
        picture.putpalette([grey for grey in greys for _ in range(3)])
        level = np.array(greys)[indices]
        for value in greys:
            mask = read_mask(saved(tmp_path, picture), sclera_value=int(value))
            assert np.array_equal(mask.pixels, level == value), (greys, value)
    assert np.array_equal(read_mask(saved(tmp_path, picture), sclera_value=1).pixels, indices == 1)


def test_black_is_the_class_0_of_an_inverted_mask(tmp_path):
    assert np.array_equal(read_mask(saved(tmp_path, grey(255, 0)(TRUTH)), sclera_value=0).pixels, TRUTH)
    assert not read_mask(saved(tmp_path, grey(255, 0)(EMPTY)), sclera_value=0).pixels.any()


@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_masks_own_turn_is_applied_or_not(tmp_path, orientation, suffix):
    exif = Image.Exif()
    exif[0x112] = orientation
    options = {"lossless": True} if suffix == "webp" else {}
    path = saved(tmp_path, Image.fromarray(TRUTH.astype(np.uint8) * 255), suffix, exif=exif, **options)
    mask = read_mask(path)
    assert np.array_equal(mask.pixels, turn(TRUTH, orientation))
    assert mask.turned == orientation
    assert np.array_equal(read_mask(path, exif=False).pixels, TRUTH)


def test_several_other_colours_on_transparency_are_refused_until_one_is_told(tmp_path):
    painted = np.zeros((*TRUTH.shape, 4), np.uint8)
    painted[TRUTH], painted[IRIS] = (128, 0, 0, 255), (0, 128, 0, 255)
    path = saved(tmp_path, Image.fromarray(painted))
    with pytest.raises(BadInput, match=r"\(128,0,0\), \(0,128,0\) on transparency, .*--sclera-color R,G,B"):
        read_mask(path)
    assert np.array_equal(read_mask(path, sclera_color=(128, 0, 0)).pixels, TRUTH & ~IRIS)
