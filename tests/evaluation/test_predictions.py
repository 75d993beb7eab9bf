"""Predictions of any network are read as what they are: maps, or masks in the forms that networks save."""

import numpy as np
import pytest
from PIL import Image
from support import draw_eye

from munet.core.errors import BadInput, MunetError
from munet.evaluation.predictions import find_coding, folder_of, read_prediction

MASK = draw_eye(1)[1]
MAP = np.random.default_rng(0).integers(0, 256, MASK.shape).astype(np.uint8)


def palette(indices, colours):
    picture = Image.fromarray(indices.astype(np.uint8), "P")
    picture.putpalette(colours)
    return picture


def rgba(levels, alpha):
    return Image.fromarray(np.dstack([*[levels] * 3, np.broadcast_to(np.uint8(alpha), levels.shape)]))


FORMS = {  # of the same mask
    "1-bit": Image.fromarray(MASK),
    "0 and 255": Image.fromarray(MASK * np.uint8(255)),
    "0 and 1": Image.fromarray(MASK * np.uint8(1)),
    "RGB": Image.fromarray(np.dstack([MASK * np.uint8(255)] * 3)),
    "RGB of 0 and 1": Image.fromarray(np.dstack([MASK * np.uint8(1)] * 3)),
    "RGBA": rgba(MASK * np.uint8(255), 255),
    "16 bits": Image.fromarray(MASK * np.uint16(65535)),
    "16 bits of 0 and 1": Image.fromarray(MASK * np.uint16(1)),
    "grey palette": palette(MASK, [0, 0, 0, 255, 255, 255]),
    "dark red palette": palette(MASK, [0, 0, 0, 128, 0, 0]),
    "red": Image.fromarray(MASK[..., None] * np.array([255, 0, 0], np.uint8)),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_mask_is_a_mask_in_every_form(form, tmp_path):
    FORMS[form].save(tmp_path / "a.png")
    assert find_coding([tmp_path / "a.png"]) == (True, tmp_path / "a.png" if "0 and 1" in form else None)
    found = read_prediction(tmp_path / "a.png", is_mask=True)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, MASK * np.uint8(255))


@pytest.mark.parametrize("form", ["L", "RGB", "RGBA", "I;16", "LA"])
def test_a_map_is_a_map_in_every_form(form, tmp_path):
    if form == "I;16":
        Image.fromarray(MAP.astype(np.uint16) * 257).save(tmp_path / "a.png")
    else:
        Image.fromarray(MAP).convert(form).save(tmp_path / "a.png")
    assert find_coding([tmp_path / "a.png"]) == (False, None)
    np.testing.assert_array_equal(read_prediction(tmp_path / "a.png"), MAP)


def test_one_map_makes_maps_of_all_and_what_is_damaged_is_passed_over(tmp_path):
    paths = [tmp_path / f"{name}.png" for name in "abc"]
    paths[0].write_bytes(b"none")
    Image.fromarray(MASK * np.uint8(1)).save(paths[1])  # of a network that is sure of nothing
    Image.fromarray(MAP).save(paths[2])
    assert find_coding(paths) == (False, None)
    assert find_coding(paths[:2]) == (True, paths[1])
    Image.fromarray(MASK * np.uint8(0)).save(paths[1])
    assert find_coding(paths[:2]) == (False, None)  # nothing found: it may be either


def test_colours_that_no_mask_has_are_refused(tmp_path):
    Image.fromarray(np.dstack([MAP, MAP[::-1], MAP])).save(tmp_path / "a.png")
    with pytest.raises(BadInput, match="a grey probability map, or a mask of black and white"):
        read_prediction(tmp_path / "a.png")


def test_masks_alone_of_a_results_folder_are_found_and_other_formats_named(tmp_path):
    (tmp_path / "Binarised").mkdir()
    assert folder_of(tmp_path) == tmp_path / "Binarised"
    Image.fromarray(MAP).save(tmp_path / "Binarised/a.jpg")
    with pytest.raises(MunetError, match=r"holds no PNG, but .*a\.jpg; save the predictions as PNG"):
        folder_of(tmp_path)
