from dataclasses import fields, replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import draw_eye

from munet.data.augmentation import Ranges, augment, draw_homography, flip, warp

OFF = Ranges(
    flip=0.0,
    rotation=(0.0, 0.0),
    scale=(1.0, 1.0),
    aspect=(1.0, 1.0),
    shift=(0.0, 0.0),
    perspective=(0.0, 0.0),
    brightness=(0.0, 0.0),
    contrast=(1.0, 1.0),
    gamma=(1.0, 1.0),
    temperature=(0.0, 0.0),
    saturation=(1.0, 1.0),
    blur=(0.0, 0.0),
    motion_blur=(0.0, 0.0),
    noise=(0.0, 0.0),
    jpeg=(100.0, 100.0),
    degraded=1.0,
)
GEOMETRY = ("flip", "rotation", "scale", "aspect", "shift", "perspective")
ONLY_GEOMETRY = replace(OFF, **{name: getattr(Ranges(), name) for name in GEOMETRY})
IMAGE, MASK = draw_eye(1, (60, 80))
NO_MASK = np.zeros((60, 80), bool)


def rng(seed=0):
    return np.random.default_rng(seed)


def alone(image=IMAGE, mask=MASK, seed=0, **ranges):
    """The image after one transform alone."""
    return augment(image, mask, replace(OFF, **ranges), rng(seed))[0]


def map_points(homography, points):
    return cv2.perspectiveTransform(np.array([points], np.float64), homography)[0]


def grey(level, size=(60, 80)):
    return np.full((*size, 3), level, np.uint8)


@given(st.integers(0, 10_000), st.sampled_from([(48, 64), (97, 61), (224, 224)]))
@settings(max_examples=60, deadline=None)
def test_image_and_mask_stay_aligned_to_the_pixel(seed, size):
    mask = draw_eye(seed, size)[1]
    painted = np.repeat(mask[..., None].astype(np.uint8) * 255, 3, axis=2)
    image, moved = augment(painted, mask, ONLY_GEOMETRY, rng(seed))
    assert np.array_equal(image[..., 1] >= 128, moved)
    assert (image.shape, image.dtype, moved.shape, moved.dtype) == (painted.shape, np.uint8, mask.shape, bool)


def test_geometry_is_not_the_identity():
    assert all((augment(IMAGE, MASK, ONLY_GEOMETRY, rng(seed))[1] != MASK).any() for seed in range(10))


@pytest.mark.parametrize("size", [(60, 80), (81, 33), (1, 1), (1, 9), (224, 224)])
def test_neutral_ranges_are_the_identity(size):
    image, mask = rng().integers(0, 256, (*size, 3)).astype(np.uint8), rng().random(size) > 0.5
    made, moved = augment(image, mask, OFF, rng())
    assert np.array_equal(made, image)
    assert np.array_equal(moved, mask)


@pytest.mark.parametrize(
    "name", [field.name for field in fields(Ranges) if field.name not in (*GEOMETRY, "degraded")]
)
def test_tones_and_degradations_change_the_image_and_never_the_mask(name):
    made, moved = augment(
        IMAGE,
        MASK,
        replace(OFF, **{name: (getattr(Ranges(), name)[0] or getattr(Ranges(), name)[1],) * 2}),
        rng(),
    )
    assert (made != IMAGE).any()
    assert np.array_equal(moved, MASK)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (48, 64)])
@pytest.mark.parametrize("full", [False, True])
def test_all_at_once_works_on_any_size_and_mask(size, full):
    for seed in range(10):
        ranges = replace(Ranges(), degraded=1.0)
        image, mask = augment(
            rng(seed).integers(0, 256, (*size, 3)).astype(np.uint8), np.full(size, full), ranges, rng(seed)
        )
        assert (image.shape, image.dtype, mask.shape, mask.dtype) == ((*size, 3), np.uint8, size, bool)
        assert (mask == full).all()


def test_the_result_depends_on_the_seed_alone_and_the_input_is_kept():
    image, mask = IMAGE.copy(), MASK.copy()
    image.flags.writeable = mask.flags.writeable = False
    first, second, other = (augment(image, mask, Ranges(), rng(seed)) for seed in (7, 7, 8))
    assert np.array_equal(first[0], second[0]) and np.array_equal(first[1], second[1])
    assert not np.array_equal(first[0], other[0])


