import math

import numpy as np
import pytest
from scipy.spatial.distance import directed_hausdorff
from skimage.segmentation import find_boundaries

from munet.metrics import boundaries
from munet.metrics.boundaries import boundary_band, boundary_scores, sclera_width


def box(top, left, bottom, right, size=(60, 80)):
    mask = np.zeros(size, bool)
    mask[top:bottom, left:right] = True
    return mask


def test_equal_masks_match_at_no_distance():
    assert boundary_scores(box(10, 10, 30, 50), box(10, 10, 30, 50)) == (1.0, 0.0)


def test_a_shift_is_the_distance_and_the_tolerance_decides():
    truth, moved = box(10, 10, 30, 50), box(10, 13, 30, 53)
    tolerance = 3 / math.hypot(60, 80)
    f1, distance = boundary_scores(moved, truth, 1.001 * tolerance)
    assert (f1, distance) == (1.0, 3.0)
    assert boundary_scores(moved, truth, 0.9 * tolerance)[0] < 1


def test_the_distance_is_the_95th_percentile_of_the_larger_direction():
    rng = np.random.default_rng(0)
    for _ in range(20):
        truth, found = rng.random((30, 40)) < 0.3, rng.random((30, 40)) < 0.05
        # All pixels of masks as thin as these are boundary, nearly: the plain Hausdorff distance bounds ours.
        _, distance = boundary_scores(found, truth)
        a, b = np.argwhere(found), np.argwhere(truth)
        assert distance <= max(directed_hausdorff(a, b)[0], directed_hausdorff(b, a)[0]) + 1
    one, far = box(0, 0, 1, 1), box(0, 0, 1, 1) | box(50, 70, 51, 71)
    # between 0 and 86, linearly
    assert boundary_scores(one, far)[1] == pytest.approx(0.95 * math.hypot(50, 70))


def test_nothing_has_no_distance():
    nothing = np.zeros((60, 80), bool)
    assert boundary_scores(nothing, nothing) == (1.0, 0.0)
    f1, distance = boundary_scores(nothing, box(1, 1, 5, 5))
    assert f1 == 0
    assert math.isnan(distance)
    assert sclera_width(nothing) == 0
    assert sclera_width(box(10, 13, 30, 53)) == 40


def test_the_frame_ends_a_mask():
    whole = np.ones((20, 20), bool)
    assert boundary_scores(whole, whole) == (1.0, 0.0)
    assert boundary_scores(whole, box(5, 5, 15, 15, (20, 20)))[1] > 4


@pytest.mark.parametrize("share", [0.02, 0.5, 0.97, 1])
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 5), (60, 80)])
def test_boundary_pixels_are_scikit_images(size, share):
    for seed in range(5):
        mask = np.random.default_rng(seed).random(size) < share
        framed = find_boundaries(np.pad(mask, 1), connectivity=1, mode="inner")[1:-1, 1:-1]
        np.testing.assert_array_equal(boundaries._boundary(mask), np.argwhere(framed))


def test_the_band_is_what_is_near_the_boundary():
    truth = np.zeros((300, 400), bool)
    truth[100:200, 100:300] = True
    band = boundary_band(truth)  # 10 pixels: 2 % of a diagonal of 500
    assert band[100, 200] and band[90, 200] and band[110, 200]
    assert not (band[89, 200] or band[111, 200] or band[150, 200] or band[0, 0])
    assert boundary_band(truth, 2).all()
    assert not boundary_band(np.zeros((9, 9), bool)).any()
