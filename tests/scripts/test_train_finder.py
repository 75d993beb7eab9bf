"""The finder is trained on scenes, resumed where it was, and exported to files that find the same."""

import json
import shutil

import numpy as np
import pytest

import synthesize_eyes
import train_finder
from munet.core.errors import MunetError
from munet.finder.network import SIZE
from munet.inference.engines import open_finder
from munet.synthesis.scenes.dataset import read_labels


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    out = tmp_path_factory.mktemp("scenes") / "scenes"
    words = ["--scenes", "--count", "48", "--size", "96", "96", "--workers", "1"]
    assert synthesize_eyes.main([str(out), *words]) == 0
    return out


def train(scenes, out, *flags):
    words = [scenes, "--out", out, "--epochs-frozen", 1, "--epochs", 0, "--batch-size", 16, *flags]
    return train_finder.main([str(word) for word in [*words, "--encoder-weights", "none"]])


def test_a_run_that_was_stopped_is_resumed_to_the_same_weights(scenes, tmp_path, tiny_networks, monkeypatch):
    from munet.training import finder

    def fit(name):
        (tmp_path / name).mkdir(exist_ok=True)
        made, history = finder.fit(finder.Scenes(read_labels(scenes)), tmp_path / name, (1, 1), 24, 0, "none")
        return made.get_weights(), [(row["stage"], row["epoch"]) for row in history]

    whole, order = fit("whole")
    original, judged = finder.judge, []

    def stop_at_second(*args):
        judged.append(1)
        if len(judged) == 2:
            raise KeyboardInterrupt
        return original(*args)

    monkeypatch.setattr(finder, "judge", stop_at_second)
    with pytest.raises(KeyboardInterrupt):
        fit("stopped")
    monkeypatch.setattr(finder, "judge", original)
    resumed, rows = fit("stopped")
    assert rows == order == [("decoder", 1), ("all", 1)]
    for one, other in zip(whole, resumed, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_the_files_of_a_run_give_the_same_and_it_is_not_started_twice(
    scenes, tmp_path, tiny_networks, capsys
):
    assert train(scenes, tmp_path / "run") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["images"] == 48
    image = np.random.default_rng(1).integers(0, 256, (SIZE, SIZE, 3), np.uint8)
    answer = open_finder(tmp_path / "run/finder.tflite").run(image)
    assert answer.shape == (48, 48, 9)
    if (tmp_path / "run/finder.onnx").exists():  # where what writes it is installed
        np.testing.assert_allclose(answer, open_finder(tmp_path / "run/finder.onnx").run(image), atol=2e-3)
    with pytest.raises(MunetError, match="--resume or --overwrite"):
        train(scenes, tmp_path / "run")


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
