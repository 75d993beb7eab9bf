import os

import numpy as np
import pytest
from PIL import Image
from support import ROOT, draw_eye, last_json, run_script, write_eye, write_plain

import augment_datasets
from munet.core.errors import MunetError
from munet.data.pairing import find_dataset, read_pair
from munet.data.splits import shared_subjects, split_by_subject
from munet.images.reading import read_image
from munet.images.writing import write_png

SCRIPT = ROOT / "augment_datasets.py"


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def pairs(folder):
    """{name: (image, mask)} of a dataset without problems."""
    dataset = find_dataset(folder)
    assert dataset.problems == []
    decoded = {sample.name: read_pair(sample) for sample in dataset.samples}
    return {name: (image, mask.pixels) for name, (image, mask) in decoded.items()}


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def augmented(data, out, *words):
    """The exit code and the output folder's contents."""
    return augment_datasets.main([str(data), str(out), *map(str, words)]), contents(out)


@pytest.fixture
def small(tmp_path):
    return write_plain(tmp_path / "small", subjects=2, images=1)


def test_the_command_line_writes_originals_and_flips_exactly(tiny_dataset, tmp_path):
    done = run_script(SCRIPT, tiny_dataset, tmp_path / "out", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    figures = last_json(done.stdout)
    assert (figures["images"], figures["failed"], figures["out"]) == (24, 0, str(tmp_path / "out"))
    before, after = pairs(tiny_dataset), pairs(tmp_path / "out")
    assert set(after) == {f"{name}{ending}" for name in before for ending in ("", "_flip")}
    for name, (image, mask) in before.items():
        assert same(after[name], (image, mask))
        assert same(after[f"{name}_flip"], (image[:, ::-1], mask[:, ::-1]))
    with Image.open(tmp_path / "out/masks/s1/eye1.png") as opened:
        assert opened.mode == "1"
    kept = find_dataset(tmp_path / "out")
    assert {sample.subject for sample in kept.samples} == {f"s{i}" for i in range(1, 7)}
    assert shared_subjects(split_by_subject(kept.samples)) == []


def test_copies_are_seeded_and_the_same_for_any_number_of_workers(tiny_dataset, tmp_path):
    words = ("--copies", 2, "--degraded", 1)
    (code, one), (_, four), (_, other) = (
        augmented(tiny_dataset, tmp_path / name, *words, *more)
        for name, more in (("one", ("--workers", 1)), ("four", ("--workers", 4)), ("other", ("--seed", 1)))
    )
    assert code == 0
    assert len(one) == 2 + 2 * 12 * 4  # settings.json and .lock
    assert one == four
    differ = {name for name in one if one[name] != other[name] and name.startswith("images")}
    assert differ == {name for name in one if "_copy" in name and name.startswith("images")}
    made = pairs(tmp_path / "one")
    assert not same(made["s1/eye1_copy1"], made["s1/eye1_copy2"])
    assert all(mask.dtype == bool and image.shape == (48, 64, 3) for image, mask in made.values())


def test_photos_that_look_alike_get_copies_of_their_own(tmp_path):
    for name in ("s1/a", "s2/b"):
        write_eye(tmp_path / f"data/images/{name}.png", tmp_path / f"data/masks/{name}.png", seed=5)
    _, files = augmented(tmp_path / "data", tmp_path / "out", "--copies", 1)
    assert files["images/s1/a.png"] == files["images/s2/b.png"]
    assert files["images/s1/a_copy1.png"] != files["images/s2/b_copy1.png"]


def test_no_flips_and_jpeg(small, tmp_path):
    code, files = augmented(small, tmp_path / "out", "--no-flips", "--format", "jpg", "--copies", 1)
    assert code == 0
    assert [name for name in files if "s1" in name] == [
        f"{kind}/s1/eye1{e}"
        for kind, s in (("images", "jpg"), ("masks", "png"))
        for e in (f".{s}", f"_copy1.{s}")
    ]


@pytest.mark.parametrize(
    ("names", "subjects"),
    [
        ({"a": "a", "b c": "b c"}, {"a", "b c"}),
        ({"1_1i_Ll_1": "1_1i_Ll_1", "1_2n_Rs_2": "1_2n_Rs_2"}, {"1"}),
    ],
)
def test_a_flat_dataset_gets_a_folder_for_each_subject(tmp_path, names, subjects):
    for name in names:
        write_eye(tmp_path / f"flat/images/{name}.png", tmp_path / f"flat/masks/{name}.png")
    code, _ = augmented(tmp_path / "flat", tmp_path / "out")
    samples = find_dataset(tmp_path / "out").samples
    assert code == 0
    assert {sample.subject for sample in samples} == subjects
    assert sorted(sample.name.split("/")[1] for sample in samples) == sorted(
        f"{name}{e}" for name in names for e in ("", "_flip")
    )


def test_other_layouts_and_class_indices_become_plain(tmp_path):
    write_eye(tmp_path / "sbvpi/1/1L_l_1.png", None)
    (tmp_path / "sbvpi/1/1L_l_1.png").rename(tmp_path / "sbvpi/1/1L_l_1.bmp")
    Image.fromarray(np.where(draw_eye(0)[1], 3, 1).astype(np.uint8)).save(
        tmp_path / "sbvpi/1/1L_l_1_sclera.png"
    )
    write_eye(tmp_path / "sbvpi/2/2L_l_1.png", None, seed=1)
    Image.fromarray(np.where(draw_eye(1)[1], 3, 1).astype(np.uint8)).save(
        tmp_path / "sbvpi/2/2L_l_1_sclera.png"
    )
    code, _ = augmented(tmp_path / "sbvpi", tmp_path / "out", "--sclera-value", 3)
    assert code == 0
    made = pairs(tmp_path / "out")
    assert sorted(made) == ["1/1L_l_1", "1/1L_l_1_flip", "2/2L_l_1", "2/2L_l_1_flip"]
    assert same(made["2/2L_l_1"], draw_eye(1))


def test_an_interrupted_run_continues_and_whole_files_are_left_alone(tiny_dataset, tmp_path):
    _, whole = augmented(tiny_dataset, tmp_path / "out", "--copies", 1)
    for name in ("images/s1/eye1.png", "masks/s2/eye2_flip.png", "images/s3/eye1_copy1.png"):
        (tmp_path / "out" / name).unlink()
    (tmp_path / "out/images/s1/.part-x.png").write_bytes(b"half")
    kept = tmp_path / "out/images/s6/eye1.png"
    written = kept.stat().st_mtime_ns
    code, again = augmented(tiny_dataset, tmp_path / "out", "--copies", 1)
    assert (code, again) == (0, whole)
    assert kept.stat().st_mtime_ns == written


def test_a_fixed_mask_is_augmented_again_and_what_was_removed_is_told(tiny_dataset, tmp_path, capsys):
    augmented(tiny_dataset, tmp_path / "out")
    assert "warning" not in capsys.readouterr().err
    kept = tmp_path / "out/images/s6/eye1.png"
    written = kept.stat().st_mtime_ns
    write_eye(None, tiny_dataset / "masks/s1/eye1.png", seed=77)
    for kind in ("images", "masks"):
        (tiny_dataset / kind / "s2/eye2.png").unlink()
    augmented(tiny_dataset, tmp_path / "out")
    assert "2 images of none" in (told := capsys.readouterr().err) and "s2/eye2" in told
    fixed, made = pairs(tiny_dataset)["s1/eye1"], pairs(tmp_path / "out")
    assert same(made["s1/eye1"], fixed)
    assert same(made["s1/eye1_flip"], [side[:, ::-1] for side in fixed])
    assert kept.stat().st_mtime_ns == written
    write_eye(None, tmp_path / "older.png", seed=78)
    os.utime(tmp_path / "older.png", (1, 1))
    (tmp_path / "older.png").replace(tiny_dataset / "masks/s1/eye1.png")
    augmented(tiny_dataset, tmp_path / "out")
    assert same(pairs(tmp_path / "out")["s1/eye1"], pairs(tiny_dataset)["s1/eye1"])


def test_other_options_are_refused_in_a_used_folder_unless_overwritten(small, tmp_path):
    augmented(small, tmp_path / "out")
    for words in (
        ["--copies", "1"],
        ["--seed", "9"],
        ["--copies", "1", "--rotation", "-5", "5"],
        ["--format", "jpg"],
        ["--no-flips"],
    ):
        with pytest.raises(MunetError, match="was made with other settings"):
            augment_datasets.main([str(small), str(tmp_path / "out"), *words])
    _, files = augmented(small, tmp_path / "out", "--no-flips", "--overwrite")
    assert not [name for name in files if "_flip" in name]


def test_a_bad_sample_is_named_and_the_rest_is_done(tiny_dataset, tmp_path):
    (tiny_dataset / "images/s2/eye1.png").write_bytes(b"text")
    (tiny_dataset / "masks/s3/eye2.png").unlink()
    done = run_script(SCRIPT, tiny_dataset, tmp_path / "out")
    assert done.returncode == 1
    failures = [line for line in done.stderr.splitlines() if line.startswith("failed: ")]
    assert len(failures) == 2
    assert any("images/s2/eye1.png: found not an image" in line for line in failures)
    assert any("images/s3/eye2.png: found no mask" in line for line in failures)
    assert (last_json(done.stdout)["images"], last_json(done.stdout)["failed"]) == (20, 2)
    assert len(find_dataset(tmp_path / "out").samples) == 20


def test_what_a_power_cut_left_empty_is_made_again(small, tmp_path):
    _, files = augmented(small, tmp_path / "out")
    (tmp_path / "out/images/s1/eye1_flip.png").write_bytes(b"")
    assert augmented(small, tmp_path / "out")[1] == files


def test_what_was_made_of_a_photo_that_became_bad_is_removed(tiny_dataset, tmp_path):
    augment_datasets.main([str(tiny_dataset), str(tmp_path / "out")])
    assert "s1/eye1_flip" in pairs(tmp_path / "out")
    (tiny_dataset / "masks/s1/eye1.png").write_bytes(b"no picture")
    assert augment_datasets.main([str(tiny_dataset), str(tmp_path / "out")]) == 1
    assert sorted({name for name in pairs(tmp_path / "out") if name.startswith("s1/")}) == [
        "s1/eye2",
        "s1/eye2_flip",
    ]


def test_a_preview_is_one_picture_and_nothing_else(tiny_dataset, tmp_path):
    code = augment_datasets.main(
        [str(tiny_dataset), str(tmp_path / "out"), "--preview", str(tmp_path / "new/sheet.png")]
    )
    assert code == 0
    assert not (tmp_path / "out").exists()
    sheet = read_image(tmp_path / "new/sheet.png")
    assert sheet.shape[1] == 240 * 6  # the original, its flip and four copies
    assert sheet.std() > 10


def test_a_preview_names_a_bad_sample(small, tmp_path, capsys):
    (small / "images/s1/eye1.png").write_bytes(b"text")
    assert (
        augment_datasets.main([str(small), str(tmp_path / "out"), "--preview", str(tmp_path / "sheet.png")])
        == 1
    )
    out, err = capsys.readouterr()
    assert "failed: " in err and "s1/eye1.png" in err
    assert (last_json(out)["images"], last_json(out)["failed"]) == (1, 1)


@pytest.mark.parametrize("names", [["s/a", "s/a_flip"], ["a", "a/a"], ["s/a", "s/a_copy1"]])
def test_samples_that_would_write_one_file_are_refused_before_anything_is_written(tmp_path, names):
    for name in names:
        write_eye(tmp_path / f"data/images/{name}.png", tmp_path / f"data/masks/{name}.png")
    with pytest.raises(MunetError, match="would both write"):
        augment_datasets.main([str(tmp_path / "data"), str(tmp_path / "out"), "--copies", "1"])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("data", "out"), [("out", "out"), ("out", "out/more"), ("out/images/..", "."), ("out", "link")]
)
def test_the_data_are_never_overwritten(small, tmp_path, data, out):
    augmented(small, tmp_path / "out")
    (tmp_path / "link").symlink_to(tmp_path / "out")
    before = contents(tmp_path)
    with pytest.raises(MunetError, match="give an OUT outside of DATA"):
        augment_datasets.main([str(tmp_path / data), str(tmp_path / out), "--no-flips", "--overwrite"])
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "words",
    [
        ["--rotation", "10", "-10"],
        ["--rotation", "nan", "nan"],
        ["--shift", "-inf", "inf"],
        ["--scale", "0", "1"],
        ["--gamma", "-1", "1"],
        ["--jpeg", "0", "50"],
        ["--flip", "2"],
        ["--degraded", "-0.1"],
        ["--copies", "-1"],
        ["--workers", "0"],
        ["--sclera-value", "256"],
        ["--noise", "0", "0.1"],  # of copies, of which there are none
    ],
)
def test_options_out_of_range_are_refused_and_named(small, tmp_path, words, capsys):
    with pytest.raises((MunetError, SystemExit)) as caught:
        augment_datasets.main([str(small), str(tmp_path / "out"), *words])
    assert words[0] in str(caught.value) + capsys.readouterr().err or words[0] == "--noise"
    assert not (tmp_path / "out").exists()


