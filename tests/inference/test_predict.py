"""Prediction of folders with a small untrained network: what is written, continued, refused and survived."""

import csv
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from support import names, needs_real_data, save_random_network

import model
import predict_test_images
from munet.core.errors import MunetError
from munet.images import drawing, reading
from munet.inference import prediction
from munet.inference.segmenter import Segmenter
from munet.network import model_files

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has none
SCRIPT = Path(predict_test_images.__file__)


def photo(seed, size=(48, 80)):
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return cv2.resize(noise, size[::-1], interpolation=cv2.INTER_CUBIC)


@pytest.fixture
def photos(tmp_path):
    """Five photos of different sizes, formats and odd names in subfolders."""
    folder = tmp_path / "photos"
    sizes = {
        "a.png": (48, 80),
        "sub/b c'\".bmp": (33, 21),
        "sub/深い\n.jpg": (200, 120),
        "sub/d.webp": (64, 64),
        "one.tiff": (1, 1),
    }
    for seed, (name, size) in enumerate(sizes.items()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo(seed, size)).save(folder / name)
    return folder


def predict(capsys, *args):
    """Runs the script in this process: (exit code, figures of the last line, stderr).

    The photos hold no eyes: each is taken for one, unless a test says otherwise.
    """
    words = [str(arg) for arg in args]
    code = predict_test_images.main(words if "--eyes" in words else [*words, "--eyes", "whole"])
    printed = capsys.readouterr()
    return code, json.loads(printed.out.splitlines()[-1]), printed.err


