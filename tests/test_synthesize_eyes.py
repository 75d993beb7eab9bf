import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import eyes
import synthesize_eyes
from console import MunetError
from images import read_image

SCRIPT = Path(synthesize_eyes.__file__)
SMALL = ["--count", "7", "--size", "48", "64", "--images-per-subject", "3", "--seed", "5"]


def capture_of(seed, **changes):
    return replace(eyes.draw_capture(np.random.default_rng(seed)), **changes)


def subject_of(seed):
    return eyes.draw_subject(np.random.default_rng(seed))


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def rows_of(folder):
    with (folder / "labels.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    out = tmp_path_factory.mktemp("eyes") / "data"
    assert synthesize_eyes.main([str(out), *SMALL, "--workers", "1"]) == 0
    return out


@pytest.fixture(scope="module")
def many():
    """What draw_eye gives for a hundred small photos of as many people."""
    return [eyes.draw_eye(subject_of(i), np.random.default_rng([i, 1]), (60, 80)) for i in range(100)]


def test_one_generator_state_draws_one_photo():
    first, second, other = (eyes.draw_eye(subject_of(3), np.random.default_rng(seed), (48, 64)) for seed in (4, 4, 5))
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])
    assert first[2] == second[2]
    assert not np.array_equal(first[0], other[0])


def test_images_and_masks_follow_the_conventions(many):
    for image, mask, attributes in many:
        assert image.shape == (60, 80, 3)
        assert image.dtype == np.uint8
        assert mask.shape == (60, 80)
        assert mask.dtype == bool
        assert attributes["sclera_share"] == round(float(mask.mean()), 4)


def test_attributes_are_in_range_and_varied(many):
    attributes = [a for _, _, a in many]
    for a in attributes:
        assert a["eye"] in "LR"
        assert a["gaze"] in eyes.GAZES
        assert a["iris"] in eyes.IRISES
        assert 0 <= a["skin_tone"] <= 1
        assert 0 <= a["openness"] <= 1.4
        assert 0 < a["scale"] < 1
        assert 35 <= a["jpeg_quality"] <= 95
    assert {a["gaze"] for a in attributes} == set(eyes.GAZES)
    assert {a["eye"] for a in attributes} == {"L", "R"}
    assert len({a["iris"] for a in attributes}) >= 5


def test_the_share_of_sclera_spans_wide_frames_to_close_ups(many):
    shares = [mask.mean() for _, mask, _ in many]
    assert 0 < sum(share == 0 for share in shares) < 15
    assert np.mean([0.02 <= share <= 0.45 for share in shares]) > 0.75
    assert np.percentile(shares, 90) > 0.2
    assert max(shares) < 0.6


@pytest.mark.parametrize("gaze", eyes.GAZES)
@pytest.mark.parametrize("eye", ["L", "R"])
def test_the_mask_keeps_to_the_fissure_and_out_of_the_iris(gaze, eye):
    for seed in range(4):
        yaw, pitch = eyes.GAZES[gaze][0] * 35.0, eyes.GAZES[gaze][1] * 20.0
        subject, capture = subject_of(seed), capture_of(seed, eye=eye, gaze=gaze, yaw=yaw, pitch=pitch, openness=0.9, scale=0.4)
        _, mask = eyes.render(subject, capture, (120, 160))
        frame, lids = eyes._Frame(capture, mask.shape), eyes._Lids(subject, capture)
        rho, _ = eyes._Globe(capture, frame, subject.iris_radius).polar(frame.x, frame.y)
        assert mask.any()
        assert rho[mask].min() >= 1
        x, y = frame.x[mask], frame.y[mask]
        pixel = 1.5 / frame.scale
        assert np.abs(x).max() <= 1 + pixel
        # The lids are steep at the canthi, where a pixel sideways is many upwards.
        inside = np.abs(x) < 0.85
        assert np.all(y[inside] >= np.interp(x[inside], lids.at, lids.upper) - 2 * pixel)
        assert np.all(y[inside] <= np.interp(x[inside], lids.at, lids.lower) + 2 * pixel)


def test_a_look_to_the_subjects_left_shows_sclera_on_the_photos_left():
    for eye in "LR":
        capture = capture_of(1, eye=eye, yaw=38.0, pitch=0.0, tilt=0.0, scale=0.4, center_x=0.5, center_y=0.5, openness=1.0)
        _, mask = eyes.render(subject_of(1), capture, (120, 160))
        assert mask[:, :80].sum() > 2 * mask[:, 80:].sum()


def test_closed_lids_give_an_empty_mask_and_squinting_a_smaller_one():
    subject = subject_of(2)
    closed, squinting, wide = (eyes.render(subject, capture_of(2, openness=o), (96, 128))[1].sum() for o in (0.0, 0.4, 1.0))
    assert closed == 0
    assert 0 < squinting < wide


def test_the_mask_depends_on_geometry_alone():
    subject, capture = subject_of(6), capture_of(6, openness=1.0)
    spoilt = replace(capture, seed=1, exposure=-3.0, defocus=9.0, noise=20.0, redness=1.0, jpeg_quality=5)
    long_lashed = replace(subject, lash_count=300, lash_length=0.5)
    assert np.array_equal(eyes.render(subject, capture, (96, 128))[1], eyes.render(long_lashed, spoilt, (96, 128))[1])


