import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support import draw_eye, needs_real_data, touch, write_eye

from munet.core.errors import BadInput, MunetError
from munet.data import splits
from munet.data.pairing import Sample, find_dataset, pair_truth, read_pair
from munet.images.masks import read_mask
from munet.images.reading import unturn
from munet.images.writing import write_png

ODD_NAMES = [
    "two  words",
    'it\'s "quoted"',
    "new\nline",
    "tab\tand,comma",
    "склера 眼睛",
    "a.b.c",
    "-dash",
    "100%",
    "back\\slash",
    "wild*[?]",
]


def found(folder):
    """layout, {name: (image, mask, subject)} with the paths below the folder."""
    dataset = find_dataset(folder)
    assert dataset.problems == []
    below = {
        s.name: (s.image.relative_to(folder).as_posix(), s.mask.relative_to(folder).as_posix(), s.subject)
        for s in dataset.samples
    }
    assert list(below) == sorted(below)
    return dataset.layout, below


LAYOUTS = {
    "plain": (
        "plain",
        {
            "s1/a/x": ("images/s1/a/x.JPG", "masks/s1/a/x.png", "s1"),
            "s2/x": ("images/s2/x.tif", "masks/s2/x.bmp", "s2"),
        },
    ),
    "flat": (
        "plain",
        {"x": ("images/x.jpg", "masks/x.png", "x"), "y": ("images/y.heic", "masks/y.png", "y")},
    ),
    "flat, augmented": (
        "plain",
        {
            n: (f"images/{n}.jpg", f"masks/{n}.png", s)
            for n, s in (("x", "x"), ("x_flip", "x"), ("y_copy2", "y"))
        },
    ),
    "MASD": (
        "MASD",
        {
            "0001/1  (3)": ("MASD/0001/1  (3).jpg", "MASD_GT/0001/1(3).png", "0001"),
            "2/1 (11)": ("MASD/2/1 (11).jpg", "MASD_GT/2/1(11).png", "2"),
        },
    ),
    "MOBIUS": (
        "MOBIUS",
        {
            "7/7_1i_Ll_1": ("Images/7/7_1i_Ll_1.jpg", "Masks/7/7_1i_Ll_1.png", "7"),
            "8/8_3n_Rs_2": ("Images/8/8_3n_Rs_2.jpg", "Masks/8/8_3n_Rs_2.png", "8"),
        },
    ),
    "MOBIUS flat": (
        "MOBIUS",
        {
            "7_1i_Ll_1": ("images/7_1i_Ll_1.jpg", "masks/7_1i_Ll_1.png", "7"),
            "7_1p_Ru_2": ("images/7_1p_Ru_2.jpg", "masks/7_1p_Ru_2.png", "7"),
        },
    ),
    "SBVPI": (
        "SBVPI",
        {
            "1/1L_l_1": ("1/1L_l_1.jpg", "1/1L_l_1_sclera.png", "1"),
            "2/2R_s_3": ("2/2R_s_3.jpg", "2/2R_s_3_sclera.png", "2"),
        },
    ),
    "SBVPI flat": (
        "SBVPI",
        {
            "1L_l_1": ("1L_l_1.jpg", "1L_l_1_sclera.png", "1"),
            "12R_s_3": ("12R_s_3.JPG", "12R_s_3_sclera.PNG", "12"),
        },
    ),
}


@pytest.mark.parametrize("wrapped", ["", "unpacked", "unpacked/twice"])
@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_is_detected_and_paired(tmp_path, name, wrapped):
    layout, expected = LAYOUTS[name]
    for image, mask, _ in expected.values():
        touch(tmp_path / wrapped, image, mask)
    touch(tmp_path, "readme.txt", ".hidden/a.png", "._x.jpg")
    if layout == "SBVPI":  # other regions of the same eye, marked or not
        touch(
            tmp_path / wrapped,
            *(
                image.rsplit(".")[0] + f"_{part}.png"
                for image, *_ in expected.values()
                for part in ("iris", "vessels")
            ),
        )
    prefix = f"{wrapped}/" if wrapped else ""
    paths = {
        key: (prefix + image, prefix + mask, subject) for key, (image, mask, subject) in expected.items()
    }
    assert found(tmp_path) == (layout, dict(sorted(paths.items())))


