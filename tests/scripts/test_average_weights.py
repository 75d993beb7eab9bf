"""Averages are what NumPy says, get their level from photos, and refuse what cannot be averaged."""

import json

import keras
import numpy as np
import pytest
from support import tiny_networks

import average_weights
import model
from munet.core.errors import MunetError
from munet.data.label_options import find
from munet.images.reading import read_image
from munet.images.writing import write_png
from munet.network.model_files import read_settings

SETTINGS = {"architecture": {"size": 32, "decoder": "lite"}, "level": 10}

pytestmark = pytest.mark.usefixtures("tiny_networks")


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Two run folders of untrained networks, for tests to read; each is converted once for all."""
    folder = tmp_path_factory.mktemp("pair")
    with tiny_networks(pytest.MonkeyPatch()):
        for seed, name in enumerate("ab"):
            keras.utils.set_random_seed(seed)
            model.save_munet(model.build_munet(32, "lite", "none"), folder / name, SETTINGS)
    return folder / "a", folder / "b"


def test_every_variable_is_the_mean_and_the_level_is_the_best_of_the_photos(
    pair, tiny_dataset, tmp_path, capsys
):
    out = tmp_path / "c"
    words = [*pair, "--shares", 0.25, 0.75, "--out", out, "--data", tiny_dataset]
    assert average_weights.main([str(word) for word in words]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    first, second, mean = (model.load_munet(path)[0].get_weights() for path in (*pair, out))
    assert any(np.ptp(a - b) for a, b in zip(first, second, strict=True))
    for a, b, c in zip(first, second, mean, strict=True):
        np.testing.assert_allclose(c, 0.25 * a + 0.75 * b, rtol=1e-5, atol=1e-6)
    settings = read_settings(out)
    assert (settings["level"], settings["average"]["models"]) == (last["level"], ["a", "b"])
    assert last["images"] == 12
    with pytest.raises(MunetError, match="shares"):
        average_weights.main([str(word) for word in [*pair, "--out", out, "--data", tiny_dataset]])
    assert settings["level_chosen_on"] == f"photos of {tiny_dataset.name} at their own size"
    other = tiny_dataset.rename(tmp_path / "other")
    with pytest.raises(MunetError, match=r"data was .* now .*other"):
        average_weights.main([str(word) for word in [*words[:-1], other]])


def test_photos_without_sclera_make_no_model_and_lose_none_and_problems_are_counted(
    pair, tiny_dataset, tmp_path, capsys
):
    words = [
        *map(str, pair),
        "--out",
        str(tmp_path / "c"),
        "--data",
        str(tiny_dataset),
        "--shares",
        "0.25",
        "0.75",
    ]
    photos = sorted((tiny_dataset / "images").rglob("*.png"))
    photos[0].unlink()
    photos[1].write_bytes(b"text")
    assert average_weights.main(words) == 1
    told = capsys.readouterr()
    assert (json.loads(told.out.splitlines()[-1])["failed"], told.err.count(photos[1].name)) == (2, 1)
    before = (tmp_path / "c/munet.weights.h5").read_bytes()
    for mask in (tiny_dataset / "masks").rglob("*.png"):
        write_png(mask, np.zeros_like(read_image(mask)[..., 0]))
    with pytest.raises(MunetError, match=r"no mask of .* has any sclera"):
        average_weights.main([*words, "--overwrite"])
    assert (tmp_path / "c/munet.weights.h5").read_bytes() == before
    with pytest.raises(MunetError, match="no mask of"):
        average_weights.main([*words[:2], "--out", str(tmp_path / "d"), *words[4:]])
    assert not (tmp_path / "d/munet.weights.h5").exists()


def test_networks_that_differ_are_refused(pair, tiny_dataset, tmp_path):
    other = tmp_path / "other"
    model.save_munet(
        model.build_munet(64, "lite", "none"),
        other,
        SETTINGS | {"architecture": {"size": 64, "decoder": "lite"}},
    )
    with pytest.raises(MunetError, match="lite of 64x64"):
        average_weights.main(
            [str(pair[0]), str(other), "--out", str(tmp_path / "c"), "--data", str(tiny_dataset)]
        )
    assert not (tmp_path / "c").exists()


WRONG = (
    ["a", "--out", "c"],
    ["a", "b", "--out", "b"],
    ["a/munet.weights.h5", "b", "--out", "a"],
    ["a/older/backup.h5", "b", "--out", "a"],
    ["a", "b", "--out", "c.h5"],
    ["a", "b", "--out", "."],
    ["a", "b", "--out", "c", "--shares", "0.5", "0.6"],
)


@pytest.mark.parametrize("words", WRONG)
def test_wrong_words_are_refused(words):
    with pytest.raises(SystemExit) as stopped:
        average_weights.main([*words, "--data", "d"])
    assert stopped.value.code == 2


def test_labels_are_read_as_they_are_told(tiny_dataset, tmp_path):
    words = ["a", "b", "--out", str(tmp_path / "c"), "--data", str(tiny_dataset)]
    args = average_weights.parse([*words, "--sclera-color", "0,255,0", "--exif", "ignore"])
    assert {(sample.sclera_color, sample.stored) for sample in find(args).samples} == {((0, 255, 0), True)}
    settings = average_weights._settings(args, {})
    assert (settings["sclera_color"], settings["exif"], settings["label"]) == ([0, 255, 0], "ignore", None)