def test_a_class_that_no_mask_holds_is_told_and_a_folder_claimed_in_vain_is_free(tmp_path, capsys):
    data, out = tmp_path / "data", tmp_path / "out"
    write_eye(data / "images/a.png", None)
    write_png(data / "masks/a.png", draw_eye(0)[1].astype(np.uint8) * 2 + 1)  # 1 and 3
    assert augment_datasets.main([str(data), str(tmp_path / "wrong"), "--sclera-value", "9"]) == 0
    assert "data holds the class 9: either none shows sclera" in capsys.readouterr().err
    assert augment_datasets.main([str(data), str(out)]) == 1  # which says: give --sclera-value
    assert augment_datasets.main([str(data), str(out), "--sclera-value", "3"]) == 0
    with pytest.raises(MunetError, match="sclera_value was 3, now None"):
        augment_datasets.main([str(data), str(out)])


def test_only_the_range_that_differs_is_named(small, tmp_path):
    augment_datasets.main([str(small), str(tmp_path / "out"), "--copies", "1"])
    with pytest.raises(MunetError, match=r"settings \(noise was \[0\.0, 0\.04\], now \[0\.0, 0\.1\]\)"):
        augment_datasets.main([str(small), str(tmp_path / "out"), "--copies", "1", "--noise", "0", "0.1"])