def test_flip_mirrors_left_and_right_as_often_as_told():
    image, mask = flip(IMAGE, MASK)
    assert np.array_equal(image, IMAGE[:, ::-1]) and np.array_equal(mask, MASK[:, ::-1])
    assert np.array_equal(alone(flip=1.0), image)
    flipped = sum(np.array_equal(alone(flip=0.3, seed=seed), image) for seed in range(300))
    assert 60 < flipped < 120


def test_rotation_is_anticlockwise_in_degrees():
    square = rng().integers(0, 256, (41, 41, 3)).astype(np.uint8)
    mask = rng().random((41, 41)) > 0.5
    mask[[0, -1], [0, -1]] = True  # the middle of the sclera is the middle of the frame
    image, turned = augment(square, mask, replace(OFF, rotation=(90.0, 90.0)), rng())
    assert np.array_equal(image, np.rot90(square))
    assert np.array_equal(turned, np.rot90(mask))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("mask", [MASK, NO_MASK])
def test_each_move_is_about_the_eye_and_within_its_range(seed, mask):
    rows, columns = np.nonzero(mask if mask.any() else ~mask)
    middle = np.array([(columns.min() + columns.max()) / 2, (rows.min() + rows.max()) / 2])

    def moved(*points, **ranges):
        homography = draw_homography(mask, replace(OFF, **ranges), rng(seed))
        return [
            point - middle for point in map_points(homography, [middle + np.array(point) for point in points])
        ]

    for ranges in ({"rotation": (-20, 20)}, {"scale": (0.5, 2)}, {"aspect": (0.5, 2)}):
        assert np.allclose(moved((0, 0), **ranges), 0, atol=1e-3)
    (right,) = moved((10, 0), rotation=(5, 20))
    assert 5 <= np.degrees(np.arctan2(-right[1], right[0])) <= 20
    assert np.hypot(*right) == pytest.approx(10, abs=1e-3)
    across, down = moved((10, 0), (0, 10), scale=(1.5, 2))
    assert 15 <= across[0] <= 20 and down[1] == pytest.approx(across[0], abs=1e-3)
    across, down = moved((10, 0), (0, 10), aspect=(1.5, 2))
    assert 1.5 <= across[0] / down[1] <= 2 and across[0] * down[1] == pytest.approx(100, abs=0.01)
    (there,) = moved((0, 0), shift=(0.1, 0.2))
    assert 8 <= there[0] <= 16 and 6 <= there[1] <= 12


@pytest.mark.parametrize("seed", range(5))
def test_perspective_moves_each_corner_within_its_range(seed):
    corners = np.array([(0, 0), (80, 0), (80, 60), (0, 60)], float)
    moves = (
        map_points(draw_homography(MASK, replace(OFF, perspective=(-0.06, 0.06)), rng(seed)), corners)
        - corners
    )
    assert (np.abs(moves) <= np.array([80, 60]) * 0.06 + 1e-3).all()
    assert len(np.unique(moves.round(4))) == 8


def test_scales_are_drawn_on_a_logarithmic_scale():
    drawn = [
        np.linalg.det(draw_homography(NO_MASK, replace(OFF, scale=(0.25, 4.0)), rng(seed))[:2, :2]) ** 0.5
        for seed in range(400)
    ]
    assert 0.25 <= min(drawn) < 0.3 and 3.3 < max(drawn) <= 4.001
    assert abs(np.mean(np.log(drawn))) < 0.15


def test_a_shift_mirrors_what_comes_from_outside_in_both():
    whole = np.array([[1, 0, 20], [0, 1, 0], [0, 0, 1]], float)
    image, mask = warp(IMAGE, MASK, whole)
    assert np.array_equal(image[:, 20:], IMAGE[:, :-20]) and np.array_equal(mask[:, 20:], MASK[:, :-20])
    assert np.array_equal(image[:, :20], IMAGE[:, 20:0:-1]) and np.array_equal(mask[:, :20], MASK[:, 20:0:-1])


