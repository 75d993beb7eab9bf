"""The parts that a run trains, validates and tests on, and what it keeps of them."""

import argparse
import json
import shutil

import pytest
from support import last_json, write_eye, write_plain

import augment_datasets
import train_mobv2_unet
from munet.data import fingerprints, pairing
from munet.network.model_files import read_settings, store_level
from munet.training import data, options, outcome

SHORT = ["--size", "32", "--encoder-weights", "none", "--epochs-frozen", "1", "--epochs-finetune", "0"]


def parts_of(root, *words):
    args = options.parse([str(root), "--out", str(root.parent / "run"), *words])
    samples = pairing.find_dataset(root).samples
    return data.make_split(samples, samples, args)


def write_named(root, **counts):
    """A dataset whose folders name parts, with so many photos in each."""
    for seed, (part, count) in enumerate(counts.items()):
        for number in range(count):
            name = f"{part}/{part}{number}.png"
            write_eye(root / "images" / name, root / "masks" / name, seed=100 * seed + number)
    return root


def test_the_split_that_folders_name_is_taken_and_told(tmp_path, capsys):
    parts = parts_of(write_named(tmp_path / "data", train=3, val=2, test=1, extra=1))
    assert {part: [sample.name for sample in found] for part, found in parts.items()} == {
        "train": ["train/train0", "train/train1", "train/train2"],
        "validation": ["val/val0", "val/val1"],
        "test": ["test/test0"],
    }
    out, err = capsys.readouterr()
    assert "the folders name a split, which is taken: train 3, validation 2, test 1" in out
    assert "in no part that the folders name: 1 image, such as extra/extra0: left out" in err


def test_a_validation_part_that_folders_lack_is_drawn_from_training(tmp_path, capsys):
    parts = parts_of(write_named(tmp_path / "data", train=5, test=2))
    assert [len(found) for found in parts.values()] == [4, 1, 2]
    assert all(sample.name.startswith("train/") for sample in parts["validation"])
    assert all(sample.name.startswith("test/") for sample in parts["test"])
    assert "so it is drawn from that for training" in capsys.readouterr().out


def test_the_same_file_under_two_subjects_stays_in_one_part(tmp_path, capsys):
    root = write_plain(tmp_path / "data", subjects=8, images=1)
    for one, other in (("s1", "s8"), ("s2", "s7")):
        for kind in ("images", "masks"):
            shutil.copy(root / kind / one / "eye1.png", root / kind / other / "eye1.png")
    for seed in range(6):
        parts = parts_of(root, "--seed", str(seed), "--validation", "0.4")
        part_of = {sample.subject: part for part, found in parts.items() for sample in found}
        assert len(part_of) == 8
        assert part_of["s1"] == part_of["s8"]
        assert part_of["s2"] == part_of["s7"]
    err = capsys.readouterr().err
    assert "2 photos are the same file under two subjects, such as s1/eye1 and s8/eye1" in err


def test_the_same_file_in_two_parts_of_a_given_split_is_told(tmp_path, capsys):
    root = write_named(tmp_path / "data", train=2, val=1)
    shutil.copy(root / "images/train/train0.png", root / "images/val/val0.png")
    parts_of(root)
    err = capsys.readouterr().err
    assert "1 photo is the same file in training and in what is scored, such as train/train0 and" in err


@pytest.mark.usefixtures("tiny_networks")
def test_a_run_keeps_its_test_scores_and_which_photos_it_saw(tmp_path, capsys):
    root = write_named(tmp_path / "data", train=3, val=2, test=2)
    run = tmp_path / "run"
    train_mobv2_unet.main([str(root), "--out", str(run), *SHORT])
    figures = last_json(capsys.readouterr().out)
    test = json.loads((run / "test.json").read_text())
    assert (test["images"], test["subjects"], test["level"]) == (2, 2, figures["level"])
    assert test["f1"] == pytest.approx(figures["test"]["f1"], abs=1e-6)
    assert "Test images, of 2 subjects" in (run / "report.html").read_text()
    store_level(run, 7, 0.5, "elsewhere")  # keeps what is there
    kept = read_settings(run)[fingerprints.TRAINED_ON]
    photos = sorted((root / "images").rglob("*.png"))
    assert fingerprints.seen(photos, kept) == [path for path in photos if path.parent.name == "train"]
    train_mobv2_unet.main(
        [
            *(str(write_named(tmp_path / "more", train=4, val=1)), "--out", str(tmp_path / "tuned")),
            *(*SHORT[4:], "--weights", str(run), "--rate-frozen", "0.01"),
        ]
    )
    assert "Test images" not in (tmp_path / "tuned/report.html").read_text()
    assert not (tmp_path / "tuned/test.json").exists()
    tuned = read_settings(tmp_path / "tuned")[fingerprints.TRAINED_ON]
    assert set(fingerprints.seen(photos, kept)) <= set(fingerprints.seen(photos, tuned))


def test_photos_that_were_augmented_are_known_by_their_own_bytes(tmp_path):
    root = write_plain(tmp_path / "data", subjects=3, images=1)
    augment_datasets.main([str(root), str(tmp_path / "both")])
    samples = pairing.find_dataset(tmp_path / "both").samples
    of_one = [sample for sample in samples if sample.subject == "s2"]
    assert len(of_one) == 2
    paths = [sample.image for sample in of_one]
    assert outcome.photos_of(of_one, tmp_path / "both") == [*paths, root / "images/s2/eye1.png"]
    assert outcome.photos_of(of_one, root) == paths
    shutil.rmtree(root)
    assert outcome.photos_of(of_one, tmp_path / "both") == paths


def test_a_full_fingerprint_fits_into_a_model(tmp_path, weights):
    shutil.copytree(weights, tmp_path / "run")
    (tmp_path / "photos").mkdir()
    for number in range(fingerprints.KEPT + 1):
        (tmp_path / f"photos/{number}").write_bytes(b"%d" % number)
    photos = list((tmp_path / "photos").iterdir())
    outcome.remember_photos(argparse.Namespace(weights=None, out=tmp_path / "run"), photos)
    kept = read_settings(tmp_path / "run")[fingerprints.TRAINED_ON]
    assert len(fingerprints.seen(photos, kept)) == fingerprints.KEPT
    assert kept["photos"] == fingerprints.KEPT + 1
