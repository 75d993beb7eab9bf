"""threshold.py scores saved maps, chooses the best level, and writes it into the model they are of."""

import json
from fractions import Fraction

import keras
import numpy as np
import pytest
from support import last_json, run_script

import model
import threshold
from munet.core.errors import MunetError
from munet.data.fingerprints import fingerprint
from munet.images.writing import write_png
from munet.network import model_files


def exact_f1(probability, mask, level):
    found = probability >= level
    tp, fp, fn = (int(np.sum(x)) for x in (found & mask, found & ~mask, ~found & mask))
    return Fraction(2 * tp, 2 * tp + fp + fn) if tp + fp + fn else Fraction(1)


def brute_force_level(probability, mask):
    """The lowest of all 256 levels that reaches the best F1, by trying each."""
    scores = [exact_f1(probability, mask, level) for level in range(256)]
    return scores.index(max(scores))


def random_case(seed):
    """A map and a mask of which it is better than chance."""
    rng = np.random.default_rng(seed)
    mask = rng.random((40, 50)) < rng.uniform(0.02, 0.6)
    return np.clip(rng.normal(80, 40, mask.shape) + mask * 60, 0, 255).astype(np.uint8), mask


def choose(capsys, *words):
    """(exit code, last line's JSON, stderr) of the script, run in this process."""
    code = threshold.main([*map(str, words)])
    out, err = capsys.readouterr()
    return code, last_json(out), err


@pytest.fixture
def results(tmp_path):
    """A results folder of three maps in two subfolders, a folder of masks, and the cases."""
    cases = {name: random_case(i) for i, name in enumerate(["a/x", "a/y 1", "b/é"])}
    for name, (probability, mask) in cases.items():
        write_png(tmp_path / "results/Predictions" / f"{name}.png", probability)
        write_png(tmp_path / "truth" / f"{name}.png", mask)
    (tmp_path / "results/settings.json").write_text('{"level": 100}')
    return tmp_path, cases


@pytest.fixture
def network(results):
    """The run folder of an untrained network at level 1, in the same folder."""
    network = model.build_munet(32, "lite", encoder_weights="none")
    settings = {"architecture": {"size": 32, "decoder": "lite"}, "level": 1}
    model.save_munet(network, results[0] / "run", settings)
    return results[0] / "run"


def test_saved_maps_are_scored_at_both_levels(results, capsys):
    folder, cases = results
    code, last, _ = choose(capsys, folder / "results", folder / "truth")
    assert code == 0
    together = [np.concatenate([case[i].ravel() for case in cases.values()])[None] for i in (0, 1)]
    assert last["best_level"] == brute_force_level(*together)
    assert last["best_f1"] == pytest.approx(float(exact_f1(*together, last["best_level"])), abs=1e-6)
    assert (last["images"], last["failed"], last["level"]) == (3, 0, 100)
    assert last["f1"] == pytest.approx(float(exact_f1(*together, 100)), abs=1e-6)


def test_the_level_is_written_into_a_model(results, network, capsys):
    folder, _ = results
    code, last, _ = choose(capsys, folder / "results", folder / "truth", "--weights", network)
    assert code == 0
    settings = model_files.read_settings(network)
    assert settings["level"] == last["best_level"]
    assert settings["versions"]["keras"] == keras.__version__


OTHER = "0123456789abcdef"
MAKERS = (  # the maps' model, what that was made of, and what is told; OWN: the model that is written into
    ("run (OWN)", None, None),
    ("a.tflite (0)", None, None),
    ("a.tflite (0)", "OWN", None),
    ("a.tflite (0)", OTHER, "pass --weights a.tflite or predict again with"),
    (
        "a.tflite (0)",
        "OWN in 8 bits",
        r"by a.tflite \(0\) \(int8, own threshold\), not .*; predict again with",
    ),
    (f"other ({OTHER})", None, "pass --weights other or predict again with"),
)


@pytest.mark.parametrize(("maker", "made_of", "told"), MAKERS)
def test_no_level_is_written_into_a_model_that_the_maps_are_not_of(
    maker, made_of, told, results, network, capsys
):
    folder, _ = results
    own = model_files.weights_digest(network)
    maker, made_of = maker.replace("OWN", own), made_of and made_of.replace("OWN", own)
    made_with = {"level": 100, "model": maker, "made_of": made_of, "tta": True}
    (folder / "results/settings.json").write_text(json.dumps(made_with))
    words = folder / "results", folder / "truth", "--weights", network
    if told is None:
        assert "with --tta" in choose(capsys, *words)[2]
        return
    with pytest.raises(MunetError, match=told):
        choose(capsys, *words)
    assert model_files.read_settings(network)["level"] == 1


def test_a_model_that_is_not_there_is_told_before_anything_is_scored(results, monkeypatch):
    folder, _ = results
    monkeypatch.setattr(threshold, "score_folder", lambda *_, **__: pytest.fail("scored"))
    with pytest.raises(MunetError, match="nowhere"):
        threshold.main([*map(str, (folder / "results", folder / "truth", "--weights", folder / "nowhere"))])


def test_what_has_no_partner_is_named_and_the_rest_scored(results, capsys):
    folder, _ = results
    (folder / "truth/a/x.png").unlink()
    write_png(folder / "truth/b/é.png", np.zeros((3, 3), bool))
    code, last, err = choose(capsys, folder / "results", folder / "truth")
    assert code == 1
    assert (last["images"], last["failed"]) == (1, 2)
    assert err.count("failed: ") == 2
    assert "x.png" in err
    assert "found 50x40 pixels, expected 3x3 pixels" in err


def test_nothing_to_score_is_one_line(tmp_path):
    done = run_script("threshold.py", tmp_path, tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_no_level_is_chosen_on_masks(results, network, capsys):
    folder, cases = results
    for levels, words in ((1, ()), (255, ("--weights", network))):
        for name, (_, mask) in cases.items():
            write_png(folder / "results/Predictions" / f"{name}.png", mask * np.uint8(levels))
        with pytest.raises(MunetError, match=f"holds masks of 0 and {levels}, not probability maps"):
            choose(capsys, folder / "results", folder / "truth", *words)
    code, last, err = choose(capsys, folder / "results", folder / "truth")
    assert (code, last["f1"]) == (0, 1.0)
    assert "holds masks, not maps: each level from 1" in err


def test_one_part_of_a_split_is_scored_alone_and_photos_of_training_are_told(results, tmp_path, capsys):
    folder, cases = results
    rows = [f"{name},{name[0]},{'test' if name[0] == 'a' else 'train'}\n" for name in cases]
    (tmp_path / "split.csv").write_text("image,subject,part\n" + "".join(rows), encoding="utf-8")
    words = folder / "results", folder / "truth", "--split", tmp_path / "split.csv"
    assert choose(capsys, *words)[1]["images"] == 2
    assert choose(capsys, *words, "--part", "train")[1]["images"] == 1
    photos = tmp_path / "photos"
    for name in cases:
        write_png(photos / f"{name}.png", cases[name][0])
    made_with = {"level": 100, "images": str(photos), "trained_on": fingerprint([photos / "b/é.png"])}
    (folder / "results/settings.json").write_text(json.dumps(made_with))
    told = "results: the model was trained on 1 of the 3 photos that are scored, such as é.png"
    assert told in choose(capsys, folder / "results", folder / "truth")[2]
    assert "trained on" not in choose(capsys, *words)[2]
