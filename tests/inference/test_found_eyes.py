"""Eyes are found, segmented each alone, and laid back where they were; close-ups are as they were."""

import csv
import json
import shutil

import cv2
import numpy as np
import pytest
from support import draw_eye

import predict_test_images
from munet.core.errors import MunetError
from munet.finder.eyes import Eye
from munet.images.crops import Pyramid, lay_crop, square
from munet.images.reading import read_image
from munet.images.resizing import resize_probability
from munet.images.writing import write_jpeg
from munet.inference import engines
from munet.inference.engines import open_finder
from munet.inference.eye_rows import doubt, own_doubt
from munet.inference.prediction_table import EYE_COLUMNS
from munet.inference.segmenter import AROUND, Segmenter
from munet.synthesis.scenes import draw_scene, people


def eye(x, y, width, angle=0.0):
    return Eye(x, y, width, width / 3, angle, 0.9, 1.0, 0.9)


def smooth_photo(seed, size):
    noise = np.random.default_rng(seed).integers(0, 256, (7, 9, 3), np.uint8)
    return cv2.resize(noise, size[::-1], interpolation=cv2.INTER_CUBIC)


@pytest.fixture
def segmenter(weights):
    """A `Segmenter` whose network gives the green of each pixel, and whose finder gives `found`."""
    made = Segmenter(weights)
    made.infer = lambda prepared: prepared[..., 1].astype(np.float32) / 255
    made.size, made.found = 128, []
    made.finder = lambda pyramid: made.found
    return made


@pytest.mark.parametrize("angle", [0.0, 15.0, 40.0, 180.0, -100.0])
def test_a_crop_comes_back_to_where_it_was(angle):
    photo = smooth_photo(1, (300, 400))
    matrix = square((210, 140), 120, angle, 128)
    crop = Pyramid(photo).warp(matrix, 128)
    levels = np.zeros(photo.shape[:2], np.uint8)
    lay_crop(levels, crop[..., 1].astype(np.float32) / 255, matrix)
    inside = np.zeros_like(levels)
    cv2.circle(inside, (210, 140), 55, 1, -1)
    difference = np.abs(levels.astype(int) - photo[..., 1])[inside > 0]
    assert difference.mean() < 1.5
    assert difference.max() <= 12
    far = np.hypot(*np.ogrid[-140:160, -210:190]) > 90
    assert not levels[far].any()


def test_a_pyramid_takes_small_crops_of_large_photos_without_aliasing():
    fine = np.zeros((1024, 1024, 3), np.uint8)
    fine[:, ::2] = 255  # lines that come out grey
    crop = Pyramid(fine).warp(square((512, 512), 1024, 0, 64), 64)
    assert np.abs(crop.astype(int) - 128).max() <= 2


def test_each_eye_gets_its_own_map_and_all_else_is_zero(segmenter):
    photo = smooth_photo(2, (300, 500))
    segmenter.found = [eye(120, 100, 50), eye(350, 180, 60, 30)]
    found = segmenter.segment(photo)
    assert found.eyes == segmenter.found
    for one in found.eyes:
        reach = int(0.3 * one.width)
        part = np.s_[int(one.y) - reach : int(one.y) + reach, int(one.x) - reach : int(one.x) + reach]
        assert np.abs(found.probability[part].astype(int) - photo[part][..., 1]).mean() < 2
    y, x = np.mgrid[0:300, 0:500]
    far = np.all([np.hypot(x - one.x, y - one.y) > 0.75 * AROUND * one.width for one in found.eyes], axis=0)
    assert far.mean() > 0.3
    assert not found.probability[far].any()


def test_eyes_at_the_border_and_overlapping_crops_are_laid_whole(segmenter):
    photo = smooth_photo(3, (200, 300))
    segmenter.found = [eye(10, 5, 60), eye(40, 20, 60), eye(295, 199, 80, 90)]
    levels = segmenter(photo)
    assert levels.shape == (200, 300)
    assert np.abs(levels[:30, :40].astype(int) - photo[:30, :40, 1]).mean() < 6


def test_without_eyes_a_map_is_empty(segmenter):
    found = segmenter.segment(smooth_photo(4, (90, 120)))
    assert found.eyes == []
    assert not found.probability.any()


@pytest.mark.parametrize("mode", ["auto", "find"])
def test_a_lone_upright_eye_that_fills_the_photo_is_taken_whole_in_auto(segmenter, mode):
    photo, segmenter.eyes = smooth_photo(5, (200, 300)), mode
    segmenter.found = [eye(150, 100, 220)]
    whole = resize_probability(segmenter.infer(segmenter.prepare(photo)), photo.shape[:2])
    assert np.array_equal(segmenter(photo), whole) == (mode == "auto")


