"""The finder's answers become eyes, looks at parts and at each eye agree, and the bundled one finds eyes."""

import math
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from support import ROOT, needs_real_data

from munet.finder.augmentation import augmented
from munet.finder.eyes import Eye, decode, distinct
from munet.finder.finder import SIZE, EyeFinder
from munet.finder.targets import CHANNELS, target
from munet.inference.engines import open_finder
from munet.synthesis.scenes import SceneEye, draw_scene


def eye(x=96.0, y=80.0, width=40.0, height=14.0, angle=20.0, score=0.9, left=0.9):
    return Eye(x, y, width, height, angle, score, open=1.0, left=left)


def scene_eye(**changes):
    values = {"x": 96.0, "y": 80.0, "width": 40.0, "height": 14.0, "angle": 20.0, "open": True, "side": "L"}
    return SceneEye(**values | changes)


def as_answer(eyes):
    """What a perfect network would answer for a scene."""
    return target(eyes, SIZE)[..., :9]


def test_a_target_decodes_to_the_eyes_it_was_made_of():
    wanted = [scene_eye(), scene_eye(x=30.3, y=150.9, width=9, height=4, angle=-160, open=False, side="R")]
    found = sorted(decode(as_answer(wanted), 0.99), key=lambda e: -e.x)
    assert len(found) == 2
    for one, other in zip(found, wanted, strict=True):
        for name in ("x", "y", "width", "height", "angle"):
            assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-3)
        assert (one.open > 0.5, one.side) == (other.open, other.side)


def test_an_eye_that_is_not_asked_for_counts_nowhere_near():
    made = target([scene_eye(asked=False)], SIZE)
    assert made.shape == (48, 48, CHANNELS)
    assert made[20, 24, 9] == 0
    assert made[0, 0, 9] == 1
    assert not made[..., 0].any()
    assert not made[..., 10].any()


def test_of_two_boxes_of_one_eye_the_surer_stays():
    found = distinct([(eye(score=0.5), 1), (eye(x=100, score=0.8), 2), (eye(x=160), 3)])
    assert found == [(eye(x=160), 3), (eye(x=100, score=0.8), 2)]


@pytest.mark.parametrize("left, side", [(0.9, "L"), (0.1, "R"), (0.5, "")])
def test_the_side_is_told_where_it_is_sure(left, side):
    assert eye(left=left).side == side


def test_the_box_holds_the_turned_oval():
    turned = eye(angle=90).bounds()
    assert turned == pytest.approx((96 - 7, 80 - 20, 96 + 7, 80 + 20))
    slanted = eye(angle=45)
    t = np.linspace(0, math.tau, 400)
    along, across = 20 * np.cos(t), 7 * np.sin(t)
    x = 96 + (along - across) / math.sqrt(2)
    assert slanted.bounds()[0] == pytest.approx(x.min(), abs=0.01)


def painted(eyes, shape):
    """A photo with a bright oval at each eye."""
    image = np.full((*shape, 3), 40, np.uint8)
    for e in eyes:
        axes = (round(e.width / 2), max(1, round(e.height / 2)))
        cv2.ellipse(image, (round(e.x), round(e.y)), axes, e.angle, 0, 360, (255, 255, 255), -1, cv2.LINE_AA)
    return image


def ovals(image):
    """In the place of the network: it finds bright ovals, by their moments."""
    found = []
    count, labels, stats, _ = cv2.connectedComponentsWithStats((image[..., 0] > 150).astype(np.uint8))
    for label in range(1, count):
        if stats[label, cv2.CC_STAT_AREA] < 6:
            continue
        m = cv2.moments((labels == label).astype(np.uint8), True)
        a, b, c = (m[key] / m["m00"] for key in ("mu20", "mu11", "mu02"))
        spread = math.hypot((a - c) / 2, b)
        wide, high = (4 * math.sqrt(max(v, 0.05)) for v in ((a + c) / 2 + spread, (a + c) / 2 - spread))
        x, y = m["m10"] / m["m00"] + 0.5, m["m01"] / m["m00"] + 0.5
        angle = math.degrees(0.5 * math.atan2(2 * b, a - c))
        found.append(scene_eye(x=x, y=y, width=wide, height=high, angle=angle))
    return as_answer(found)