def test_odd_names_are_paired_named_and_split(tmp_path):
    names = [f"{subject}/{name}" for subject in ODD_NAMES for name in ODD_NAMES[:3]]
    touch(tmp_path, *(f"images/{name}.jpg" for name in names), *(f"masks/{name}.png" for name in names))
    samples = find_dataset(tmp_path).samples
    assert [sample.name for sample in samples] == sorted(names)
    parts = splits.split_by_subject(samples, validation=0.3, test=0.3, seed=1)
    splits.write_split(tmp_path / "split.csv", parts)
    again = splits.read_split(tmp_path / "split.csv", samples)
    assert {part: set(group) for part, group in again.items()} == {
        part: set(group) for part, group in parts.items()
    }


def test_undecodable_names_are_paired_printed_and_split(tmp_path):
    for name in (b"images/s\xff/a.jpg", b"masks/s\xff/a.png", b"images/t/\xfe\n.jpg", b"masks/t/\xfe\n.png"):
        touch(tmp_path, os.fsdecode(name))
    dataset = find_dataset(tmp_path)
    assert [sample.subject for sample in dataset.samples] == [os.fsdecode(b"s\xff"), "t"]
    dataset.describe().encode()
    splits.write_split(tmp_path / "split.csv", splits.split_by_subject(dataset.samples))
    assert len(splits.read_split(tmp_path / "split.csv", dataset.samples)["train"]) == 1


def test_one_letter_in_two_unicode_forms_is_one_name(tmp_path):
    touch(
        tmp_path,
        f"images/{unicodedata.normalize('NFD', 'é')}.jpg",
        f"masks/{unicodedata.normalize('NFC', 'é')}.png",
    )
    assert len(find_dataset(tmp_path).samples) == 1


@pytest.mark.parametrize(
    ("extra", "problems"),
    [
        (["images/s1/b.jpg"], {"images/s1/b.jpg": "no mask"}),
        (["masks/s1/b.png"], {"masks/s1/b.png": "no image"}),
        (["images/b.jpg", "masks/s1/b.png"], {"images/b.jpg": "no mask", "masks/s1/b.png": "no image"}),
        (
            ["images/s1/b.jpg", "masks/s1/b.png", "masks/s1/b.gif"],
            dict.fromkeys(["masks/s1/b.png", "masks/s1/b.gif"], "2 files of this name"),
        ),
    ],
)
def test_what_does_not_pair_is_named(tmp_path, extra, problems):
    touch(tmp_path, "images/s1/a.jpg", "masks/s1/a.png", *extra)
    dataset = find_dataset(tmp_path)
    assert [sample.name for sample in dataset.samples] == ["s1/a"]
    named = {p.path.removeprefix(f"{tmp_path}/"): p.found for p in dataset.problems}
    assert named.items() >= problems.items()
    assert all(p.remedy and p.expected for p in dataset.problems)


def test_a_doubled_mask_is_not_also_called_unpaired(tmp_path):
    touch(tmp_path, "images/a.jpg", "masks/a.png", "images/b.jpg", "masks/b.png", "masks/b.bmp")
    assert sorted(Path(p.path).name for p in find_dataset(tmp_path).problems) == ["b.bmp", "b.png"]


@pytest.mark.parametrize("other", ["b.png", "b.HEIC", "b.tif"])
def test_of_one_photo_in_two_formats_the_jpeg_is_taken_and_the_other_told(tmp_path, other, capsys):
    touch(tmp_path, "images/a.jpg", "masks/a.png", "images/b.JPG", f"images/{other}", "masks/b.png")
    dataset = find_dataset(tmp_path)
    assert dataset.problems == []
    assert [sample.image.name for sample in dataset.samples] == ["a.jpg", "b.JPG"]
    assert f"two formats: 1, such as {tmp_path}/images/b.JPG, which is taken" in capsys.readouterr().err


def test_doubles_of_masd_are_seen_through_spaces(tmp_path):
    touch(
        tmp_path,
        "MASD/1/1 (3).jpg",
        "MASD/1/1  (3).jpg",
        "MASD_GT/1/1(3).png",
        "MASD/1/2.jpg",
        "MASD_GT/1/2.png",
    )
    dataset = find_dataset(tmp_path)
    assert [sample.name for sample in dataset.samples] == ["1/2"]
    assert [p.found for p in dataset.problems] == ["2 files of this name"] * 2


