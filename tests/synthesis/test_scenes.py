"""Scenes: the same for a seed, with boxes that hold the eyes, and a table that is read back."""

import csv
import json

import numpy as np
import pytest

import synthesize_eyes
from munet.core.errors import BadInput
from munet.synthesis.scenes import draw_scene, people
from munet.synthesis.scenes.dataset import COLUMNS, read_labels


def scenes(kind, count, monkeypatch, size=(160, 200)):
    monkeypatch.setattr(people, "KINDS", {kind: 1.0})
    return [draw_scene(np.random.default_rng([7, number]), size) for number in range(count)]


@pytest.mark.parametrize("kind", people.KINDS)
def test_every_kind_is_drawn_again_the_same_from_its_seed(kind, monkeypatch):
    first, second = (scenes(kind, 3, monkeypatch) for _ in range(2))
    for (image, eyes), (again, same) in zip(first, second, strict=True):
        assert image.shape == (160, 200, 3)
        assert image.dtype == np.uint8
        np.testing.assert_array_equal(image, again)
        assert eyes == same


def test_there_are_two_eyes_in_pairs_one_in_close_ups_and_none_in_nothing(monkeypatch):
    assert {len(eyes) for _, eyes in scenes("nothing", 6, monkeypatch)} == {0}
    assert {len(eyes) for _, eyes in scenes("eye", 6, monkeypatch)} <= {0, 1}
    pairs = [eyes for _, eyes in scenes("pair", 10, monkeypatch)]
    assert sum(len(eyes) == 2 for eyes in pairs) >= 7
    for eyes in pairs:
        upright = [eye for eye in eyes if abs(eye.angle) < 60]
        if len(upright) == 2:  # the person's right eye is on the left of the photo
            assert [eye.side for eye in sorted(upright, key=lambda eye: eye.x)] == ["R", "L"]


def test_boxes_hold_what_an_eye_changes(monkeypatch):
    """Without its eyes a scene is the same but within their boxes, widened for lashes, lids and brows."""
    monkeypatch.setattr(people, "expose", lambda canvas, *_: canvas)
    monkeypatch.setattr(people, "light", lambda canvas, *_: canvas)
    monkeypatch.setattr(people, "GLASSES", 0.0)
    drawn = scenes("pair", 6, monkeypatch)
    monkeypatch.setattr(people, "_draw_eye", lambda *_: None)
    for (canvas, eyes), (without, _) in zip(drawn, scenes("pair", 6, monkeypatch), strict=True):
        changed = np.abs(canvas - without).max(axis=2) > 0.05
        for eye in eyes:
            x0, y0, x1, y1 = eye.bounds()
            wide = x1 - x0
            rows = slice(int(max(0, y0 - 1.3 * wide)), int(y1 + 1.3 * wide) + 1)
            changed[rows, int(max(0, x0 - wide)) : int(x1 + wide) + 1] = False
        assert changed.mean() < 0.25 or len(eyes) < 2  # hair drawn with other numbers
        assert any(np.abs(canvas - without).max() > 0.05 for _ in eyes) or not eyes


def test_a_folder_of_scenes_has_a_table_and_coco_and_is_resumed(tmp_path, capsys):
    words = [str(tmp_path / "scenes"), "--scenes", "--count", "12", "--size", "96", "96", "--workers", "1"]
    assert synthesize_eyes.main(words) == 0
    assert "rendered now: 12" in capsys.readouterr().out
    labels = read_labels(tmp_path / "scenes")
    assert len(labels) == 12
    assert all(path.is_file() for path in labels)
    with (tmp_path / "scenes/labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == sum(map(len, labels.values()))
    coco = json.loads((tmp_path / "scenes/coco.json").read_text())
    assert len(coco["images"]) == 12
    for row, note in zip(rows, coco["annotations"], strict=True):
        assert note["bbox"][0] == pytest.approx(float(row["x0"]), abs=0.01)
        assert note["bbox"][2] == pytest.approx(float(row["x1"]) - float(row["x0"]), abs=0.02)
    first = next(iter(labels))
    before = (tmp_path / "scenes/labels.csv").read_bytes(), first.read_bytes()
    first.unlink()
    assert synthesize_eyes.main(words) == 0
    assert "rendered now: 1;" in capsys.readouterr().out
    assert ((tmp_path / "scenes/labels.csv").read_bytes(), first.read_bytes()) == before


def test_a_folder_without_labels_is_told_in_one_line(tmp_path):
    with pytest.raises(BadInput, match=r"synthesize_eyes\.py OUT --scenes"):
        read_labels(tmp_path)


def test_flags_of_eyes_are_refused_for_scenes(tmp_path, capsys):
    with pytest.raises(SystemExit):
        synthesize_eyes.main([str(tmp_path / "out"), "--scenes", "--without", "hair"])
    assert "leave them away with --scenes" in capsys.readouterr().err
