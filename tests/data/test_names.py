"""Names of photos: what is augmented is known by its ending, and each dataset's names by one pattern."""

import pytest

from munet.data.names import FLIP, MOBIUS, SBVPI, SBVPI_MASK, SYNTHETIC, copy_ending, original


@pytest.mark.parametrize("endings", ["", FLIP, copy_ending(1), copy_ending(12), FLIP + copy_ending(3)])
@pytest.mark.parametrize("name", ["1/1_2n_Lr_3", "photo", "backflip", "a_copy"])
def test_the_original_of_an_augmented_photo_is_known(name, endings):
    assert original(name + endings) == (name, endings)


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("1_2n_Lr_3", MOBIUS),
        ("7_1p_Ru_bad", MOBIUS),
        ("12L_s_4", SBVPI),
        ("S0003_R_d_07", SYNTHETIC),
        ("1_2x_Lr_3", None),
        ("1_2n_Lx_3", None),
        ("IMG_1234", None),
    ],
)
def test_a_name_is_of_one_dataset_or_none(name, pattern):
    assert [found for found in (MOBIUS, SBVPI, SYNTHETIC) if found.match(name)] == [pattern] * bool(pattern)


def test_masks_of_sbvpi_are_known_by_their_ending():
    assert SBVPI_MASK.search("12L_s_4_sclera")
    assert not SBVPI_MASK.search("12L_s_4")