@pytest.mark.parametrize(
    "names",
    [
        ["1_1i_Ll_1", "1_2n_Rr_1", "2_1i_Ll_1"],
        ["1L_l_1", "1R_r_1", "2L_l_1"],
        ["S1_L_s_01", "S1_R_u_02", "S2_L_s_01"],
    ],
)
def test_flat_names_that_tell_the_person_are_of_one_subject_whatever_lies_beside_them(tmp_path, names):
    touch(tmp_path, *(f"{kind}/{name}.png" for kind in ("images", "masks") for name in ("0", *names)))
    subjects = [sample.subject for sample in find_dataset(tmp_path).samples]
    assert len(set(subjects)) == 3
    assert subjects[1] == subjects[2] != subjects[3]


def test_a_size_mismatch_names_both_sizes(tmp_path):
    write_eye(tmp_path / "images/a.png", None, size=(48, 64))
    write_eye(None, tmp_path / "masks/a.png", size=(48, 63))
    with pytest.raises(
        BadInput, match=r"masks/a\.png: found 63x48 pixels, expected 64x48 pixels like a\.png"
    ):
        read_pair(find_dataset(tmp_path).samples[0])


def test_a_vanished_file_is_a_bad_input(tiny_dataset):
    sample = find_dataset(tiny_dataset).samples[0]
    sample.mask.unlink()
    with pytest.raises(BadInput, match=r"masks/s1/eye1\.png: found No such file"):
        read_pair(sample)


@pytest.mark.parametrize(
    "folders", ["images/masks", "image/label", "img/masks", "JPEGImages/SegmentationClass"]
)
@pytest.mark.parametrize("wrapped", ["", "mydata/"])
def test_folders_of_usual_names_are_a_dataset(tmp_path, folders, wrapped):
    images, masks = folders.split("/")
    touch(
        tmp_path,
        f"{wrapped}{images}/s1/a.jpg",
        f"{wrapped}{masks}/s1/a.png",
        "__MACOSX/mydata/images/._a.jpg",
    )
    assert [sample.name for sample in find_dataset(tmp_path).samples] == ["s1/a"]


def test_of_two_folders_of_masks_none_is_guessed_and_both_folders_may_be_named(tmp_path):
    touch(tmp_path, "img/s1/a.jpg", "labels/s1/a.png", "gt/s1/a.png", "other/s1/a.jpg")
    with pytest.raises(
        MunetError, match=r"is not a dataset: .* name its folders with --images DIR --masks DIR"
    ):
        find_dataset(tmp_path)
    for masks in ("gt", tmp_path / "gt"):
        dataset = find_dataset(tmp_path, images="img", masks=masks)
        assert [sample.mask for sample in dataset.samples] == [tmp_path / "gt/s1/a.png"]
    for images, masks, error in (
        ("img", None, "give both"),
        ("no", "gt", "--images no is not a folder"),
        ("gt", "gt", "are both gt"),
    ):
        with pytest.raises(MunetError, match=error):
            find_dataset(tmp_path, images=images, masks=masks)


@pytest.mark.parametrize("ending", ["_mask", "-label", "_gt", "_seg"])
def test_masks_beside_their_photos_are_known_by_their_ending(tmp_path, ending):
    touch(tmp_path, *(f"s{i}/a{e}" for i in (1, 2) for e in (".jpg", f"{ending}.png")))
    dataset = find_dataset(tmp_path)
    assert (dataset.layout, dataset.problems) == ("masks beside photos", [])
    assert [s.mask.name for s in dataset.samples] == [f"a{ending}.png"] * 2


def test_folders_that_an_archive_put_around_one_side_are_entered(tmp_path):
    touch(tmp_path, "images/images/a.jpg", "masks/a.png")
    assert [sample.name for sample in find_dataset(tmp_path).samples] == ["a"]


def test_names_with_endings_pair_and_the_line_says_like_what(tmp_path):
    touch(tmp_path, "images/s1/a.jpg", "images/s1/b.jpg", "masks/s1/a_mask.png", "masks/s1/b_mask.png")
    dataset = find_dataset(tmp_path)
    assert (len(dataset.samples), dataset.problems) == (2, [])
    assert dataset.describe().endswith("of 1 subject, paired like a.jpg with a_mask.png")


