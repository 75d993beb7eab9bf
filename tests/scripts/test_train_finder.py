"""The finder is trained on scenes, resumed where it was, and exported to files that find the same."""

import json
import shutil

import numpy as np
import pytest
from support import needs

import synthesize_eyes
import train_finder
from munet.core.errors import MunetError
from munet.finder.network import SIZE
from munet.inference.engines import open_finder


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    out = tmp_path_factory.mktemp("scenes") / "scenes"
    words = ["--scenes", "--count", "48", "--size", "96", "96", "--workers", "1"]
    assert synthesize_eyes.main([str(out), *words]) == 0
    return out


def train(scenes, out, *flags, epochs=2):
    words = [scenes, "--out", out, "--epochs-frozen", 1, "--epochs", epochs, "--batch-size", 16, *flags]
    return train_finder.main([str(word) for word in [*words, "--encoder-weights", "none"]])


def test_a_run_that_was_stopped_is_resumed_to_the_same_files(
    scenes, tmp_path, tiny_networks, capsys, monkeypatch
):
    from munet.training import finder

    assert train(scenes, tmp_path / "whole") == 0
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert figures["images"] == 48
    judged = []

    def stop_at_second(*args):
        judged.append(1)
        if len(judged) == 2:
            raise KeyboardInterrupt
        return original(*args)

    original = finder.judge
    monkeypatch.setattr(finder, "judge", stop_at_second)
    with pytest.raises(KeyboardInterrupt):
        train(scenes, tmp_path / "stopped")
    monkeypatch.setattr(finder, "judge", original)
    with pytest.raises(MunetError, match="--resume or --overwrite"):
        train(scenes, tmp_path / "stopped")
    assert train(scenes, tmp_path / "stopped", "--resume") == 0
    for file in ("finder.tflite",):
        runs = [open_finder(tmp_path / name / file).run for name in ("whole", "stopped")]
        image = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), np.uint8)
        np.testing.assert_allclose(runs[0](image), runs[1](image), atol=1e-3)
    rows = (tmp_path / "stopped/history.csv").read_text().splitlines()
    assert [row.split(",")[:2] for row in rows[1:]] == [["decoder", "1"], ["all", "1"], ["all", "2"]]


@needs("onnx", "onnxruntime", "tf2onnx")
def test_both_files_give_the_same(scenes, tmp_path, tiny_networks):
    assert train(scenes, tmp_path / "run", epochs=0) == 0
    image = np.random.default_rng(1).integers(0, 256, (SIZE, SIZE, 3), np.uint8)
    answers = [open_finder(tmp_path / "run" / f"finder{end}").run(image) for end in (".tflite", ".onnx")]
    assert answers[0].shape == (48, 48, 9)
    np.testing.assert_allclose(answers[0], answers[1], atol=2e-3)


def test_too_few_scenes_and_none_are_told_in_one_line(scenes, tmp_path):
    with pytest.raises(MunetError, match="no labels of scenes"):
        train(tmp_path, tmp_path / "out")
    few = tmp_path / "few"
    shutil.copytree(scenes, few)
    for path in sorted(few.glob("images/*/*.jpg"))[20:]:
        path.unlink()
    lines = (few / "labels.csv").read_text().splitlines(keepends=True)
    kept = {str(path.relative_to(few)) for path in few.glob("images/*/*.jpg")}
    (few / "labels.csv").write_text(
        "".join([lines[0], *(line for line in lines[1:] if line.split(",")[0] in kept)])
    )
    with pytest.raises(MunetError, match=r"20 scenes in .*few, expected at least 40"):
        train(few, tmp_path / "out")