def test_taken_whole_is_what_the_network_alone_gives(weights):
    photo, _ = draw_eye(3, (120, 200))
    segmenter = Segmenter(weights, eyes="whole")
    expected = resize_probability(segmenter.infer(segmenter.prepare(photo)), photo.shape[:2])
    np.testing.assert_array_equal(segmenter(photo), expected)
    assert segmenter.segment(photo).eyes == []
    assert segmenter.finder_file is None


@pytest.mark.parametrize(
    "levels, expected",
    [
        ([[0, 0], [0, 0]], 0.0),
        ([[255, 255], [0, 0]], 0.0),
        ([[100, 100], [0, 0]], 1.0),  # nothing reaches the level
        ([[255, 102], [0, 0]], 1 - 2 * 1 / (1 + 1.4)),
        ([[153, 153], [0, 0]], 1 - 2 * 1.2 / (2 + 1.2)),
    ],
)
def test_doubt_is_the_overlap_that_the_map_itself_does_not_expect(levels, expected):
    assert own_doubt(np.array(levels, np.uint8), 128) == pytest.approx(expected, abs=1e-6)


def test_doubt_grows_with_what_a_map_doubts_and_is_more():
    maps = [np.array([[255, second, 0, 0]], np.uint8) for second in (255, 230, 200, 160, 130)]
    own, made_true = ([function(levels, 128) for levels in maps] for function in (own_doubt, doubt))
    assert made_true == sorted(made_true)
    assert made_true[0] == 0
    assert all(true > one for one, true in zip(own[1:], made_true[1:], strict=True))
    assert doubt(np.full((2, 2), 100, np.uint8), 128) == 1


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """A photo of two eyes, as large as they come in a pair, and one of a wall."""
    monkeypatch.setattr(people, "KINDS", {"pair": 1.0})
    find = open_finder()
    from munet.finder.finder import EyeFinder

    finder, seeds = EyeFinder(find.run), range(50)
    drawn = (draw_scene(np.random.default_rng([31, seed]), (240, 320))[0] for seed in seeds)
    pair = next(image for image in drawn if len(finder(image)) == 2)
    write_jpeg(tmp_path / "photos/pair.jpg", pair)
    write_jpeg(tmp_path / "photos/wall.jpg", np.full((200, 300, 3), 150, np.uint8))
    return tmp_path / "photos"


def test_a_folder_gets_a_row_an_eye_and_a_word_of_photos_without(weights, photos, tmp_path, capsys):
    out = tmp_path / "out"
    assert predict_test_images.main([str(photos), "--weights", str(weights), "--out", str(out)]) == 0
    printed = capsys.readouterr()
    figures = json.loads(printed.out.splitlines()[-1])
    assert (figures["eyes"], figures["without_eyes"]) == (2, 1)
    assert "no eye found in 1 of 2 photos, such as wall: their masks are empty" in printed.err
    with (out / "eyes.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == EYE_COLUMNS
    assert [(row["image"], row["eye"]) for row in rows] == [("pair", "1"), ("pair", "2")]
    assert float(rows[0]["x1"]) < float(rows[1]["x0"])
    with (out / "predictions.csv").open(encoding="utf-8", newline="") as file:
        assert [row["eyes"] for row in csv.DictReader(file)] == ["2", "0"]
    found = Segmenter(weights).segment(read_image(photos / "pair.jpg"))
    np.testing.assert_array_equal(cv2.imread(str(out / "Predictions/pair.png"), 0), found.probability)
    for row, one in zip(rows, found.eyes, strict=True):
        assert float(row["x0"]) == pytest.approx(one.bounds()[0], abs=0.06)
        box = [round(float(row[key])) for key in ("x0", "y0", "x1", "y1")]
        mask = found.probability >= 128
        assert int(row["sclera_pixels"]) >= np.count_nonzero(mask[box[1] : box[3], box[0] : box[2]])
    assert not cv2.imread(str(out / "Binarised/wall.png"), 0).any()
    before = {path: path.read_bytes() for path in out.rglob("*.csv")}
    assert predict_test_images.main([str(photos), "--weights", str(weights), "--out", str(out)]) == 0
    assert {path: path.read_bytes() for path in out.rglob("*.csv")} == before


def test_results_of_another_way_to_take_eyes_are_refused(weights, photos, tmp_path):
    words = [str(photos), "--weights", str(weights), "--out", str(tmp_path / "out")]
    assert predict_test_images.main([*words, "--eyes", "whole"]) == 0
    with pytest.raises(MunetError, match="eyes was 'whole', now 'auto'"):
        predict_test_images.main(words)


def test_a_finder_that_is_missing_or_damaged_is_one_line(weights, tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "SUITE", tmp_path)
    with pytest.raises(MunetError, match=r"is missing; copy it again, or give --eyes whole"):
        Segmenter(weights)
    Segmenter(weights, eyes="whole")
    shutil.copy(__file__, tmp_path / "finder.tflite")
    with pytest.raises(MunetError, match=r"finder\.tflite cannot be run by litert"):
        Segmenter(weights, finder=tmp_path / "finder.tflite")