def test_without_a_pair_both_sides_are_shown_with_the_rule(tmp_path):
    touch(tmp_path, "images/left.jpg", "masks/right.png")
    with pytest.raises(
        MunetError, match=r"1 image such as left.jpg in images/, 1 mask such as right.png in masks/"
    ):
        find_dataset(tmp_path)
    (tmp_path / "masks/right.png").unlink()
    (tmp_path / "masks/left.json").write_text("{}")  # of no tool that is known
    with pytest.raises(MunetError, match=r"1 .json file there cannot be read: convert to PNG"):
        find_dataset(tmp_path)


def test_masks_of_parts_are_joined_and_other_classes_left_out(tmp_path, capsys):
    one, other = np.zeros((2, 48, 64), bool)
    one[:5], other[9:] = True, True
    for name, mask in (("a_1", one), ("a_2", other), ("b_sclera", one), ("b_iris", other)):
        write_png(tmp_path / f"masks/{name}.png", mask)
    for name in "ab":
        write_eye(tmp_path / f"images/{name}.png", None)
    dataset = find_dataset(tmp_path)
    assert dataset.problems == []
    joined, sclera = (read_pair(sample)[1].pixels for sample in dataset.samples)
    assert np.array_equal(joined, one | other)
    assert np.array_equal(sclera, one)
    assert "masks of other classes than sclera are left out: 1, such as" in capsys.readouterr().err


def turned_dataset(folder, orientation, stored, mask_orientation=1):
    """A photo with an EXIF turn: upright image and mask, of which the mask may be drawn on stored pixels."""
    image, mask = draw_eye(4)
    for kind, pixels, turn, told in (
        ("images", image, orientation, orientation),
        ("masks", mask, orientation if stored else 1, mask_orientation),
    ):
        exif = Image.Exif()
        exif[0x112] = told
        (folder / kind).mkdir(parents=True)
        Image.fromarray(np.ascontiguousarray(unturn(pixels, turn))).save(folder / kind / "a.png", exif=exif)
    return image, mask


@pytest.mark.parametrize("orientation", range(1, 9))
def test_masks_of_stored_pixels_turn_with_their_photos_where_that_is_told(tmp_path, orientation):
    image, mask = turned_dataset(tmp_path, orientation, stored=True)
    pair = read_pair(find_dataset(tmp_path, exif="ignore").samples[0])
    assert np.array_equal(pair[0], image)
    assert np.array_equal(pair[1].pixels, mask)


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_mask_with_the_turn_of_its_photo_is_turned(tmp_path, orientation):
    _, mask = turned_dataset(tmp_path, orientation, stored=True, mask_orientation=orientation)
    for exif in (None, "ignore"):
        assert np.array_equal(read_pair(find_dataset(tmp_path, exif=exif).samples[0])[1].pixels, mask)


def test_a_turn_that_changes_the_size_is_named_with_the_flag_that_helps(tmp_path):
    turned_dataset(tmp_path / "stored", 6, stored=True)
    with pytest.raises(BadInput, match=r"before its EXIF turn \(6\), expected .*give --exif ignore"):
        read_pair(find_dataset(tmp_path / "stored").samples[0])
    turned_dataset(tmp_path / "upright", 6, stored=False)
    with pytest.raises(BadInput, match="leave --exif ignore out"):
        read_pair(find_dataset(tmp_path / "upright", exif="ignore").samples[0])
    turned_dataset(tmp_path / "own", 1, stored=False, mask_orientation=8)
    with pytest.raises(BadInput, match=r"after its own EXIF turn \(8\).*give --exif ignore"):
        read_pair(find_dataset(tmp_path / "own").samples[0])


@pytest.mark.parametrize(
    "names", [[], ["a.jpg"], ["images/a.jpg"], ["one/a.jpg", "two/b.jpg"], ["images/a.jpg", "masks/b.png"]]
)
def test_what_is_no_dataset_is_refused_with_what_was_found(tmp_path, names):
    touch(tmp_path, *names)
    with pytest.raises(
        MunetError, match=r"is not a dataset: found|has no image with a mask: 1 image such as a.jpg"
    ):
        find_dataset(tmp_path)
    with pytest.raises(MunetError, match="not a folder that exists"):
        find_dataset(tmp_path / "missing")


