import json

import pytest

from munet.data.label_options import find
from munet.training import options

FLAGS = ["--sclera-color", "0,255,0", "--exif", "ignore", "--images", "images", "--masks", "masks"]


def test_how_labels_are_meant_reaches_the_samples_and_the_settings(tiny_dataset, tmp_path):
    args = options.parse([str(tiny_dataset), "--out", str(tmp_path / "run"), *FLAGS])
    (sample, *_) = find(args).samples
    assert (sample.sclera_color, sample.stored) == ((0, 255, 0), True)
    settings = options.run_settings(args)
    assert (settings["sclera_color"], settings["exif"]) == ([0, 255, 0], "ignore")
    assert json.loads(json.dumps(settings)) == settings  # or the same command would not resume


def test_runs_of_earlier_versions_resume(tiny_dataset, tmp_path):
    settings = options.run_settings(options.parse([str(tiny_dataset), "--out", str(tmp_path / "run")]))
    assert [settings[name] for name in ("sclera_color", "exif", "images", "masks")] == [None] * 4


def test_a_class_and_a_colour_contradict_each_other(tiny_dataset, capsys):
    with pytest.raises(SystemExit):
        options.parse([str(tiny_dataset), "--sclera-color", "0,255,0", "--sclera-value", "1"])
    assert "--sclera-value is given too" in capsys.readouterr().err
