import json

import pytest

from munet.core.files import write_json
from munet.data.label_options import DEFAULTS, find
from munet.training import options

FLAGS = ["--sclera-color", "0,255,0", "--exif", "ignore", "--images", "images", "--masks", "masks"]


def test_how_labels_are_meant_reaches_the_samples_and_the_settings(tiny_dataset, tmp_path):
    args = options.parse([str(tiny_dataset), "--out", str(tmp_path / "run"), *FLAGS])
    (sample, *_) = find(args).samples
    assert (sample.sclera_color, sample.stored) == ((0, 255, 0), True)
    settings = options.run_settings(args)
    assert (settings["sclera_color"], settings["exif"]) == ([0, 255, 0], "ignore")
    assert json.loads(json.dumps(settings)) == settings  # or the same command would not resume


def test_resuming_finds_the_labels_as_they_were_told(tiny_dataset, tmp_path):
    started = options.parse([str(tiny_dataset), "--out", str(tmp_path / "run"), *FLAGS])
    options.set_length(started, 100)
    write_json(tmp_path / "run/settings.json", options.run_settings(started))
    args = options.parse(["--out", str(tmp_path / "run"), "--resume"])
    options.set_length(args, 100)
    assert options.run_settings(args) == options.run_settings(started)
    assert find(args).samples == find(started).samples


def test_runs_of_earlier_versions_resume(tiny_dataset, tmp_path):
    settings = options.run_settings(options.parse([str(tiny_dataset), "--out", str(tmp_path / "run")]))
    assert [settings[name] for name in DEFAULTS] == [None] * 5


def test_a_class_and_a_colour_contradict_each_other(tiny_dataset, capsys):
    with pytest.raises(SystemExit):
        options.parse([str(tiny_dataset), "--sclera-color", "0,255,0", "--sclera-value", "1"])
    assert "--sclera-value is given too" in capsys.readouterr().err