@pytest.mark.parametrize("shape", [(600, 900), (1500, 700), (192, 192)])
@pytest.mark.parametrize("share", [0.035, 0.1, 0.3, 0.6])
def test_eyes_of_any_size_are_found_where_they_are_in_the_photo(shape, share):
    side = max(shape)
    wide = min(share * side, 0.9 * shape[1])
    wanted = eye(x=0.52 * shape[1], y=0.45 * shape[0], width=wide, height=wide / 3, angle=12)
    (found,) = EyeFinder(ovals)(painted([wanted], shape))
    for name, near in (("x", 0.04), ("y", 0.04), ("width", 0.12)):
        assert getattr(found, name) == pytest.approx(getattr(wanted, name), abs=near * wide + 1)
    assert found.angle == pytest.approx(12, abs=6)


def test_what_a_nearer_look_does_not_see_is_no_eye():
    calls = []

    def from_afar_alone(image):
        calls.append(1)
        return ovals(image) if len(calls) == 1 else as_answer([])

    photo = painted([eye(x=450, y=300, width=60, height=20)], (600, 900))
    assert len(EyeFinder(ovals)(photo)) == 1
    assert EyeFinder(from_afar_alone)(photo) == []


def test_a_photo_of_nothing_and_the_smallest_one_have_no_eyes():
    finder = EyeFinder(ovals)
    assert finder(np.zeros((1, 1, 3), np.uint8)) == []
    assert finder(np.zeros((2000, 31, 3), np.uint8)) == []


def test_augmented_eyes_stay_on_their_pixels():
    moved = 0
    for seed in range(40):
        drawn = scene_eye(x=128, y=120, width=60, height=20, angle=0)
        image, (after,) = augmented(painted([drawn], (256, 256)), [drawn], SIZE, np.random.default_rng(seed))
        if after.asked and min(after.x, after.y, SIZE - after.x, SIZE - after.y) > 40:
            bright = image.mean(axis=2)
            inside = bright[int(after.y) - 2 : int(after.y) + 3, int(after.x) - 2 : int(after.x) + 3].mean()
            assert inside > bright.mean() + 15
            moved += 1
    assert moved > 10


@pytest.fixture(scope="module")
def bundled():
    return EyeFinder(open_finder().run)


def test_the_bundled_files_are_small():
    for suffix in (".tflite", ".onnx"):
        assert (ROOT / "weights/finder" / f"finder{suffix}").stat().st_size <= 600_000


def test_the_bundled_finder_finds_the_eyes_of_scenes_it_has_not_seen(bundled):
    asked = hit = false = 0
    for number in range(60):
        image, eyes = draw_scene(np.random.default_rng([99, number]))
        found = bundled(image)
        near = [[math.hypot(f.x - e.x, f.y - e.y) < 0.5 * e.width for e in eyes] for f in found]
        asked += sum(e.asked for e in eyes)
        hit += sum(e.asked and any(row[k] for row in near) for k, e in enumerate(eyes))
        false += sum(not any(row) for row in near)
    assert hit / asked > 0.6  # many of them are in the dark, or blurred
    assert false <= 12


@pytest.mark.parametrize("turns", range(4))
def test_the_bundled_finder_finds_the_eyes_of_a_real_face_whichever_way_up(bundled, turns):
    face = np.ascontiguousarray(np.rot90(skimage.data.astronaut()[:300, 60:360], turns))
    places = [(203 - 60, 102), (247 - 60, 104)]
    for _ in range(turns):
        places = [(y, 300 - x) for x, y in places]
    found = bundled(face)
    assert len(found) == 2
    for x, y in places:
        assert min(math.hypot(f.x - x, f.y - y) for f in found) < 8


@needs_real_data
def test_the_bundled_finder_finds_real_eyes(bundled):
    from benchmarks.eyes import read_boxes
    from munet.images.reading import read_image

    folder = Path(os.environ["MUNET_REAL_DATA"], "photos")
    photos = {photo["image"]: photo for photo in read_boxes(folder / "eyes.json")}
    for name in ("astronaut.png", "portrait.jpg"):
        found = bundled(read_image(folder / name))
        for one in photos[name]["eyes"]:
            x, y = (one["box"][0] + one["box"][2]) / 2, (one["box"][1] + one["box"][3]) / 2
            assert any(math.hypot(f.x - x, f.y - y) < 0.5 * (one["box"][2] - one["box"][0]) for f in found)
