"""Folders of photos: what is said of those that the model knows, and what is kept of it."""

import json
from types import SimpleNamespace

import pytest
from support import touch

from munet.core.errors import MunetError
from munet.data.fingerprints import TRAINED_ON, fingerprint
from munet.inference import folders
from munet.inference.photos import find_photos


@pytest.fixture
def photos(tmp_path):
    """Eight files that are photos to their names alone, of different bytes."""
    for number in range(8):
        touch(tmp_path, f"photos/{number}.jpg")
        (tmp_path / f"photos/{number}.jpg").write_bytes(bytes([number]))
    return find_photos(tmp_path / "photos")


def predictor(settings):
    segmenter = SimpleNamespace(name="a (b)", settings=settings, runtime="litert", tta=False, eyes="auto")
    return SimpleNamespace(segmenter=segmenter, level=128, overlays=True)


def test_photos_that_the_model_was_trained_on_are_told(photos, capsys, monkeypatch):
    settings = {TRAINED_ON: fingerprint([path for name, path in photos if name in "135"])}
    assert folders.warn_of_training_photos(photos, settings) == 3
    assert "trained on 3 of the 8 photos, such as" in capsys.readouterr().err
    monkeypatch.setattr(folders, "_LOOKED_AT", 3)  # 0, 3, 6
    assert folders.warn_of_training_photos(photos, settings) == 1
    assert "trained on 1 of the 3 photos looked at (of 8)" in capsys.readouterr().err
    assert folders.warn_of_training_photos(photos.only(lambda name, file: name == "7"), settings) == 0
    assert folders.warn_of_training_photos(photos, {}) == 0
    assert capsys.readouterr().err == ""


def test_results_keep_what_the_model_was_trained_on_and_earlier_ones_resume(photos, tmp_path):
    out, images = tmp_path / "out", tmp_path / "photos"
    kept = fingerprint([path for _, path in photos])
    folders.prepare_results(out, images, predictor({}))  # as an earlier version wrote it
    before = (out / "settings.json").read_bytes()
    assert TRAINED_ON not in json.loads(before)
    (out / "predictions.csv").touch()
    folders.prepare_results(out, images, predictor({TRAINED_ON: kept}))
    assert (out / "settings.json").read_bytes() == before
    folders.prepare_results(tmp_path / "new", images, predictor({TRAINED_ON: kept}))
    assert json.loads((tmp_path / "new/settings.json").read_text())[TRAINED_ON] == kept
    (tmp_path / "new/predictions.csv").touch()
    many = {"photos": 2048, "digests": "0123456789" * 2048}
    with pytest.raises(MunetError, match="photos was 8, now 2048") as error:
        folders.prepare_results(tmp_path / "new", images, predictor({TRAINED_ON: many}))
    assert len(str(error.value)) < 1000