def test_loops_of_links_end(tmp_path):
    touch(tmp_path, "images/s1/a.jpg", "masks/s1/a.png")
    (tmp_path / "images/s1/loop").symlink_to(tmp_path)
    assert len(find_dataset(tmp_path).samples) == 1
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/loop").symlink_to(tmp_path / "empty")
    with pytest.raises(MunetError, match="is not a dataset"):
        find_dataset(tmp_path / "empty")


def test_truths_with_endings_pair_with_maps_and_parts_are_refused(tmp_path):
    touch(tmp_path, "maps/a.png", "maps/b.png", "gt/a_mask.png", "gt/b_1.png", "gt/b_2.png")
    pairs, problems = pair_truth(tmp_path / "maps", tmp_path / "gt")
    assert [(m.name, t.name) for m, t in pairs] == [("a.png", "a_mask.png")]
    assert [problem.found for problem in problems] == ["2 masks of one photo"]


@pytest.mark.parametrize("nested", ["", "Predictions/"])
def test_truth_pairs_with_maps_through_spaces_case_and_suffix(tmp_path, nested):
    touch(tmp_path / "maps", f"{nested}1/1  (3).png", f"{nested}1/B.png", f"{nested}1/alone.png")
    touch(
        tmp_path / "truth",
        "MASD/1/1  (3).jpg",
        "MASD_GT/1/1(3).png",
        "MASD/1/b.jpg",
        "MASD_GT/1/b.bmp",
        "MASD_GT/1/more.png",
    )
    for truth in (tmp_path / "truth", tmp_path / "truth/MASD_GT"):
        pairs, problems = pair_truth(tmp_path / "maps", truth)
        assert [(m.name, t.name) for m, t in pairs] == [("1  (3).png", "1(3).png"), ("B.png", "b.bmp")]
        assert {(Path(p.path).name, p.found) for p in problems} == {
            ("alone.png", "no mask"),
            ("more.png", "no prediction"),
        }


def test_photos_of_different_people_are_not_paired_by_their_number_alone(tmp_path):
    touch(
        tmp_path,
        "maps/alice/1.png",
        "maps/alice/2.png",
        "truth/bob/1.png",
        "truth/bob/2.png",
        "flat/1.png",
        "flat/2.png",
    )
    pairs, problems = pair_truth(tmp_path / "maps", tmp_path / "truth")
    assert pairs == []
    assert len(problems) == 4
    assert [map_path.name for map_path, _ in pair_truth(tmp_path / "flat", tmp_path / "truth")[0]] == [
        "1.png",
        "2.png",
    ]
    assert [mask.name for _, mask in pair_truth(tmp_path / "maps", tmp_path / "flat")[0]] == [
        "1.png",
        "2.png",
    ]


def test_truth_without_maps_or_masks_is_an_error(tmp_path):
    touch(tmp_path, "maps/a.png", "empty/readme.txt")
    for maps, truth in (("maps", "empty"), ("empty", "maps"), ("missing", "maps"), ("maps", "missing")):
        with pytest.raises(MunetError, match=r"no masks in|no probability maps in|not a folder"):
            pair_truth(tmp_path / maps, tmp_path / truth)


def samples_of(counts):
    return [
        Sample(f"{s}/{i}", Path(f"{s}/{i}.jpg"), Path(f"{s}/{i}.png"), f"{s}")
        for s, n in enumerate(counts)
        for i in range(n)
    ]


@given(
    st.lists(st.integers(1, 9), min_size=3, max_size=30),
    st.floats(0.01, 0.9),
    st.floats(0, 0.9),
    st.integers(0, 99),
)
def test_no_subject_is_in_two_parts_and_no_image_is_lost(counts, validation, test, seed):
    samples = samples_of(counts)
    parts = splits.split_by_subject(samples, validation, test, seed)
    assert sorted(sample.name for part in parts.values() for sample in part) == sorted(
        sample.name for sample in samples
    )
    assert splits.shared_subjects(parts) == []
    assert parts["train"] and parts["validation"] and bool(parts["test"]) == (test > 0)
    assert parts == splits.split_by_subject(samples, validation, test, seed)


