"""Training on tiny drawn eyes; runs on whichever backend KERAS_BACKEND names.

All networks but one are built on an encoder of four convolutions.
"""

import contextlib
import csv
import io
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
from support import ROOT, tiny_networks, write_eye, write_plain

import augment_datasets
import model
import train_mobv2_unet
from munet.core.errors import MunetError
from munet.core.files import write_json
from munet.data import cache, pairing
from munet.data.augmentation import Ranges
from munet.data.names import original
from munet.data.splits import write_split
from munet.evaluation import plots
from munet.evaluation.accumulator import ImageScore, ScoreAccumulator
from munet.evaluation.scoring import require_sclera_in
from munet.images import reading
from munet.images.writing import write_png
from munet.inference.segmenter import Segmenter
from munet.metrics.histograms import best_level, histograms
from munet.network.model_files import read_settings, store_level
from munet.training import batches, data, options, outcome, trainer
from munet.training.resume import RESUME_FILE

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has none
SCRIPT = Path(train_mobv2_unet.__file__)
SHORT = ["--size", "32", "--encoder-weights", "none", "--batch-size", "4", "--validation", "0.34"]
ONE_EPOCH = ["--epochs-frozen", "1", "--epochs-finetune", "0"]
LEARN = ["--epochs-frozen", "1", "--epochs-finetune", "15", "--rate-finetune", "3e-3", "--no-online"]
TWO_AND_FOUR = ["--epochs-frozen", "2", "--epochs-finetune", "4"]
TINY = """
import sys, pytest, support, train_mobv2_unet
with support.tiny_networks(pytest.MonkeyPatch()):
    train_mobv2_unet.main(sys.argv[1:])
"""

pytestmark = pytest.mark.usefixtures("tiny_networks")
reads_learned, reads_whole = pytest.mark.xdist_group("learned run"), pytest.mark.xdist_group("whole run")


def train(*args):
    """Runs the script in this process: (exit code, stdout, figures of the last line)."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        code = train_mobv2_unet.main([*map(str, args), *SHORT])
    return code, out.getvalue(), json.loads(out.getvalue().splitlines()[-1])


def history(folder):
    """The rows of history.csv without their seconds."""
    with open(folder / "history.csv", newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def assert_same_weights(one, other):
    """The networks of two run folders are the same to the last bit."""
    (first, _), (second, _) = model.load_munet(one), model.load_munet(other)
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A dataset that no test changes."""
    return write_plain(tmp_path_factory.mktemp("drawn") / "data")


@pytest.fixture(scope="module")
def learned(drawn, tmp_path_factory):
    """A run over it that is good for something, for tests to read: its folder, what it printed, its
    figures."""
    folder = tmp_path_factory.mktemp("learned") / "run"
    with tiny_networks(pytest.MonkeyPatch()):
        return folder, *train(drawn, "--out", folder, *LEARN)[1:]


@pytest.fixture(scope="module")
def whole_run(drawn, tmp_path_factory):
    """A short run over it that nothing interrupted, for tests to read or copy: its folder, its figures."""
    folder = tmp_path_factory.mktemp("whole")
    with tiny_networks(pytest.MonkeyPatch()):
        return folder / "run", train(
            drawn, "--out", folder / "run", "--cache", folder / "cache", *TWO_AND_FOUR
        )[2]


@pytest.fixture
def copied(drawn, whole_run, tmp_path):
    """A copy of that run, and the command that made it."""
    return shutil.copytree(whole_run[0], tmp_path / "run"), [drawn, "--out", tmp_path / "run", *TWO_AND_FOUR]


def assert_scored_from_the_saved_file(run, data, out, figures):
    """What a run has told is what its saved file gives on the validation photos."""
    assert f"on {keras.backend.backend()}, device" in out
    made = {path.name for path in run.iterdir()}
    plots = {"curves.png", "level.png", "precision_recall.png", "report.html"}
    assert (
        made
        == {"munet.weights.h5", "settings.json", "split.csv", "history.csv", "resume.h5", ".lock"} | plots
    )
    with open(run / "split.csv", newline="") as file:
        parts = {row["image"]: row["part"] for row in csv.DictReader(file)}
    segmenter, scores = Segmenter(run, eyes="whole"), ScoreAccumulator()
    for sample in pairing.find_dataset(data).samples:
        if parts[sample.name] == "validation":
            image, mask = pairing.read_pair(sample)
            scores.add(ImageScore(histograms(segmenter(image), mask.pixels)))
    assert figures["level"] == segmenter.level == best_level(scores.pooled)
    assert figures["f1"] == pytest.approx(scores.figures(segmenter.level)["f1"], abs=1e-6)
    assert segmenter.settings["f1"] == pytest.approx(figures["f1"], abs=1e-6)