def test_the_sclera_is_brighter_than_the_iris_and_the_pupil():
    subject = replace(subject_of(0), iris="dark brown", sclera="white")
    capture = capture_of(0, yaw=0.0, pitch=0.0, openness=1.0, scale=0.4, exposure=0.0, redness=0.0, center_x=0.5, center_y=0.5)
    image, mask = eyes.render(replace(subject), replace(capture, red_pupil=False), (120, 160))
    frame = eyes._Frame(capture, mask.shape)
    rho, _ = eyes._Globe(capture, frame, subject.iris_radius).polar(frame.x, frame.y)
    assert np.median(image[mask]) > np.median(image[rho < 0.8]) + 60


@pytest.mark.parametrize("size", [(16, 16), (33, 301), (301, 33)])
def test_odd_sizes_are_drawn(size):
    for seed in range(5):
        image, mask, _ = eyes.draw_eye(subject_of(seed), np.random.default_rng(seed), size)
        assert image.shape == (*size, 3)
        assert mask.shape == size


def test_a_tiny_size_is_refused():
    with pytest.raises(ValueError, match="at least 16x16"):
        eyes.render(subject_of(0), capture_of(0), (8, 8))


def test_every_image_has_its_mask_and_its_row(dataset):
    rows = rows_of(dataset)
    stems = [Path(row["path"]).relative_to("images").with_suffix("") for row in rows]
    assert len(stems) == len(set(stems)) == 7
    for kind, suffix in (("images", ".jpg"), ("masks", ".png")):
        found = {p.relative_to(dataset / kind).with_suffix("") for p in (dataset / kind).rglob("*" + suffix)}
        assert found == set(stems)
    assert [row["subject"] for row in rows] == ["S0001"] * 3 + ["S0002"] * 3 + ["S0003"]
    for row, stem in zip(rows, stems, strict=True):
        mask = read_image((dataset / "masks" / stem).with_suffix(".png"))
        assert read_image(dataset / row["path"]).shape[:2] == mask.shape[:2] == (48, 64)
        assert set(np.unique(mask)) <= {0, 255}
        assert float(row["sclera_share"]) == pytest.approx((mask[..., 0] > 0).mean(), abs=6e-5)
        assert stem.name.split("_")[:3] == [row["subject"], row["eye"], row["gaze"]]


def test_workers_and_order_change_nothing(dataset, tmp_path):
    assert synthesize_eyes.main([str(tmp_path / "two"), *SMALL, "--workers", "2"]) == 0
    assert contents(tmp_path / "two") == contents(dataset)
    for index in (6, 0, 4):
        row, new = synthesize_eyes.draw_one(tmp_path / "some", 5, (48, 64), 3, index)
        assert new
        assert (tmp_path / "some" / row["path"]).read_bytes() == (dataset / row["path"]).read_bytes()


def test_other_seeds_draw_other_people(dataset, tmp_path):
    row, _ = synthesize_eyes.draw_one(tmp_path, 6, (48, 64), 3, 0)
    assert row["skin_tone"] != float(rows_of(dataset)[0]["skin_tone"])


def test_going_on_restores_the_same_bytes(dataset, capsys):
    before = contents(dataset)
    images, masks = sorted(dataset.rglob("*.jpg")), sorted(dataset.rglob("*.png"))
    kept = images[3].stat().st_mtime_ns
    for path in (images[0], masks[0], images[1], masks[2], dataset / "labels.csv"):
        path.unlink()
    assert synthesize_eyes.main([str(dataset), *SMALL, "--workers", "1"]) == 0
    assert contents(dataset) == before
    assert images[3].stat().st_mtime_ns == kept
    assert "3 drawn now" in capsys.readouterr().out


@pytest.mark.parametrize("other", [["--seed", "6"], ["--count", "8"], ["--size", "50", "64"], ["--images-per-subject", "2"]])
def test_a_folder_of_other_settings_is_refused(dataset, other):
    before = contents(dataset)
    with pytest.raises(MunetError, match=r"other settings.*--overwrite"):
        synthesize_eyes.main([str(dataset), *SMALL, *other, "--workers", "1"])
    assert contents(dataset) == before


def test_the_command_line(tmp_path):
    command = [sys.executable, str(SCRIPT), str(tmp_path / "out"), "--count", "2", "--size", "48", "64", "--workers", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    summary, figures = done.stdout.splitlines()
    assert summary.startswith("2 images of 1 subjects")
    figures = json.loads(figures)
    assert (figures["images"], figures["failed"], figures["out"]) == (2, 0, str(tmp_path / "out"))


@pytest.mark.parametrize("bad", [["--count", "0"], ["--size", "10", "64"], ["--seed", "-1"], ["--workers", "x"]])
def test_bad_options_are_refused_in_one_line(tmp_path, bad, capsys):
    with pytest.raises(SystemExit) as stop:
        synthesize_eyes.main([str(tmp_path / "out"), *bad])
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(os.name == "nt", reason="there is no Ctrl-C for a group of processes to send on Windows")
def test_ctrl_c_ends_quickly_and_keeps_whole_files(tmp_path):
    command = [sys.executable, str(SCRIPT), str(tmp_path), "--count", "100000", "--size", "48", "64", "--workers", "1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            deadline = time.monotonic() + 20
            while not any(tmp_path.rglob("*.png")) and time.monotonic() < deadline:
                time.sleep(0.05)
            os.killpg(process.pid, signal.SIGINT)
            _, said = process.communicate(timeout=10)
        finally:
            process.kill()
    assert process.returncode == 130
    assert said.startswith("interrupted")
    assert said.count("\n") == 1
    assert not list(tmp_path.rglob(".part-*"))
    for path in tmp_path.rglob("*.jpg"):
        assert read_image(path).shape == (48, 64, 3)
