"""Outlines show what was found and what is true; a sheet holds every picture and its caption."""

import numpy as np

from munet.images.drawing import contact_sheet, outline
from munet.images.reading import read_image


def test_an_outline_tints_what_was_found_and_draws_what_is_true():
    image = np.full((40, 60, 3), 100, np.uint8)
    found, truth = np.zeros((40, 60), bool), np.zeros((40, 60), bool)
    found[5:15, 5:20], truth[20:35, 30:55] = True, True
    drawn = outline(image, found, truth)
    assert (image == 100).all()  # the photo itself stays
    assert drawn[10, 10].tolist() == [55, 169, 112]
    assert drawn[20, 30].tolist() == [255, 255, 255]
    assert drawn[28, 42].tolist() == drawn[2, 2].tolist() == [100, 100, 100]


def test_a_sheet_has_a_row_for_each_list_and_keeps_the_aspect(tmp_path):
    wide, high = np.full((50, 100, 3), 200, np.uint8), np.full((120, 60, 3), 10, np.uint8)
    contact_sheet([[(wide, "é"), (high, "b")], [(wide, "")]], tmp_path / "sheet.png", (80, 104))
    sheet = read_image(tmp_path / "sheet.png")
    assert sheet.shape == (80 + 22 + 50 + 22, 2 * 104, 3)
    assert (sheet[:50, :100] == 200).all()
    assert (sheet[:80, 104:144] == 10).all()
    assert (sheet[80:102, :104] < 128).any()  # a caption
    assert (sheet[152:] == 255).all()