@reads_learned
def test_learns_and_is_scored_from_the_saved_file(drawn, learned):
    run, out, figures = learned
    assert figures["f1"] > 0.8, out
    assert_scored_from_the_saved_file(run, drawn, out, figures)


def stopped(stop, after, *words):
    """Runs Python until so many epochs are over, sends it a signal, and gives its exit code and stderr."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests")))}
    command = [sys.executable, *map(str, words), *SHORT]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        for line in process.stdout:
            after -= line.startswith(("frozen", "finetune"))
            if not after:
                break
        process.send_signal(stop)
        _, errors = process.communicate(timeout=60)
    return process.returncode, errors


# in the place of the fixture: no network is tiny
@pytest.mark.parametrize("tiny_networks", [None], ids=["real"])
def test_the_real_network_is_interrupted_goes_on_and_learns(tiny_dataset, tmp_path):
    command = [tiny_dataset, "--out", tmp_path / "run", *LEARN]
    code, errors = stopped(signal.SIGINT, 1, SCRIPT, *command)
    assert code == 130, errors
    assert errors.strip().splitlines()[-1].startswith("interrupted")
    with pytest.raises(MunetError, match="--resume"):
        train(*command)
    done = len(history(tmp_path / "run"))  # one; a Ctrl-C that Python drops costs the next one, too
    assert 1 <= done < 16
    code, out, figures = train(*command, "--resume")
    assert code == 0
    assert f", resumed after {done} epoch" in out
    assert figures["f1"] > 0.8, out
    assert_scored_from_the_saved_file(tmp_path / "run", tiny_dataset, out, figures)


@reads_whole
def test_another_seed_gives_other_epochs(drawn, whole_run, tmp_path):
    train(drawn, "--out", tmp_path / "run", "--epochs-frozen", 2, "--epochs-finetune", 0, "--seed", 2)
    assert history(tmp_path / "run")[0]["loss"] != history(whole_run[0])[0]["loss"]


@reads_whole
def test_a_killed_run_resumes_to_what_an_uninterrupted_one_of_the_same_seed_gives(
    drawn, whole_run, tmp_path, monkeypatch
):
    command = [drawn, "--out", tmp_path / "killed", *TWO_AND_FOUR]
    code, errors = stopped(KILL, 1, "-c", TINY, *command)
    assert code, errors
    with pytest.raises(MunetError, match="--resume"):
        train(*command)
    judge = trainer.Trainer.judge

    def interrupted(run):
        # the third epoch of the second stage is not judged, and not saved
        if (run.state.stage, run.state.epoch) == (1, 2):
            raise KeyboardInterrupt
        return judge(run)

    with monkeypatch.context() as patched:
        patched.setattr(trainer.Trainer, "judge", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(*command, "--resume")
    _, out, _ = train(*command, "--resume")
    assert ", resumed after 4 epochs" in out
    whole, _ = whole_run
    assert (tmp_path / "killed/split.csv").read_bytes() == (whole / "split.csv").read_bytes()
    assert history(tmp_path / "killed") == history(whole)
    assert_same_weights(tmp_path / "killed", whole)
    assert read_settings(tmp_path / "killed")["level"] == read_settings(whole)["level"]


@reads_whole
def test_resuming_with_other_settings_is_refused(copied):
    _, command = copied
    with pytest.raises(MunetError, match="batch_size was 4, now 5"):
        train_mobv2_unet.main([*map(str, command), *SHORT, "--resume", "--batch-size", "5"])


@reads_learned
def test_mixed_precision_trains_to_the_same_f1_and_saves_float32(drawn, learned, tmp_path):
    mixed = train(drawn, "--out", tmp_path / "mixed", *LEARN, "--mixed-precision")[2]
    assert mixed["f1"] > 0.8
    assert abs(mixed["f1"] - learned[2]["f1"]) < 0.03
    assert keras.mixed_precision.global_policy().name == "float32"
    assert {str(w.dtype) for w in model.load_munet(tmp_path / "mixed")[0].get_weights()} == {"float32"}


def test_four_images_are_enough_and_the_tversky_loss_trains(tiny_dataset, tmp_path):
    for image in sorted((tiny_dataset / "images").rglob("*.*"))[4:]:
        mask = tiny_dataset / "masks" / image.relative_to(tiny_dataset / "images").with_suffix(".png")
        image.unlink()
        mask.unlink()
    code, _, figures = train(tiny_dataset, "--out", tmp_path / "run", *ONE_EPOCH, "--loss", "tversky")
    assert (code, figures["images"]) == (0, 2)


def test_problems_are_shown_together_before_training_and_can_be_skipped(tiny_dataset, tmp_path, capsys):
    first, second = sorted((tiny_dataset / "images").rglob("*.*"))[:2]
    first.write_bytes(first.read_bytes()[:200])
    (tiny_dataset / "masks" / second.relative_to(tiny_dataset / "images").with_suffix(".png")).unlink()
    short = ["--out", tmp_path / "run", *ONE_EPOCH]
    with pytest.raises(MunetError, match=r"problems in .*: 2,"):
        train_mobv2_unet.main([*map(str, [tiny_dataset, *short]), *SHORT])
    shown = capsys.readouterr().out
    assert first.name in shown
    assert second.name in shown
    assert not (tmp_path / "run").exists()
    code, _, figures = train(tiny_dataset, *short, "--skip-bad")
    assert (code, figures["failed"]) == (1, 2)


@reads_learned
def test_fine_tuning_never_ends_worse_than_it_began(drawn, learned, tmp_path):
    best = max(float(row["val_f1"]) for row in history(learned[0]))
    # One epoch at a rate that ruins the network: what is kept is what it began with.
    begun = [
        drawn,
        "--out",
        tmp_path / "second",
        "--weights",
        learned[0],
        "--epochs-finetune",
        1,
        "--rate-finetune",
        1,
    ]
    _, out, _ = train(*begun)
    assert float(history(tmp_path / "second")[0]["val_f1"]) < best
    assert f"before training  validation F1 {best:.4f}" in out
    assert_same_weights(tmp_path / "second", learned[0])
    train(*begun, "--resume")
    assert ">kept: epoch" not in (tmp_path / "second/report.html").read_text()


def test_fine_tuning_keeps_the_architecture_that_it_began_with(capsys):
    begun = ["DATA", "--weights", str(ROOT / "weights/munet-lite")]
    args = options.parse(begun)
    assert {"size": args.size, "decoder": args.decoder} == read_settings(ROOT / "weights/munet-lite")[
        "architecture"
    ]
    assert args.decoder == "lite"
    with pytest.raises(SystemExit):
        options.parse([*begun, "--decoder", "unet"])
    assert "has a decoder of its own, lite" in capsys.readouterr().err


def test_fine_tuning_is_gentle_and_long_enough_for_few_photos():
    lengths = []
    for start, count in ((["--weights", str(ROOT / "weights/munet")], 6), ([], 800)):
        args = options.parse(["DATA", *start])
        options.set_length(args, count)
        lengths.append((args.epochs_frozen, args.epochs_finetune, args.patience_finetune, args.rate_finetune))
    assert lengths == [(0, 200, 66, 1e-4), (5, 60, 20, 1e-3)]
    args.epochs_finetune, args.patience_finetune = 0, 7
    options.set_length(args, 6)
    assert (args.epochs_finetune, args.patience_finetune) == (0, 7)


@reads_whole
def test_fine_tuning_that_only_seemed_better_is_undone(copied, whole_run, learned):
    second, command = copied
    # As if the run had begun with the one that learnt, found an epoch better at the network's size, and been
    # killed before the end.
    start = second / trainer.START_FILE
    start.write_bytes((learned[0] / "munet.weights.h5").read_bytes())
    _, out, last = train(*command, "--resume")
    assert ">kept: epoch" not in (second / "report.html").read_text()
    assert ">kept: epoch" in (learned[0] / "report.html").read_text()
    assert last["f1"] > whole_run[1]["f1"] and "on photos at their own size" in out
    assert not start.exists()
    assert_same_weights(second, learned[0])


@reads_whole
def test_a_finished_model_is_not_trained_over_when_resume_h5_was_removed(copied):
    run, command = copied
    (run / RESUME_FILE).unlink()
    before = (run / "munet.weights.h5").read_bytes()
    for how in ([], ["--resume"]):
        with pytest.raises(MunetError, match="holds this run, finished"):
            train(*command, *how)
    assert (run / "munet.weights.h5").read_bytes() == before


@reads_whole
def test_a_run_whose_resume_h5_was_damaged_and_removed_is_trained_again(copied):
    run, command = copied
    store_level(run, 7, 0.5, trainer.AT_NETWORK_SIZE)  # as an epoch leaves it
    (run / RESUME_FILE).write_bytes(b"half")
    with pytest.raises(MunetError, match="remove it to start again"):
        train(*command, "--resume")
    (run / RESUME_FILE).unlink()
    assert train(*command, "--resume")[0] == 0
    assert read_settings(run)["level_chosen_on"] != trainer.AT_NETWORK_SIZE


@reads_whole
def test_a_start_that_fails_loses_nothing(copied, tmp_path, capsys):
    run, [data, *flags] = copied
    flags.append("--overwrite")
    before = (run / "munet.weights.h5").read_bytes()
    shutil.copy(run / "munet.weights.h5", run / "backup.h5")
    for flag, path in (
        ("--weights", run),
        ("--teacher", run / "munet.weights.h5"),
        ("--encoder-weights", run / "backup.h5"),
    ):
        with pytest.raises(SystemExit):
            train_mobv2_unet.main(list(map(str, [data, *flags, flag, path])))
        assert f"run holds {path}" in capsys.readouterr().err
    with pytest.raises(SystemExit):  # --overwrite would remove the photos
        train_mobv2_unet.main(list(map(str, [shutil.copytree(data, run / "data"), *flags])))
    assert f"run holds {run / 'data'}" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        train(data, *flags, "--out", tmp_path / "new.h5")
    assert "is to be a folder" in capsys.readouterr().err
    with pytest.raises(MunetError, match="no model at"):
        train(data, *flags, "--teacher", tmp_path / "nowhere")
    assert (run / "munet.weights.h5").read_bytes() == before
    assert (run / "backup.h5").exists()
    with pytest.raises(MunetError, match="do not exist"):
        train_mobv2_unet.main(
            [*map(str, [data, "--out", tmp_path / "new", *SHORT, "--encoder-weights", "nowhere.h5"])]
        )
    assert not (tmp_path / "new").exists()


def test_a_resumed_run_keeps_its_split_and_names_what_is_new(tiny_dataset, tmp_path, capsys):
    command = [tiny_dataset, "--out", tmp_path / "run", *ONE_EPOCH, "--resume"]
    assert train(*command)[0] == 0
    assert "to resume; a new one starts" in capsys.readouterr().err
    split = (tmp_path / "run/split.csv").read_bytes()
    for number in range(5):
        write_eye(
            tiny_dataset / f"images/new{number}/a.png",
            tiny_dataset / f"masks/new{number}/a.png",
            seed=100 + number,
        )
    assert train(*command)[0] == 0
    assert "does not name 5 images" in capsys.readouterr().err
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
        options.parse(["DATA", *words])
    assert "leave" in capsys.readouterr().err


def test_flips_of_one_photo_stay_in_one_part_and_resuming_sees_the_same_subjects(tmp_path, capsys):
    write_plain(tmp_path / "data", subjects=1, images=10)
    augment_datasets.main([str(tmp_path / "data"), str(tmp_path / "both"), "--copies", "1"])
    args = options.parse([str(tmp_path / "both"), "--out", str(tmp_path / "run"), "--split-by", "image"])
    samples = pairing.find_dataset(args.data).samples
    parts = data.make_split(samples, samples, args)
    kept = {part: {original(sample.name)[0] for sample in found} for part, found in parts.items()}
    assert (len(kept["train"]), len(kept["validation"])) == (8, 2)
    # flips and copies are for training
    assert [len(parts[part]) for part in ("train", "validation")] == [24, 2]
    assert "4 flips and copies left out" in capsys.readouterr().out
    assert not kept["train"] & kept["validation"]
    write_split(args.out / "split.csv", parts)
    alone = [sample for sample in samples if original(sample.name)[0] == original(samples[0].name)[0]]
    with pytest.raises(MunetError, match="too few to split"):
        data.make_split(alone, alone, args)
    args.resume = True
    capsys.readouterr()
    assert data.make_split(samples, samples, args) == {
        part: sorted(parts[part], key=lambda s: s.name) for part in parts
    }
    assert "left out" not in "".join(capsys.readouterr())


def test_the_epoch_that_is_kept_is_marked_and_none_where_the_start_is(tmp_path):
    rows = [{"stage": "finetune", "loss": 1.0, "val_f1": f1} for f1 in (0.2, 0.4, 0.3)]
    marks = [
        [line.get_label() for line in plots.plot_history(rows, kept).axes[1].lines] for kept in (1, None)
    ]
    assert [len([label for label in labels if label == "kept: epoch 2"]) for labels in marks] == [1, 0]


def test_a_level_is_never_chosen_on_photos_without_sclera():
    scores, grey = ScoreAccumulator(), np.zeros((2, 2), np.uint8)
    with pytest.raises(MunetError, match="no photo of the validation part could be read"):
        require_sclera_in(scores, "the validation part")
    scores.add(ImageScore(histograms(grey, np.zeros((2, 2), bool))))
    with pytest.raises(MunetError, match="no mask of it has any sclera"):
        require_sclera_in(scores, "it")
    scores.add(ImageScore(histograms(grey, np.ones((2, 2), bool))))
    require_sclera_in(scores, "it")


def test_images_without_subjects_are_warned_of(tmp_path, capsys):
    for number in range(6):
        write_eye(tmp_path / f"flat/images/{number}.png", tmp_path / f"flat/masks/{number}.png", seed=number)
    augment_datasets.main([str(tmp_path / "flat"), str(tmp_path / "both")])
    for name in ("flat", "both"):
        args = options.parse([str(tmp_path / name), "--out", str(tmp_path / "run")])
        samples = pairing.find_dataset(args.data).samples
        data.make_split(samples, samples, args)
        assert "no subject has two images" in capsys.readouterr().err


@reads_learned
def test_a_teacher_is_half_of_the_labels_of_the_images_as_they_are_shown(drawn, learned, tmp_path):
    teacher = Segmenter(learned[0], eyes="whole")
    dataset = pairing.find_dataset(drawn)
    packed = cache.build_cache(dataset.samples, dataset.root, 32)
    (images, taught), (_, labels) = (
        batches.Batches(packed, range(8), 8, (0,), Ranges(), teacher=who)[0] for who in (teacher, None)
    )
    expected = np.stack([teacher(image) for image in images])[..., None] / 255
    np.testing.assert_allclose(2 * taught - labels, expected, atol=1e-6)
    flags = ["--decoder", "lite", "--teacher", learned[0], "--epochs-frozen", 0, "--epochs-finetune", 1]
    assert train(drawn, "--out", tmp_path / "pupil", *flags)[0] == 0
    settings = read_settings(tmp_path / "pupil")
    assert (settings["training"]["teacher"], settings["architecture"]["decoder"]) == ("run", "lite")


def test_a_class_that_no_mask_has_is_refused(tiny_dataset, tmp_path):
    for path in (tiny_dataset / "masks").rglob("*.png"):
        write_png(path, reading.read_image(path)[..., 0] // 255)
    with pytest.raises(MunetError, match="no train mask has any sclera"):
        train_mobv2_unet.main(
            [str(tiny_dataset), "--out", str(tmp_path / "run"), *SHORT, "--sclera-value", "7"]
        )
    assert not (tmp_path / "run").exists()


def resumable(folder, *words):
    """The settings of a run that was started with some words, as its folder keeps them."""
    args = options.parse([str(folder / "data"), "--out", str(folder / "run"), *words])
    options.set_length(args, 100)
    write_json(folder / "run/settings.json", options.run_settings(args))
    return args


def test_resuming_takes_the_flags_of_the_run(tmp_path):
    started = resumable(
        tmp_path, "--size", "64", "--loss", "dice-bce", "--epochs-finetune", "7", "--no-online"
    )
    args = options.parse(["--out", str(tmp_path / "run"), "--resume"])
    options.set_length(args, 100)
    assert options.run_settings(args) == options.run_settings(started)
    args = options.parse(["--out", str(tmp_path / "run"), "--resume", "--seed", "1"])
    assert (args.seed, args.size) == (1, 64)


def test_a_run_gets_no_more_epochs_and_is_told_what_to_do(tmp_path):
    resumable(tmp_path, "--epochs-finetune", "7")
    with pytest.raises(MunetError, match=r"run of 7 epochs \(--epochs-finetune\).*--weights .*run"):
        options.parse(["--out", str(tmp_path / "run"), "--resume", "--epochs-finetune", "9"])


def test_without_data_and_a_run_to_resume_data_is_asked_for(tmp_path, capsys):
    for words in ([], ["--out", str(tmp_path), "--resume"]):
        with pytest.raises(SystemExit, match="2"):
            options.parse(words)
        assert "required: DATA" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("sclera", "others", "level", "told"),
    [
        ({200: 50}, {10: 150}, 128, None),
        ({0: 50}, {0: 150}, 0, "paint everything"),
        ({100: 50}, {100: 150}, 40, "paint everything"),
        ({100: 50}, {100: 150}, 200, "paint nothing"),
        ({255: 50}, {254: 150}, 255, "at the end of the scale"),
    ],
)
def test_a_network_that_learned_nothing_is_told_from_one_that_did(sclera, others, level, told):
    pooled = np.zeros((2, 256), np.int64)
    for row, counts in enumerate((others, sclera)):
        for value, count in counts.items():
            pooled[row, value] = count
    doubt = outcome.doubt_of(pooled, level)
    assert doubt is None if told is None else told in doubt