def test_no_dataset_is_one_line_of_error_and_exit_2(tmp_path):
    done = run_script(SCRIPT, tmp_path, tmp_path / "out")
    assert done.returncode == 2
    assert done.stderr == (
        f"error: {tmp_path} is not a dataset: found an empty folder, expected images/ and masks/ (plain, "
        "MOBIUS), "
        "MASD/ and MASD_GT/, or NAME_sclera.png beside NAME.jpg (SBVPI), "
        "or labels of LabelMe, COCO, YOLO, VIA or CVAT; name its folders with --images DIR --masks DIR\n"
    )


def test_a_preview_never_replaces_a_photo(tiny_dataset, tmp_path):
    photo = next((tiny_dataset / "images").rglob("*.png"))
    before = photo.read_bytes()
    for place in (photo, tmp_path, tmp_path / "sheet.jpg", tmp_path / "out/sheet.png"):
        with pytest.raises(MunetError, match="--preview"):
            augment_datasets.main([str(tiny_dataset), str(tmp_path / "out"), "--preview", str(place)])
    assert photo.read_bytes() == before


def test_labels_that_cannot_be_right_are_told_before_anything_is_written(small, tmp_path, capsys):
    for path in (small / "masks").rglob("*.png"):
        write_png(path, ~(read_image(path)[..., 0] > 0))
    assert augment_datasets.main([str(small), str(tmp_path / "out"), "--no-flips"]) == 0
    assert "2 of 2 masks of" in capsys.readouterr().err
    assert augment_datasets.main([str(small), str(tmp_path / "right"), "--sclera-value", "0"]) == 0
    assert capsys.readouterr().err == ""
    assert all(mask.mean() < 0.5 for _, mask in pairs(tmp_path / "right").values())