def tree(folder):
    """Every file's bytes by relative path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def rows(folder):
    with open(folder / "predictions.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_writes_maps_masks_overlays_and_rows_at_each_photos_own_size(weights, photos, tmp_path, capsys):
    out = tmp_path / "out"
    code, figures, _ = predict(capsys, photos, "--weights", weights, "--out", out)
    assert (code, figures["images"], figures["failed"], figures["level"]) == (0, 5, 0, 128)
    segmenter = Segmenter(weights, eyes="whole")
    for row in rows(out):
        path = next(photos.glob(f"{row['image']}.*"))
        probability = reading.read_probability(out / "Predictions" / f"{row['image']}.png")
        np.testing.assert_array_equal(probability, segmenter(reading.read_image(path)))
        with Image.open(out / "Binarised" / f"{row['image']}.png") as mask:
            assert mask.mode == "1"
            np.testing.assert_array_equal(np.asarray(mask), probability >= 128)
        with Image.open(out / "Overlays" / f"{row['image']}.jpg") as overlay:
            assert overlay.size == probability.shape[::-1]
        assert (int(row["height"]), int(row["width"])) == probability.shape
        assert int(row["sclera_pixels"]) == np.count_nonzero(probability >= 128)
    assert len(rows(out)) == 5
    assert {p.name for p in out.iterdir()} == {
        "Predictions",
        "Binarised",
        "Overlays",
        "predictions.csv",
        "eyes.csv",
        "settings.json",
        ".lock",
    }


def test_one_bad_photo_never_stops_the_others(weights, photos, tmp_path, capsys):
    (photos / "text.jpg").write_text("not a photo")
    (photos / "empty.png").touch()
    (photos / "cut.jpg").write_bytes((photos / "sub/深い\n.jpg").read_bytes()[:900])
    (photos / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    code, figures, errors = predict(capsys, photos, "--weights", weights, "--out", tmp_path / "out")
    assert (code, figures["images"], figures["failed"]) == (1, 5, 4)
    failures = {row["image"]: row["error"] for row in rows(tmp_path / "out") if row["status"] == "failed"}
    assert set(failures) == {"text", "empty", "cut", "gone"}
    assert "not an image" in failures["text"]
    assert "0 bytes" in failures["empty"]
    assert errors.count("failed: ") == 4


def test_runs_again_only_what_is_not_done(weights, photos, tmp_path, capsys, monkeypatch):
    (photos / "text.jpg").write_text("not a photo")
    out = tmp_path / "out"
    predict(capsys, photos, "--weights", weights, "--out", out)
    whole = tree(out)
    (out / "Binarised/a.png").unlink()
    table = (out / "predictions.csv").read_bytes()
    # a last line cut short, later ones never written
    (out / "predictions.csv").write_bytes(table[: table.index(b"sub/d") + 9])
    read = []
    monkeypatch.setattr(
        prediction, "read_image", lambda path: read.append(path.name) or reading.read_image(path)
    )
    assert predict(capsys, photos, "--weights", weights, "--out", out)[0] == 1
    assert "one.tiff" not in read
    assert {"a.png", "d.webp"} <= set(read)
    assert tree(out) == whole


def test_other_settings_are_refused_by_name_and_overwrite_starts_afresh(weights, photos, tmp_path, capsys):
    out = tmp_path / "out"
    predict(capsys, photos, "--weights", weights, "--out", out)
    with pytest.raises(MunetError, match="level was 128, now 77"):
        predict(capsys, photos, "--weights", weights, "--out", out, "--level", 77)
    assert predict(capsys, photos, "--weights", weights, "--out", out, "--threshold", "0.3", "--overwrite")[
        1
    ]["level"] == round(0.3 * 255)


def test_shards_and_a_last_run_without_make_what_one_run_makes(weights, photos, tmp_path, capsys):
    (photos / "text.jpg").write_text("not a photo")
    predict(capsys, photos, "--weights", weights, "--out", tmp_path / "whole")
    counts = [
        predict(capsys, photos, "--weights", weights, "--out", tmp_path / "out", "--shard", f"{n}/3")[1]
        for n in (1, 2, 3)
    ]
    assert sum(figures["images"] for figures in counts) == 5
    assert len(list((tmp_path / "out").glob("predictions-*of3.csv"))) == 3
    done = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.png")}
    predict(capsys, photos, "--weights", weights, "--out", tmp_path / "out")
    assert {path: path.stat().st_mtime_ns for path in done} == done
    for n in (1, 2, 3):
        (tmp_path / f"out/.lock-{n}of3").unlink()
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


def test_a_photo_that_is_good_no_more_leaves_no_outputs(weights, photos, tmp_path, capsys):
    predict(capsys, photos, "--weights", weights, "--out", tmp_path / "out")
    (photos / "a.png").write_bytes(b"spoilt")
    shutil.rmtree(tmp_path / "out/Overlays")
    code, figures, _ = predict(capsys, photos, "--weights", weights, "--out", tmp_path / "out")
    assert (code, figures["images"]) == (1, 4)
    assert not [path for path in (tmp_path / "out").rglob("*") if path.stem == "a"]
    assert len(list((tmp_path / "out/Overlays").rglob("*.jpg"))) == 4


def test_photos_that_are_out_of_reach_keep_what_was_made_of_them(weights, photos, tmp_path, capsys):
    (tmp_path / "list.txt").write_text(f"{photos}/a.png\n{photos}/one.tiff\n")
    words = (tmp_path / "list.txt", "--weights", weights, "--out", tmp_path / "out")
    predict(capsys, *words)
    before = tree(tmp_path / "out")
    photos.rename(tmp_path / "unmounted")
    code, figures, _ = predict(capsys, *words)
    assert (code, figures["images"]) == (0, 2)
    assert tree(tmp_path / "out") == before


def test_a_name_that_outputs_cannot_have_fails_alone(weights, tmp_path, capsys):
    for name in ("x.jpg", "x.png/b.jpg", "z.jpg"):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo(0)).save(tmp_path / "photos" / name)
    code, figures, errors = predict(
        capsys, tmp_path / "photos", "--weights", weights, "--out", tmp_path / "out", "--workers", 1
    )
    assert (code, figures["images"], figures["failed"]) == (1, 2, 1)
    assert "rename it" in errors


@pytest.mark.parametrize("code", [errno.EINVAL, errno.EILSEQ])
def test_a_name_that_the_disk_cannot_hold_fails_alone(weights, tmp_path, capsys, monkeypatch, code):
    def replace(source, target, real=os.replace):
        if ":" in Path(target).name:  # as FAT and SMB do
            raise OSError(code, os.strerror(code), str(target))
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    for name in ("a.jpg", "b 12:30.jpg", "c.jpg"):
        (tmp_path / "photos").mkdir(exist_ok=True)
        Image.fromarray(photo(0)).save(tmp_path / "photos" / name)
    done, figures, errors = predict(
        capsys, tmp_path / "photos", "--weights", weights, "--out", tmp_path / "out"
    )
    assert (done, figures["images"], figures["failed"]) == (1, 2, 1)
    assert "b 12:30.jpg" in errors and "rename it" in errors


def test_chosen_photos_in_the_output_folder_are_refused(weights, photos, tmp_path):
    (tmp_path / "list.txt").write_text(f"{photos}/a.png\n{photos}/sub/d.webp\n")
    for source, out in ((tmp_path / "list.txt", photos / "sub"), (photos / "clip.mp4", photos)):
        with pytest.raises(MunetError, match="in the output folder"):
            predict_test_images.main(
                [str(source), "--weights", str(weights), "--out", str(out), "--overwrite"]
            )
    assert (photos / "sub/d.webp").exists()


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "1/0", "-1/3", "a/b"])
def test_a_shard_that_is_none_is_refused(weights, photos, text, capsys):
    with pytest.raises(SystemExit):
        predict_test_images.main([str(photos), "--weights", str(weights), f"--shard={text}"])
    assert "is not I/N" in capsys.readouterr().err


def test_results_that_are_removed_while_it_runs_stop_it_in_one_line(
    weights, photos, tmp_path, capsys, monkeypatch
):
    out = tmp_path / "out"
    monkeypatch.setattr(
        prediction,
        "overlay",
        lambda *what: shutil.rmtree(out, ignore_errors=True) or drawing.overlay(*what),
    )
    with pytest.raises(MunetError, match="was removed while it was written to"):
        predict(capsys, photos, "--weights", weights, "--out", out, "--workers", 1)


def test_photos_that_are_removed_while_it_runs_fail_alone(weights, photos, tmp_path, capsys, monkeypatch):
    def removing(image, mask, boxes):
        (photos / "sub/d.webp").unlink(missing_ok=True)
        return drawing.overlay(image, mask, boxes)

    monkeypatch.setattr(prediction, "overlay", removing)
    code, figures, errors = predict(
        capsys, photos, "--weights", weights, "--out", tmp_path / "out", "--workers", 1
    )
    assert (code, figures["images"], figures["failed"]) == (1, 4, 1)
    assert "No such file or directory" in errors


def test_tta_averages_the_flip(weights, photos):
    image = reading.read_image(photos / "a.png")
    plain, both = Segmenter(weights, eyes="whole"), Segmenter(weights, tta=True, eyes="whole")
    flipped = np.ascontiguousarray(image[:, ::-1])
    np.testing.assert_array_equal(both(image), both(flipped)[:, ::-1])
    mean = (plain(image).astype(float) + plain(flipped)[:, ::-1]) / 2
    assert np.abs(both(image) - mean).max() <= 1
    assert not np.array_equal(both(image), plain(image))


def test_several_inputs_are_predicted_and_resumed(weights, photos, tmp_path, capsys):
    words = ["--weights", weights, "--out", tmp_path / "out"]
    code, figures, _ = predict(capsys, photos / "a.png", *words, photos / "one.tiff", photos / "sub")
    assert (code, figures["images"]) == (0, 5)
    before = tree(tmp_path / "out")
    predict(capsys, photos, *words)  # the same names
    assert tree(tmp_path / "out") == before
    with pytest.raises(MunetError, match="lies in the output folder"):
        predict(capsys, photos / "a.png", photos / "sub/d.webp", *words[:3], photos / "sub")


def test_what_a_shell_left_is_expanded(photos, monkeypatch):
    monkeypatch.chdir(photos)
    args = predict_test_images.parse(["*.png", "sub/*"])
    assert list(map(str, args.images)) == ["a.png", *(f"sub/{name}" for name in sorted(os.listdir("sub")))]
    assert args.out == Path("results/photos")
    assert predict_test_images.parse(["*.gif"]).images == Path("*.gif")  # which does not exist
    Path("[1].png").touch()
    assert predict_test_images.parse(["[1].png"]).images == Path("[1].png")


@pytest.mark.parametrize("other", ["clip.mp4", "s3://bucket/photos", "0"])
def test_what_is_predicted_by_itself_is_no_input_among_others(photos, other, capsys):
    with pytest.raises(SystemExit, match="2"):
        predict_test_images.parse([str(photos), other])
    assert f"{other} is predicted by itself" in capsys.readouterr().err


def test_the_output_folder_is_named_like_the_photos(photos, tmp_path):
    (tmp_path / "set.a").mkdir()
    for source, name in (
        (tmp_path / "set.a", "set.a"),
        (photos / "a.png", "a"),
        (tmp_path / "list.one.txt", "list.one"),
    ):
        assert predict_test_images.parse([str(source)]).out == Path("results") / name


@pytest.mark.parametrize(
    ("words", "told"),
    [(["PHOTOS", "--frames", "3"], "--frames is for"), (["clip.mp4", "--no-overlays"], "overlays")],
)
def test_flags_that_would_do_nothing_are_refused(photos, words, told, capsys):
    with pytest.raises(SystemExit, match="2"):
        predict_test_images.parse([str(photos) if word == "PHOTOS" else word for word in words])
    assert told in capsys.readouterr().err


def test_what_is_left_out_is_told(weights, photos, tmp_path, capsys):
    predict(capsys, photos, "--weights", weights, "--out", photos / "first")
    code, figures, errors = predict(capsys, photos, "--weights", weights, "--out", tmp_path / "second")
    assert (code, figures["images"]) == (0, 5)
    assert "first is left out: it holds what an earlier run made" in errors


def test_a_file_and_a_list_are_accepted(weights, photos, tmp_path, capsys):
    assert (
        predict(capsys, photos / "a.png", "--weights", weights, "--out", tmp_path / "one")[1]["images"] == 1
    )
    (photos / "list.txt").write_text("a.png\nsub/d.webp\n")
    assert (
        predict(capsys, photos / "list.txt", "--weights", weights, "--out", tmp_path / "two")[1]["images"]
        == 2
    )
    assert (tmp_path / "two/Binarised/sub/d.png").exists()


def test_two_photos_of_one_name_are_both_predicted_and_told_once(weights, photos, tmp_path, capsys):
    Image.fromarray(photo(9)).save(photos / "a.jpg")
    code, figures, errors = predict(capsys, photos, "--weights", weights, "--out", tmp_path / "out")
    assert (code, figures["images"]) == (0, 6)
    assert errors.count("called like others but for their ending (1)") == 1
    of = {row["image"]: row["bytes"] for row in rows(tmp_path / "out")}
    assert of["a"] == str((photos / "a.jpg").stat().st_size)
    assert of["a.png"] == str((photos / "a.png").stat().st_size)
    assert (tmp_path / "out/Overlays/a.png.jpg").exists()


def test_no_overlays_writes_none(weights, photos, tmp_path, capsys):
    predict(capsys, photos, "--weights", weights, "--out", tmp_path / "out", "--no-overlays")
    assert not (tmp_path / "out/Overlays").exists()


def test_the_number_of_workers_changes_nothing(weights, photos, tmp_path, capsys):
    for workers in (1, 4):
        predict(capsys, photos, "--weights", weights, "--out", tmp_path / str(workers), "--workers", workers)
    assert tree(tmp_path / "1") == tree(tmp_path / "4")


def command(*args, **options):
    return subprocess.Popen(
        [sys.executable, SCRIPT, *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


@pytest.fixture(scope="module")
def whole_run(weights, tmp_path_factory):
    """A folder of photos that take a while, and what a run that nothing stopped makes of them."""
    folder, out = (tmp_path_factory.mktemp(name) for name in ("many", "whole"))
    for seed in range(30):
        Image.fromarray(photo(seed, (400, 600))).save(folder / f"{seed:02}.png")
    words = [folder, "--weights", weights, "--out", out, "--eyes", "whole"]
    assert predict_test_images.main(list(map(str, words))) == 0
    return folder, tree(out)


@pytest.mark.parametrize(("stop", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 130), (KILL, -9)])
def test_stopped_and_run_again_equals_an_uninterrupted_run(weights, whole_run, tmp_path, capsys, stop, code):
    folder, whole = whole_run
    done = tmp_path / "stopped/Binarised"
    words = (folder, "--weights", weights, "--out", tmp_path / "stopped", "--workers", 1, "--eyes", "whole")
    with command(*words) as process:
        while process.poll() is None and len(list(done.glob("[0-9]*.png"))) < 4:
            time.sleep(0.002)
        process.send_signal(stop)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors
    for path in done.glob("[0-9]*.png"):
        with Image.open(path) as mask:
            mask.load()  # whole, whenever the run was stopped
    assert len(list(done.glob("[0-9]*.png"))) < 30
    predict(capsys, folder, "--weights", weights, "--out", tmp_path / "stopped")
    assert tree(tmp_path / "stopped") == whole


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["photos", "--weights", "WEIGHTS"], "no photos in"),
        (["nowhere", "--weights", "WEIGHTS"], "does not exist"),
        (["one.png", "--weights", "."], "no model at"),
        (["one.png", "--weights", "WEIGHTS", "--out", "file"], "is a file"),
        (["one.png", "--weights", "WEIGHTS", "--level", "256"], "0..255"),
    ],
)
def test_what_cannot_run_is_told_before_anything_is_written(
    weights, tmp_path, monkeypatch, capsys, words, told
):
    (tmp_path / "photos").mkdir()
    Image.fromarray(photo(0)).save(tmp_path / "one.png")
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises((MunetError, SystemExit)) as caught:
        predict_test_images.main([str(weights) if word == "WEIGHTS" else word for word in words])
    if caught.type is SystemExit:
        assert caught.value.code == 2
    error = capsys.readouterr().err if caught.type is SystemExit else f"error: {caught.value}\n"
    assert error.startswith("error: ")
    assert told in error
    assert error.count("\n") == 1
    assert names(tmp_path) == ["file", "one.png", "photos"]


def test_an_error_is_one_line_and_exit_code_2(tmp_path):
    with command(tmp_path / "nowhere", cwd=tmp_path) as process:
        out, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert errors.startswith("error: ")
    assert errors.count("\n") == 1, errors
    assert "Traceback" not in out + errors


@pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="needs a device that is always full (/dev/full, Linux)"
)
def test_a_full_disk_stops_in_one_line(weights, photos, tmp_path, capsys, monkeypatch):
    real, written = prediction.encode_png, []

    def fills_up(pixels):
        written.append(pixels)
        if len(written) > 4:
            with open("/dev/full", "wb", buffering=0) as device:
                device.write(b"x")
        return real(pixels)

    monkeypatch.setattr(prediction, "encode_png", fills_up)
    with pytest.raises(OSError, match="No space left"):
        predict(capsys, photos, "--weights", weights, "--out", tmp_path / "out", "--workers", 1)
    monkeypatch.setattr(prediction, "encode_png", real)
    assert predict(capsys, photos, "--weights", weights, "--out", tmp_path / "out")[0] == 0


@needs_real_data
def test_real_photos_in_their_dataset_layout(weights, tmp_path, capsys):
    out = tmp_path / "out"
    code, figures, _ = predict(
        capsys, Path(os.environ["MUNET_REAL_DATA"]) / "masd_sample", "--weights", weights, "--out", out
    )
    assert (code, figures["images"]) == (0, 5)
    assert (out / "Binarised/0001/1  (3).png").exists()


@pytest.mark.slow
def test_the_largest_photo_is_predicted_and_a_larger_one_refused(weights, tmp_path, capsys):
    (tmp_path / "photos").mkdir()
    Image.fromarray(cv2.resize(photo(0), (20_000, 10_000), interpolation=cv2.INTER_CUBIC)).save(
        tmp_path / "photos/large.jpg", quality=97
    )
    Image.new("L", (20_001, 10_000)).save(tmp_path / "photos/larger.png")
    code, figures, errors = predict(
        capsys, tmp_path / "photos", "--weights", weights, "--out", tmp_path / "out"
    )
    assert (code, figures["images"], figures["failed"]) == (1, 1, 1)
    assert "20001x10000 pixels" in errors
    with reading.open_image(tmp_path / "out/Binarised/large.png", photo=False) as mask:
        assert mask.size == (20_000, 10_000)


def test_outputs_below_the_photos_are_not_taken_for_photos(weights, photos, tmp_path, capsys):
    for _ in range(2):
        assert predict(capsys, photos, "--weights", weights, "--out", photos / "results")[1]["images"] == 5
    with pytest.raises(MunetError, match="lies in the output folder"):
        predict(capsys, photos, "--weights", weights, "--out", tmp_path, "--overwrite")


def test_another_folder_of_photos_is_not_mistaken_for_the_first(weights, photos, tmp_path, capsys):
    predict(capsys, photos, "--weights", weights, "--out", tmp_path / "out")
    with pytest.raises(MunetError, match=r"images was '.*photos', now '.*sub'"):
        predict(capsys, photos / "sub", "--weights", weights, "--out", tmp_path / "out")


def test_photos_whose_names_were_swapped_are_predicted_again(weights, tmp_path, capsys):
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed, name in enumerate("ab"):
        Image.fromarray(photo(seed)).save(folder / f"{name}.png")
        os.utime(folder / f"{name}.png", (1e9, 1e9))
    predict(capsys, folder, "--weights", weights, "--out", tmp_path / "out")
    (folder / "a.png").rename(folder / "c")
    (folder / "b.png").rename(folder / "a.png")
    (folder / "c").rename(folder / "b.png")
    for out in ("out", "fresh"):
        predict(capsys, folder, "--weights", weights, "--out", tmp_path / out)
    assert tree(tmp_path / "out/Predictions") == tree(tmp_path / "fresh/Predictions")


def test_masks_of_photos_that_are_gone_are_told(weights, photos, tmp_path, capsys):
    predict(capsys, photos, "--weights", weights, "--out", tmp_path / "out")
    (photos / "a.png").unlink()
    _, figures, errors = predict(capsys, photos, "--weights", weights, "--out", tmp_path / "out")
    assert figures["images"] == 4
    assert "masks of photos that are not there any more: 1, such as" in errors
    assert "Binarised/a.png" in errors
    (tmp_path / "out/Binarised/a.png").unlink()
    _, _, errors = predict(capsys, photos, "--weights", weights, "--out", tmp_path / "out")
    assert "not there any more" not in errors


def test_what_a_power_cut_left_empty_is_predicted_again(weights, photos, tmp_path, capsys):
    predict(capsys, photos, "--weights", weights, "--out", tmp_path / "out")
    whole = tree(tmp_path / "out")
    for name in ("Predictions/a.png", "Binarised/sub/d.png", "Overlays/one.jpg"):
        (tmp_path / "out" / name).write_bytes(b"")
    predict(capsys, photos, "--weights", weights, "--out", tmp_path / "out")
    assert tree(tmp_path / "out") == whole


def test_a_photo_that_was_replaced_is_predicted_again(weights, photos, tmp_path, capsys):
    predict(capsys, photos, "--weights", weights, "--out", tmp_path / "out")
    Image.fromarray(photo(99, (30, 40))).save(photos / "a.png")
    later = time.time() + 5
    os.utime(photos / "a.png", (later, later))
    predict(capsys, photos, "--weights", weights, "--out", tmp_path / "out")
    assert reading.read_probability(tmp_path / "out/Predictions/a.png").shape == (30, 40)
    assert {row["image"]: row["width"] for row in rows(tmp_path / "out")}["a"] == "40"


@pytest.mark.usefixtures("tiny_networks")
def test_a_new_level_in_the_model_is_named_and_its_weights_are_the_same(photos, tmp_path, capsys):
    weights = save_random_network(tmp_path / "munet")
    digest = model_files.weights_digest(weights)
    predict(capsys, photos, "--weights", weights, "--out", tmp_path / "out", "--runtime", "keras")
    path = model.save_munet(
        model.load_munet(weights)[0],
        tmp_path / "again/munet",
        model_files.read_settings(weights) | {"level": 99},
    )
    assert model_files.weights_digest(path) == digest
    with pytest.raises(MunetError, match=r"other settings \(level was 128, now 99\)"):
        predict(capsys, photos, "--weights", path, "--out", tmp_path / "out", "--runtime", "keras")


def test_a_photo_that_does_not_fit_into_memory_fails_alone(weights, photos, tmp_path, capsys, monkeypatch):
    real = drawing.overlay

    def hungry(image, mask, boxes):
        if mask.shape == (200, 120):
            raise MemoryError
        return real(image, mask, boxes)

    monkeypatch.setattr(prediction, "overlay", hungry)
    code, figures, errors = predict(capsys, photos, "--weights", weights, "--out", tmp_path / "out")
    assert (code, figures["images"], figures["failed"]) == (1, 4, 1)
    assert "MemoryError" in errors


def test_the_photos_of_one_part_of_a_split_alone(weights, photos, tmp_path, capsys):
    split = tmp_path / "split.csv"
    split.write_text("image,subject,part\na,a,test\nsub/d,d,test\none,o,train\nsub/gone,g,test\n")
    words = ["--weights", weights, "--out", tmp_path / "out", "--split", split]
    code, figures, errors = predict(capsys, photos, *words)
    assert (code, figures["images"], [row["image"] for row in rows(tmp_path / "out")]) == (
        0,
        2,
        ["a", "sub/d"],
    )
    assert "photos of the part that are not in" in errors and "photos: 1" in errors
    assert predict(capsys, photos, *words, "--part", "test")[1]["images"] == 2  # the same, resumed
    with pytest.raises(MunetError, match="part was 'test', now 'train'"):
        predict(capsys, photos, *words, "--part", "train")
    with pytest.raises(MunetError, match="has no validation image"):
        predict(capsys, photos, *words, "--part", "validation")


def test_a_split_whose_names_begin_further_down_is_understood(weights, photos, tmp_path, capsys):
    (tmp_path / "split.csv").write_text("image,subject,part\nsub/d,d,test\n")
    words = ["--weights", weights, "--out", tmp_path / "out", "--split", tmp_path / "split.csv"]
    shutil.copytree(photos, tmp_path / "outer/images of all")
    assert predict(capsys, tmp_path / "outer", *words)[1]["images"] == 1
    assert (tmp_path / "out/Binarised/images of all/sub/d.png").exists()
    (tmp_path / "split.csv").write_text("image,subject,part\nother/d,d,test\n")
    with pytest.raises(MunetError, match=r"no photo in .*outer, such as .*, is of the part of --split"):
        predict(capsys, tmp_path / "outer", *words[:3], tmp_path / "new", *words[4:])
