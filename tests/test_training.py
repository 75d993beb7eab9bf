"""Training on tiny drawn eyes; runs on whichever backend KERAS_BACKEND names."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from support import ROOT, write_eye, write_plain

import augment_datasets
import batches
import cache
import datasets
import images
import model
import report
import train_mobv2_unet
import training
import training_data
from augmentation import Ranges
from console import MunetError
from evaluation import Tally, require_sclera_in
from images import write_png
from layouts import original
from model_files import read_settings, store_level
from runtime import Segmenter
from splits import write_split
from threshold import best_level

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has none
SCRIPT = Path(train_mobv2_unet.__file__)
SHORT = ["--size", "32", "--encoder-weights", "none", "--batch-size", "4", "--validation", "0.34"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MUNET_CACHE", str(tmp_path / "cache"))


def train(capsys, *args):
    """Runs the script in this process: (exit code, stdout, figures of the last line)."""
    code = train_mobv2_unet.main([*map(str, args), *SHORT])
    out = capsys.readouterr().out
    return code, out, json.loads(out.splitlines()[-1])


def history(folder):
    """The rows of history.csv without their seconds."""
    with open(folder / "history.csv", newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def test_learns_and_is_scored_from_the_saved_file(tiny_dataset, tmp_path, capsys):
    epochs = ["--epochs-frozen", 1, "--epochs-finetune", 25, "--rate-finetune", 3e-3, "--no-online", "--patience-finetune", 30]
    code, out, figures = train(capsys, tiny_dataset, "--out", tmp_path / "run", *epochs)
    assert code == 0
    assert figures["f1"] > 0.8, out
    assert f"on {keras.backend.backend()}, device" in out
    made = {path.name for path in (tmp_path / "run").iterdir()}
    plots = {"curves.png", "level.png", "precision_recall.png", "report.html"}
    assert made == {"munet.weights.h5", "settings.json", "split.csv", "history.csv", "resume.h5", ".lock"} | plots
    with open(tmp_path / "run/split.csv", newline="") as file:
        parts = {row["image"]: row["part"] for row in csv.DictReader(file)}
    segmenter, tally = Segmenter(tmp_path / "run"), Tally()
    for sample in datasets.find_dataset(tiny_dataset).samples:
        if parts[sample.name] == "validation":
            image, mask = datasets.read_pair(sample)
            tally.add(segmenter(image), mask.pixels)
    assert figures["level"] == segmenter.level == best_level(tally.pooled)
    assert figures["f1"] == pytest.approx(tally.figures(segmenter.level)["f1"], abs=1e-6)
    assert segmenter.settings["f1"] == pytest.approx(figures["f1"], abs=1e-6)


def test_the_same_seed_gives_the_same_epochs_and_another_does_not(tiny_dataset, tmp_path, capsys):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        train(capsys, tiny_dataset, "--out", tmp_path / name, "--epochs-frozen", 2, "--epochs-finetune", 0, "--seed", seed)
    assert (tmp_path / "a/split.csv").read_bytes() == (tmp_path / "b/split.csv").read_bytes()
    assert history(tmp_path / "a") == history(tmp_path / "b")
    assert history(tmp_path / "a")[0]["loss"] != history(tmp_path / "c")[0]["loss"]


THREE_AND_THREE = ["--epochs-frozen", "3", "--epochs-finetune", "3"]


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory):
    """A dataset and a run over it that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    data = write_plain(folder / "data")
    train_mobv2_unet.main([str(data), "--out", str(folder / "run"), "--cache", str(folder / "cache"), *THREE_AND_THREE, *SHORT])
    return data, folder / "run"