def test_the_colour_of_the_sclera_may_be_told(small, tmp_path, capsys):
    for path in (small / "masks").rglob("*.png"):
        write_png(path, (read_image(path) > 0) * np.array([0, 255, 0], np.uint8))
    assert augment_datasets.main([str(small), str(tmp_path / "out")]) == 0
    assert "as in --sclera-color 0,255,0" in capsys.readouterr().err
    assert not any(mask.any() for _, mask in pairs(tmp_path / "out").values())
    words = ["--sclera-color", "0,255,0"]
    assert augment_datasets.main([str(small), str(tmp_path / "told"), *words]) == 0
    assert capsys.readouterr().err == ""
    assert all(mask.any() for _, mask in pairs(tmp_path / "told").values())
    with pytest.raises(SystemExit):
        augment_datasets.main([str(small), str(tmp_path / "both"), *words, "--sclera-value", "1"])


@pytest.mark.parametrize("color", ["red", "1,2", "1,2,256", "1,2,3,4", "-1,2,3"])
def test_what_is_no_colour_is_refused(small, tmp_path, color, capsys):
    with pytest.raises(SystemExit):
        augment_datasets.main([str(small), str(tmp_path / "out"), f"--sclera-color={color}"])
    assert "is not R,G,B" in capsys.readouterr().err


def test_a_cause_that_many_share_is_one_line(tmp_path, capsys):
    for number in range(6):
        write_eye(tmp_path / f"data/images/{number}.png", None, seed=number)
        write_png(tmp_path / f"data/masks/{number}.png", draw_eye(number)[1].astype(np.uint8) * 2)
    assert augment_datasets.main([str(tmp_path / "data"), str(tmp_path / "out")]) == 1
    out, err = capsys.readouterr()
    (line,) = [line for line in err.splitlines() if line.startswith("failed: ")]
    assert "try --sclera-value 2" in line and "5 others alike are listed in" in line
    assert last_json(out)["failed"] == 6
    assert len((tmp_path / "out.problems.csv").read_text().splitlines()) == 7


def test_folders_may_be_named(small, tmp_path):
    (small / "images").rename(small / "pics")
    (small / "masks").rename(small / "truth")
    words = ["--images", "pics", "--masks", "truth"]
    assert augment_datasets.main([str(small), str(tmp_path / "out"), *words]) == 0
    assert len(pairs(tmp_path / "out")) == 4
