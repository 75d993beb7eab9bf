import numpy as np
import pytest
from support import write_eye

from munet.data.mask_checks import MaskFacts, read_facts, warn_of_masks
from munet.data.pairing import find_dataset
from munet.images.writing import write_png


def facts(*shares, coding="binary", colours=(), edge=0.0):
    return [MaskFacts(f"m{i}.png", share, edge, coding, colours) for i, share in enumerate(shares)]


def warned(capsys, found, **told):
    warn_of_masks(found, "DATA", **told)
    return capsys.readouterr().err.splitlines()


@pytest.mark.parametrize(
    "shares",
    [(0.03,) * 9, (0.19, 0.33), (0.005, 0.03, 0.11, 0, 0.02, 0.04), (*np.linspace(0, 0.3, 30), 0.55), ()],
)
def test_masks_as_eyes_have_them_are_no_news(capsys, shares):
    assert warned(capsys, facts(*shares)) == []


def test_a_set_of_inverted_masks_is_told_with_the_flag_that_reads_them(capsys):
    (line,) = warned(capsys, facts(0.7, 0.97, 0.6))
    assert "3 of 3 masks of DATA cover more" in line and "m1.png, of which 97% is sclera" in line
    assert line.endswith("give --sclera-value 0, which takes black for sclera")
    (line,) = warned(capsys, facts(0.7, 0.8, coding="class"), sclera_value=0)
    assert "check --sclera-value 0" in line


def test_one_inverted_mask_among_many_is_told(capsys):
    (line,) = warned(capsys, facts(*[0.03] * 9, 0.96))
    assert "1 of 10 masks" in line and "m9.png" in line and "invert them" in line
    (line,) = warned(capsys, facts(*[0.3] * 9) + facts(0.45, edge=0.9))  # where an eye fills the picture
    assert "1 of 10 masks" in line


def test_a_mask_unlike_the_others_is_told(capsys):
    (line,) = warned(capsys, facts(*[0.03] * 40, 0.4))
    assert "much more sclera than the others: 1 mask of DATA, such as m40.png" in line
    (line,) = warned(capsys, facts(*[0.03] * 40, 0.0001))
    assert "much less sclera" in line


def test_sclera_in_another_colour_is_told_with_the_colours_found(capsys):
    (line,) = warned(capsys, facts(0, 0, coding="colour", colours=((0, 255, 0),)))
    assert "no mask of DATA has the sclera's colour (255,0,0): 2 masks" in line
    assert "(0,255,0)" in line and line.endswith("--sclera-color 0,255,0")
    (line,) = warned(capsys, facts(0, coding="colour", colours=((9, 9, 90),)), sclera_color=(0, 255, 0))
    assert "colour (0,255,0)" in line
    mixed = facts(0.1, 0.1, coding="colour") + facts(0, coding="colour", colours=((0, 255, 0),))
    (line,) = warned(capsys, mixed)
    assert "in one colour that is not the sclera's" in line
    eyes_closed = facts(0.1, coding="colour") + facts(0, coding="colour", colours=((0, 255, 0), (0, 0, 255)))
    assert warned(capsys, eyes_closed) == []


def test_a_set_without_sclera_is_told(capsys):
    assert "no mask of DATA has any sclera (2 masks)" in warned(capsys, facts(0, 0))[0]
    assert "holds the class 7" in warned(capsys, facts(0, coding="class"), sclera_value=7)[0]


def test_facts_are_of_pixels_edge_and_turns(tmp_path):
    write_eye(tmp_path / "images/a.png", None, size=(64, 64))
    mask = np.zeros((64, 64), bool)
    mask[0] = True
    write_png(tmp_path / "masks/a.png", mask)
    (sample,) = find_dataset(tmp_path).samples
    found = read_facts(sample)
    assert (found.share, found.coding, found.turns, found.square) == (1 / 64, "binary", (1, 1), True)
    assert 0.25 < found.edge < 0.27
    sample.mask.write_bytes(b"no picture")
    assert read_facts(sample) is None