@pytest.mark.parametrize(("stop", "after"), [(KILL, 2), (signal.SIGINT, 4)])
def test_a_killed_run_resumes_to_what_an_uninterrupted_one_gives(whole_run, tmp_path, capsys, stop, after):
    data, whole = whole_run
    command = [data, "--out", tmp_path / "killed", *THREE_AND_THREE]
    words = [sys.executable, SCRIPT, *map(str, command), *SHORT]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            after -= line.startswith(("frozen", "finetune"))
            if not after:
                break
        process.send_signal(stop)
        _, errors = process.communicate(timeout=60)
    if stop == signal.SIGINT:
        assert process.returncode == 130
        assert errors.strip().splitlines()[-1].startswith("interrupted")
    with pytest.raises(MunetError, match="--resume"):
        train(capsys, *command)
    train(capsys, *command, "--resume")
    assert history(tmp_path / "killed") == history(whole)
    (resumed, settings), (network, expected) = model.load_munet(tmp_path / "killed"), model.load_munet(whole)
    for a, b in zip(resumed.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert settings["level"] == expected["level"]


def test_resuming_with_other_settings_is_refused(tiny_dataset, tmp_path, capsys):
    train(capsys, tiny_dataset, "--out", tmp_path / "run", "--epochs-frozen", 1, "--epochs-finetune", 0)
    with pytest.raises(MunetError, match="batch_size was 4, now 5"):
        train_mobv2_unet.main(
            [
                str(tiny_dataset),
                "--out",
                str(tmp_path / "run"),
                "--epochs-frozen",
                "1",
                "--epochs-finetune",
                "0",
                *SHORT,
                "--resume",
                "--batch-size",
                "5",
            ]
        )


def test_mixed_precision_trains_to_the_same_f1_and_saves_float32(tiny_dataset, tmp_path, capsys):
    flags = ["--epochs-frozen", 0, "--epochs-finetune", 25, "--rate-finetune", 3e-3, "--no-online", "--patience-finetune", 30]
    whole = train(capsys, tiny_dataset, "--out", tmp_path / "whole", *flags)[2]
    mixed = train(capsys, tiny_dataset, "--out", tmp_path / "mixed", *flags, "--mixed-precision")[2]
    assert mixed["f1"] > 0.8
    assert abs(mixed["f1"] - whole["f1"]) < 0.03
    assert keras.mixed_precision.global_policy().name == "float32"
    assert {str(w.dtype) for w in model.load_munet(tmp_path / "mixed")[0].get_weights()} == {"float32"}


def test_the_tversky_loss_trains(tiny_dataset, tmp_path, capsys):
    assert train(capsys, tiny_dataset, "--out", tmp_path / "run", "--loss", "tversky", "--epochs-frozen", 0, "--epochs-finetune", 1)[0] == 0


def test_four_images_are_enough(tiny_dataset, tmp_path, capsys):
    for image in sorted((tiny_dataset / "images").rglob("*.*"))[4:]:
        mask = tiny_dataset / "masks" / image.relative_to(tiny_dataset / "images").with_suffix(".png")
        image.unlink()
        mask.unlink()
    code, _, figures = train(capsys, tiny_dataset, "--out", tmp_path / "run", "--epochs-frozen", 1, "--epochs-finetune", 0)
    assert (code, figures["images"]) == (0, 2)


def test_problems_are_shown_together_before_training_and_can_be_skipped(tiny_dataset, tmp_path, capsys):
    first, second = sorted((tiny_dataset / "images").rglob("*.*"))[:2]
    first.write_bytes(first.read_bytes()[:200])
    (tiny_dataset / "masks" / second.relative_to(tiny_dataset / "images").with_suffix(".png")).unlink()
    short = ["--out", tmp_path / "run", "--epochs-frozen", 1, "--epochs-finetune", 0]
    with pytest.raises(MunetError, match=r"problems in .*: 2,"):
        train(capsys, tiny_dataset, *short)
    shown = capsys.readouterr().out
    assert first.name in shown
    assert second.name in shown
    assert not (tmp_path / "run").exists()
    code, _, figures = train(capsys, tiny_dataset, *short, "--skip-bad")
    assert (code, figures["failed"]) == (1, 2)


def test_fine_tuning_never_ends_worse_than_it_began(tiny_dataset, tmp_path, capsys):
    first = ["--out", tmp_path / "first", "--decoder", "lite"]
    train(capsys, tiny_dataset, *first, "--epochs-frozen", 0, "--epochs-finetune", 20, "--rate-finetune", 3e-3)
    best = max(float(row["val_f1"]) for row in history(tmp_path / "first"))
    # One epoch at a rate that ruins the network: what is kept is what it began with.
    begun = ["--out", tmp_path / "second", "--weights", tmp_path / "first"]
    _, out, _ = train(capsys, tiny_dataset, *begun, "--epochs-frozen", 0, "--epochs-finetune", 1, "--rate-finetune", 1)
    assert float(history(tmp_path / "second")[0]["val_f1"]) < best
    assert f"before training  validation F1 {best:.4f}" in out
    kept, given = (model.load_munet(tmp_path / name) for name in ("second", "first"))
    assert kept[1]["architecture"] == {"size": 32, "decoder": "lite"}  # the one that it began with, unasked
    for a, b in zip(kept[0].get_weights(), given[0].get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    train(capsys, tiny_dataset, *begun, "--epochs-frozen", 0, "--epochs-finetune", 1, "--rate-finetune", 1, "--resume")
    assert ">kept: epoch" not in (tmp_path / "second/report.html").read_text()
    with pytest.raises(SystemExit):
        train(capsys, tiny_dataset, *begun, "--decoder", "unet")
    assert "has a decoder of its own, lite" in capsys.readouterr().err


def test_fine_tuning_is_gentle_and_long_enough_for_few_photos(tiny_dataset, tmp_path, capsys):
    train(capsys, tiny_dataset, "--out", tmp_path / "first", "--epochs-frozen", 1, "--epochs-finetune", 0)
    lengths = []
    for start, count in ((["--weights", str(tmp_path / "first")], 6), ([], 800)):
        args = train_mobv2_unet.parse([str(tiny_dataset), *start])
        train_mobv2_unet.set_length(args, count)
        lengths.append((args.epochs_frozen, args.epochs_finetune, args.patience_finetune, args.rate_finetune))
    assert lengths == [(0, 200, 66, 1e-4), (5, 60, 20, 1e-3)]
    args.epochs_finetune, args.patience_finetune = 0, 7
    train_mobv2_unet.set_length(args, 6)
    assert (args.epochs_finetune, args.patience_finetune) == (0, 7)


def test_fine_tuning_that_only_seemed_better_is_undone(tiny_dataset, tmp_path, capsys):
    first = ["--out", tmp_path / "first", "--epochs-frozen", 0]
    train(capsys, tiny_dataset, *first, "--epochs-finetune", 20, "--rate-finetune", 3e-3)
    second = ["--out", tmp_path / "second", "--epochs-frozen", 0, "--epochs-finetune", 1]
    _, _, worse = train(capsys, tiny_dataset, *second)
    # As if the second had begun with the first, found an epoch better at the network's size, and been killed before the end.
    start = tmp_path / "second" / training.START_FILE
    start.write_bytes((tmp_path / "first/munet.weights.h5").read_bytes())
    _, out, last = train(capsys, tiny_dataset, *second, "--resume")
    assert ">kept: epoch" not in (tmp_path / "second/report.html").read_text()
    assert ">kept: epoch" in (tmp_path / "first/report.html").read_text()
    assert last["f1"] > worse["f1"] and "on photos at their own size" in out
    assert not start.exists()
    kept, good = (model.load_munet(tmp_path / name)[0].get_weights() for name in ("second", "first"))
    for a, b in zip(kept, good, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_finished_model_is_not_trained_over_when_resume_h5_was_removed(tiny_dataset, tmp_path, capsys):
    short = ["--out", tmp_path / "run", "--epochs-frozen", 1, "--epochs-finetune", 0]
    train(capsys, tiny_dataset, *short)
    (tmp_path / "run" / training.RESUME_FILE).unlink()
    before = (tmp_path / "run/munet.weights.h5").read_bytes()
    for how in ([], ["--resume"]):
        with pytest.raises(MunetError, match="holds this run, finished"):
            train(capsys, tiny_dataset, *short, *how)
    assert (tmp_path / "run/munet.weights.h5").read_bytes() == before


def test_a_run_whose_resume_h5_was_damaged_and_removed_is_trained_again(tiny_dataset, tmp_path, capsys):
    short = ["--out", tmp_path / "run", "--epochs-frozen", 1, "--epochs-finetune", 0]
    train(capsys, tiny_dataset, *short)
    store_level(tmp_path / "run", 7, 0.5, training.AT_NETWORK_SIZE)  # as an epoch leaves it
    (tmp_path / "run" / training.RESUME_FILE).write_bytes(b"half")
    with pytest.raises(MunetError, match="remove it to start again"):
        train(capsys, tiny_dataset, *short, "--resume")
    (tmp_path / "run" / training.RESUME_FILE).unlink()
    assert train(capsys, tiny_dataset, *short, "--resume")[0] == 0
    assert read_settings(tmp_path / "run")["level_chosen_on"] != training.AT_NETWORK_SIZE


def test_a_start_that_fails_loses_nothing(tiny_dataset, tmp_path, capsys):
    run = tmp_path / "run"
    short = ["--out", run, "--epochs-frozen", 1, "--epochs-finetune", 0, "--overwrite"]
    train(capsys, tiny_dataset, *short)
    before = (run / "munet.weights.h5").read_bytes()
    shutil.copy(run / "munet.weights.h5", run / "backup.h5")
    for flag, path in (("--weights", run), ("--teacher", run / "munet.weights.h5"), ("--encoder-weights", run / "backup.h5")):
        with pytest.raises(SystemExit):
            train_mobv2_unet.main(list(map(str, [tiny_dataset, *short, flag, path])))
        assert f"run holds {path}" in capsys.readouterr().err
    with pytest.raises(SystemExit):  # --overwrite would remove the photos
        train_mobv2_unet.main(list(map(str, [shutil.copytree(tiny_dataset, run / "data"), *short])))
    assert f"run holds {run / 'data'}" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        train(capsys, tiny_dataset, *short, "--out", tmp_path / "new.h5")
    assert "is to be a folder" in capsys.readouterr().err
    with pytest.raises(MunetError, match="no model at"):
        train(capsys, tiny_dataset, *short, "--teacher", tmp_path / "nowhere")
    assert (run / "munet.weights.h5").read_bytes() == before
    assert (run / "backup.h5").exists()
    with pytest.raises(MunetError, match="do not exist"):
        train_mobv2_unet.main([*map(str, [tiny_dataset, "--out", tmp_path / "new", *SHORT, "--encoder-weights", "nowhere.h5"])])
    assert not (tmp_path / "new").exists()


def test_a_resumed_run_keeps_its_split_and_names_what_is_new(tiny_dataset, tmp_path, capsys):
    args = [tiny_dataset, "--out", tmp_path / "run", "--epochs-frozen", 1, "--epochs-finetune", 0]
    assert train_mobv2_unet.main([*map(str, args), *SHORT, "--resume"]) == 0
    assert "run to resume: it begins" in capsys.readouterr().err
    split = (tmp_path / "run/split.csv").read_bytes()
    for number in range(5):
        write_eye(tiny_dataset / f"images/new{number}/a.png", tiny_dataset / f"masks/new{number}/a.png", seed=100 + number)
    assert train_mobv2_unet.main([*map(str, args), *SHORT, "--resume"]) == 0
    assert "5 images are not in" in capsys.readouterr().err
    assert (tmp_path / "run/split.csv").read_bytes() == split


@pytest.mark.parametrize(
    "words",
    [
        ["--split", "split.csv", "--test", "0.2"],
        ["--split", "split.csv", "--validation", "0.5"],
        ["--split", "split.csv", "--split-by", "image"],
        ["--weights", "weights/munet", "--encoder-weights", "encoder.h5"],
    ],
)
def test_flags_that_would_do_nothing_are_refused(words, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit, match="2"):
        train_mobv2_unet.parse(["DATA", *words])
    assert "leave" in capsys.readouterr().err


def test_flips_of_one_photo_stay_in_one_part_and_resuming_sees_the_same_subjects(tmp_path, capsys):
    write_plain(tmp_path / "data", subjects=1, images=10)
    augment_datasets.main([str(tmp_path / "data"), str(tmp_path / "both"), "--copies", "1"])
    args = train_mobv2_unet.parse([str(tmp_path / "both"), "--out", str(tmp_path / "run"), "--split-by", "image"])
    samples = datasets.find_dataset(args.data).samples
    parts = training_data.make_split(samples, samples, args)
    kept = {part: {original(sample.name)[0] for sample in found} for part, found in parts.items()}
    assert (len(kept["train"]), len(kept["validation"])) == (8, 2)
    assert [len(parts[part]) for part in ("train", "validation")] == [24, 2]  # flips and copies are for training
    assert "4 flips and copies are left out" in capsys.readouterr().out
    assert not kept["train"] & kept["validation"]
    write_split(args.out / "split.csv", parts)
    alone = [sample for sample in samples if original(sample.name)[0] == original(samples[0].name)[0]]
    with pytest.raises(MunetError, match="too few to split"):
        training_data.make_split(alone, alone, args)
    args.resume = True
    capsys.readouterr()
    assert training_data.make_split(samples, samples, args) == {part: sorted(parts[part], key=lambda s: s.name) for part in parts}
    assert "left out" not in "".join(capsys.readouterr())


def test_the_epoch_that_is_kept_is_marked_and_none_where_the_start_is(tmp_path):
    rows = [{"stage": "finetune", "loss": 1.0, "val_f1": f1} for f1 in (0.2, 0.4, 0.3)]
    marks = [[line.get_label() for line in report.plot_history(rows, kept).axes[1].lines] for kept in (1, None)]
    assert [len([label for label in labels if label == "kept: epoch 2"]) for labels in marks] == [1, 0]


def test_a_level_is_never_chosen_on_photos_without_sclera():
    tally = Tally()
    with pytest.raises(MunetError, match="no photo of the validation part could be read"):
        require_sclera_in(tally, "the validation part")
    tally.add(np.zeros((2, 2), np.uint8), np.zeros((2, 2), bool))
    with pytest.raises(MunetError, match="no mask of it has any sclera"):
        require_sclera_in(tally, "it")
    tally.add(np.zeros((2, 2), np.uint8), np.ones((2, 2), bool))
    require_sclera_in(tally, "it")


def test_images_without_subjects_are_warned_of(tmp_path, capsys):
    for number in range(6):
        write_eye(tmp_path / f"flat/images/{number}.png", tmp_path / f"flat/masks/{number}.png", seed=number)
    augment_datasets.main([str(tmp_path / "flat"), str(tmp_path / "both")])
    for name in ("flat", "both"):
        args = train_mobv2_unet.parse([str(tmp_path / name), "--out", str(tmp_path / "run")])
        samples = datasets.find_dataset(args.data).samples
        training_data.make_split(samples, samples, args)
        assert "no subject has two images" in capsys.readouterr().err


def test_a_teacher_is_half_of_the_labels_of_the_images_as_they_are_shown(tiny_dataset, tmp_path, capsys):
    train(capsys, tiny_dataset, "--out", tmp_path / "teacher", "--epochs-frozen", 0, "--epochs-finetune", 1)
    teacher = Segmenter(tmp_path / "teacher")
    dataset = datasets.find_dataset(tiny_dataset)
    packed = cache.build_cache(dataset.samples, dataset.root, 32)
    (images, taught), (_, labels) = (batches.Batches(packed, range(8), 8, (0,), Ranges(), teacher=who)[0] for who in (teacher, None))
    expected = np.stack([teacher(image) for image in images])[..., None] / 255
    np.testing.assert_allclose(2 * taught - labels, expected, atol=1e-6)
    flags = ["--decoder", "lite", "--teacher", tmp_path / "teacher", "--epochs-frozen", 0, "--epochs-finetune", 1]
    assert train(capsys, tiny_dataset, "--out", tmp_path / "pupil", *flags)[0] == 0
    settings = model.load_munet(tmp_path / "pupil")[1]
    assert (settings["training"]["teacher"], settings["architecture"]["decoder"]) == ("teacher", "lite")


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_losses_and_training_on_the_other_backends(backend):
    pytest.importorskip(backend, reason=f"{backend} is not installed: pip install -r requirements-backends.txt")
    if os.environ.get("KERAS_BACKEND") in ("jax", "torch"):
        pytest.skip("already the inner run")
    chosen = ["test_losses.py", "test_batches.py", "test_training.py::test_learns_and_is_scored_from_the_saved_file"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "ignore", "-p", "no:cacheprovider", *(f"tests/{name}" for name in chosen)],
        env=os.environ | {"KERAS_BACKEND": backend, "XLA_FLAGS": "--xla_backend_optimization_level=0"},
        capture_output=True, text=True, cwd=SCRIPT.parent,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]


def test_a_class_that_no_mask_has_is_refused(tiny_dataset, tmp_path):
    for path in (tiny_dataset / "masks").rglob("*.png"):
        write_png(path, images.read_image(path)[..., 0] // 255)
    with pytest.raises(MunetError, match="no train mask has any sclera"):
        train_mobv2_unet.main([str(tiny_dataset), "--out", str(tmp_path / "run"), *SHORT, "--sclera-value", "7"])
    assert not (tmp_path / "run").exists()