def test_shares_are_of_the_subjects_and_seeds_differ():
    samples = samples_of([3] * 20)
    parts = splits.split_by_subject(samples, 0.2, 0.3, seed=0)
    assert [len({sample.subject for sample in parts[part]}) for part in splits.PARTS] == [10, 4, 6]
    assert (
        len(
            {
                tuple(s.name for s in splits.split_by_subject(samples, seed=seed)["validation"])
                for seed in range(5)
            }
        )
        > 1
    )


def test_too_few_subjects_are_an_error_that_says_what_to_do():
    with pytest.raises(MunetError, match=r"needs 2 subjects, found 1 .*--split"):
        splits.split_by_subject(samples_of([9]))
    with pytest.raises(MunetError, match="needs 3 subjects, found 2"):
        splits.split_by_subject(samples_of([1, 1]), test=0.1)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("image,subject,part\n0/0,0,train\n1/0,1,dev\n", "image '1/0' into part 'dev'"),
        ("image,subject,part\n0/0,0,train\n9/0,1,validation\n", "image '9/0'"),
        ("image,subject,part\n0/0,0,train\n0/0,0,validation\n", "image '0/0' into part 'validation'"),
        ("image,subject,part\n0/0,0,train\n1/0\n", "into part None"),
        ("image,subject,part\n0/0,0,train\n", "has no validation image"),
        ("photo,subject,part\n0/0,0,train\n", "expected a CSV with the columns"),
        ("", "has no train image"),
        (None, "No such file"),
    ],
)
def test_an_edited_split_that_does_not_fit_is_named(tmp_path, text, error):
    if text is not None:
        (tmp_path / "split.csv").write_text(text)
    with pytest.raises(MunetError, match=f"split.csv.*{error}"):
        splits.read_split(tmp_path / "split.csv", samples_of([2, 2]))


def test_a_split_saved_by_a_spreadsheet_is_read_and_shared_subjects_are_seen(tmp_path):
    for mark in ",;":
        text = "\ufeffimage,subject,part\r\n0/2,0,train\r\n0/1,0,validation\r\n\r\n0/0,0,train\r\n".replace(
            ",", mark
        )
        (tmp_path / "split.csv").write_text(text, encoding="utf-8")
        parts = splits.read_split(tmp_path / "split.csv", samples_of([4]))
        assert [[sample.name for sample in parts[part]] for part in splits.PARTS] == [
            ["0/0", "0/2"],
            ["0/1"],
            [],
        ]
    assert splits.shared_subjects(parts) == ["0"]


@needs_real_data
@pytest.mark.parametrize(
    ("name", "layout", "count", "subjects", "sclera_value"),
    [("masd_sample", "MASD", 5, 1, None), ("webcam_eyes", "plain", 167, 7, 1)],
)
def test_real_data_pairs_whole(name, layout, count, subjects, sclera_value):
    dataset = find_dataset(Path(os.environ["MUNET_REAL_DATA"]) / name)
    assert (dataset.layout, len(dataset.samples), dataset.problems) == (layout, count, [])
    assert len({sample.subject for sample in dataset.samples}) == subjects
    image, mask = read_pair(dataset.samples[0], sclera_value)
    assert image.shape[:2] == mask.pixels.shape
    shares = [read_mask(sample.mask, sclera_value).pixels.mean() for sample in dataset.samples]
    assert 0.01 < np.median(shares) < 0.5
    if sclera_value:
        with pytest.raises(BadInput, match="--sclera-value"):
            for sample in dataset.samples:
                read_pair(sample)
    else:
        assert mask.coding == "binary"


def test_a_pair_is_read_whole(tmp_path):
    pixels = np.arange(48 * 64 * 3, dtype=np.uint8).reshape(48, 64, 3)
    write_png(tmp_path / "images/a.png", pixels)
    write_png(tmp_path / "masks/a.png", pixels[..., 0] > 99)
    image, mask = read_pair(find_dataset(tmp_path).samples[0])
    assert np.array_equal(image, pixels)
    assert np.array_equal(mask.pixels, pixels[..., 0] > 99)
