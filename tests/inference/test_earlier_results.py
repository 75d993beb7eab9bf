"""A results folder of the version before the modules became a package is resumed, and refused, as before."""

import json
import os
import shutil
from pathlib import Path

import pytest
from support import ROOT, last_json, names

import predict_test_images
from munet.core.errors import MunetError
from munet.images.reading import read_image
from munet.inference import prediction
from munet.inference.segmenter import Segmenter

EARLIER = Path(__file__).parent / "earlier"
LITE = ROOT / "weights" / "munet-lite"


@pytest.fixture
def folder(tmp_path):
    """The photos and their results in a folder of their own, as if they had been made there."""
    shutil.copytree(EARLIER, tmp_path, dirs_exist_ok=True)
    settings = json.loads((tmp_path / "results/settings.json").read_text())
    settings |= {"images": str(tmp_path / "photos"), "model": Segmenter(LITE).name}
    (tmp_path / "results/settings.json").write_text(json.dumps(settings))
    for path in (tmp_path / "photos").rglob("*.jpg"):
        os.utime(path, (1e9, 1e9))  # older than what was made of them, as they were
    return tmp_path


def predict(folder, *flags):
    words = [folder / "photos", "--weights", LITE, "--out", folder / "results", "--eyes", "whole", *flags]
    return predict_test_images.main([str(word) for word in words])


def test_what_is_there_is_not_predicted_again(folder, capsys, monkeypatch):
    read = []
    monkeypatch.setattr(prediction, "read_image", lambda path: read.append(path.name) or read_image(path))
    before = {name: (folder / "results" / name).stat().st_mtime_ns for name in names(folder / "results")}
    assert predict(folder) == 1
    assert last_json(capsys.readouterr().out)["images"] == 2
    assert read == ["text.jpg"]  # which failed then, too
    after = {name: (folder / "results" / name).stat().st_mtime_ns for name in before}
    assert {name for name in before if before[name] != after[name] and "." in name} == {"predictions.csv"}


def test_another_level_is_refused_with_both_named(folder):
    with pytest.raises(MunetError, match="level was 145, now 77"):
        predict(folder, "--level", "77")