def test_tones_follow_their_formulas():
    assert np.abs(alone(grey(100), brightness=(0.1, 0.1)).astype(int) - 125.5).max() <= 0.5
    assert np.abs(alone(grey(100), contrast=(0.5, 0.5)).astype(int) - 113.75).max() <= 0.5
    assert (alone(grey(128), contrast=(2.0, 2.0)) == 128).all() or (
        alone(grey(128), contrast=(2.0, 2.0)) == 129
    ).all()
    assert np.abs(alone(grey(100), gamma=(0.5, 0.5)).astype(int) - 255 * (100 / 255) ** 0.5).max() <= 0.5
    assert alone(grey(100), temperature=(0.1, 0.1))[0, 0].tolist() == [110, 100, 90]
    assert (
        alone(grey(250), brightness=(0.5, 0.5)).max() == 255
        and alone(grey(5), brightness=(-0.5, -0.5)).min() == 0
    )


def test_saturation_scales_the_distance_from_grey():
    luma = IMAGE @ np.array([0.299, 0.587, 0.114])
    assert np.abs(alone(saturation=(0.0, 0.0)) - luma[..., None]).max() <= 1
    assert np.abs(alone(saturation=(0.5, 0.5)) - (IMAGE + luma[..., None]) / 2).max() <= 1
    assert np.abs(alone(grey(77), saturation=(1.5, 1.5)).astype(int) - 77).max() <= 1


@pytest.mark.parametrize("side", [100, 400])
def test_blur_has_its_standard_deviation_as_a_fraction_of_the_longer_side(side):
    point = grey(0, (side // 2, side))
    point[:, side // 2] = 255
    profile = alone(point, np.zeros(point.shape[:2], bool), blur=(0.02, 0.02))[side // 4, :, 0].astype(float)
    at = np.arange(side) - side // 2
    assert np.sqrt((profile * at**2).sum() / profile.sum()) == pytest.approx(0.02 * side, rel=0.1)


@pytest.mark.parametrize("seed", range(4))
def test_motion_blur_is_a_streak_of_its_length_through_the_point(seed):
    point = grey(0, (101, 101))
    point[50, 50] = 255
    rows, columns = np.nonzero(
        alone(point, np.zeros((101, 101), bool), seed=seed, motion_blur=(0.2, 0.2))[..., 0]
    )
    assert np.hypot(np.ptp(rows), np.ptp(columns)) == pytest.approx(0.2 * 101, abs=3)
    assert abs(rows.mean() - 50) < 1 and abs(columns.mean() - 50) < 1
    assert len(rows) < 90
    assert np.abs(alone(grey(90), motion_blur=(0.2, 0.2)).astype(int) - 90).max() <= 1


@pytest.mark.parametrize("level", [60, 128])
def test_noise_has_its_standard_deviation_and_keeps_the_mean(level):
    noisy = alone(grey(level, (200, 200)), np.zeros((200, 200), bool), noise=(0.05, 0.05)).astype(float)
    assert noisy.std() == pytest.approx(0.05 * 255, rel=0.02)
    assert noisy.mean() == pytest.approx(level, abs=0.2)


def test_jpeg_of_lower_quality_is_further_from_the_image_and_keeps_its_colours():
    noise = [
        np.abs(alone(jpeg=(quality, quality)).astype(int) - IMAGE).mean() for quality in (95.0, 50.0, 10.0)
    ]
    assert 0 < noise[0] < noise[1] < noise[2]
    assert (
        np.abs(
            alone(np.full_like(IMAGE, (200, 100, 50)), jpeg=(90.0, 90.0))[30, 40].astype(int) - (200, 100, 50)
        ).max()
        < 5
    )


def test_each_degradation_comes_by_its_own_chance():
    assert np.array_equal(
        alone(degraded=0.0, noise=(0.1, 0.1), blur=(0.1, 0.1), jpeg=(10.0, 10.0), motion_blur=(0.1, 0.1)),
        IMAGE,
    )
    changed = sum((alone(degraded=0.25, jpeg=(30.0, 30.0), seed=seed) != IMAGE).any() for seed in range(300))
    assert 45 < changed < 105
