"""Shapes painted into masks, and run lengths, against the rasterisers and codecs that others use."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageDraw
from skimage.draw import polygon2mask
from support import draw_eye

from munet.data import annotations_shapes as draw

BLOB = [(10.3, 5.2), (50.8, 9.9), (44.1, 30.6), (20.5, 38.0)]
MASKS = arrays.arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9)))


def painted(points, size=(48, 64)):
    canvas = np.zeros(size, np.uint8)
    draw.fill_polygon(canvas, points)
    return canvas > 0


def test_whole_numbers_are_centres_of_pixels_and_the_outline_belongs_to_the_shape():
    mask = painted([(2, 1), (5, 1), (5, 3), (2, 3)], (5, 8))
    assert np.argwhere(mask).min(0).tolist() == [1, 2]
    assert np.argwhere(mask).max(0).tolist() == [3, 5]
    assert mask.sum() == 12


def test_a_polygon_is_filled_as_pillow_and_so_labelme_fill_it():
    whole = np.rint(BLOB).astype(int)
    picture = Image.new("1", (64, 48))
    ImageDraw.Draw(picture).polygon([tuple(map(int, point)) for point in whole], fill=1, outline=1)
    theirs, ours = np.asarray(picture), painted(whole)
    wider = cv2.dilate(np.uint8([ours, theirs]).transpose(1, 2, 0), np.ones((3, 3))).astype(bool)
    assert not (ours & ~wider[..., 1]).any() and not (theirs & ~wider[..., 0]).any()
    assert abs(int(ours.sum()) - int(theirs.sum())) <= 0.03 * theirs.sum()


@pytest.mark.parametrize("points", [BLOB, np.rint(BLOB)])
def test_it_holds_all_pixels_whose_centre_is_inside_and_none_a_pixel_outside(points):
    inside = polygon2mask((48, 64), np.asarray(points)[:, ::-1])
    ours = painted(points)
    assert not (inside & ~ours).any()
    assert not (ours & ~cv2.dilate(inside.astype(np.uint8), np.ones((3, 3))).astype(bool)).any()
    assert not ours[inside.any(1).nonzero()[0].max() + 2 :].any()


@pytest.mark.parametrize("seed", range(5))
def test_the_outline_of_a_mask_comes_back_pixel_for_pixel(seed):
    _, mask = draw_eye(seed)
    (outline,), _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    assert np.array_equal(painted(outline[:, 0]), mask)
    shares = outline[:, 0] / mask.shape[::-1]
    canvas = np.zeros(mask.shape, np.uint8)
    draw.fill_relative_polygon(canvas, np.round(shares, 5).ravel())
    assert np.array_equal(canvas > 0, mask)


@pytest.mark.parametrize(
    ("points", "found"),
    [
        ([(1, 1), (2, 2)], "a polygon of 2 points"),
        ([1, 1, 2, 2, 3], "a polygon of 2.5 points"),
        ([(1, 1), (2, 2), (900, 3)], r"a point at \(900, 3\)"),
        ([(1, 1), (2, 2), (float("nan"), 3)], "not finite"),
        ([(1, 1), (2, 2), ("x", 3)], "no list of numbers"),
    ],
)
def test_what_is_no_polygon_of_this_photo_is_refused(points, found):
    with pytest.raises(draw.BadShape, match=found):
        painted(points)


def test_pixels_in_the_place_of_shares_are_refused():
    with pytest.raises(draw.BadShape, match="a coordinate of 30"):
        draw.fill_relative_polygon(np.zeros((48, 64), np.uint8), [1, 2, 30, 4, 5, 6])


def test_an_ellipse_is_turned_about_its_centre():
    canvas = np.zeros((48, 64), np.uint8)
    draw.fill_ellipse(canvas, (32, 24), (20, 5), np.pi / 2)
    rows, columns = canvas.nonzero()
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (4, 44, 27, 37)


def test_a_bitmap_lies_where_it_is_put_and_must_fit():
    canvas = np.zeros((5, 6), np.uint8)
    draw.fill_bitmap(canvas, np.array([[True, False]]), 4, 2)
    assert np.argwhere(canvas).tolist() == [[2, 4]]
    with pytest.raises(draw.BadShape, match="a mask of 2x1 pixels at"):
        draw.fill_bitmap(canvas, np.ones((1, 2), bool), 5, 2)


@given(MASKS)
def test_run_lengths_come_back(mask):
    counts = draw.to_runs(mask)
    assert np.array_equal(draw.from_runs(counts, mask.shape), mask)
    assert draw.unpack_counts(draw.pack_counts(counts)) == counts


@given(st.lists(st.integers(0, 1 << 20), max_size=20))
def test_compressed_run_lengths_come_back(counts):
    assert draw.unpack_counts(draw.pack_counts(counts)) == counts


@given(MASKS)
def test_run_lengths_are_those_of_pycocotools(mask):
    theirs = pytest.importorskip("pycocotools.mask").encode(np.asfortranarray(mask.astype(np.uint8)))
    assert draw.pack_counts(draw.to_runs(mask)) == theirs["counts"].decode()
    assert np.array_equal(draw.from_runs(draw.unpack_counts(theirs["counts"].decode()), mask.shape), mask)


@pytest.mark.parametrize(
    ("counts", "found"),
    [([3, 4], "7 pixels in all"), ([-1, 9], "8 pixels"), ([8, "x"], "no list"), ([7.5, 0.5], "8 pixels")],
)
def test_run_lengths_that_do_not_fit_are_refused(counts, found):
    with pytest.raises(draw.BadShape, match=found):
        draw.from_runs(counts, (2, 4))


def test_a_mask_larger_than_any_photo_is_refused_before_it_is_made():
    with pytest.raises(draw.BadShape, match="1000000x1000000 pixels"):
        draw.from_runs([10**12], (10**6, 10**6))


@pytest.mark.parametrize("text", ["\x00", "é", "o" * 9, "o"])
def test_garbled_run_lengths_are_refused(text):
    with pytest.raises(draw.BadShape, match="run lengths"):
        draw.unpack_counts(text)
