"""Which photos are found, and how they are parted."""

import json

import pytest
from support import touch, write_plain

from munet.core.errors import MunetError
from munet.inference.photos import Photos, find_photos


def test_loops_of_links_end(tmp_path):
    touch(tmp_path, "photos/x.jpg")
    (tmp_path / "photos/loop").symlink_to(tmp_path / "photos")
    assert list(dict(find_photos(tmp_path / "photos"))) == ["x"]


def test_photos_of_a_folder_of_one_file_and_of_a_list(tmp_path):
    touch(tmp_path, "a.jpg", "sub/b.PNG", "sub/.c.jpg", "notes.doc", "elsewhere/d.jpg")
    assert dict(find_photos(tmp_path)) == {
        "a": tmp_path / "a.jpg",
        "elsewhere/d": tmp_path / "elsewhere/d.jpg",
        "sub/b": tmp_path / "sub/b.PNG",
    }
    assert dict(find_photos(tmp_path / "a.jpg")) == {"a": tmp_path / "a.jpg"}
    (tmp_path / "sub/list.txt").write_bytes(
        f"\ufeffb.PNG\r\n\r\n../a.jpg\r\n{tmp_path}/elsewhere/d.jpg\nnot there\u2028.jpg".encode()
    )
    photos = dict(find_photos(tmp_path / "sub/list.txt"))
    assert list(photos) == ["a", "elsewhere/d", "sub/b", "sub/not there\u2028"]
    assert photos["a"].samefile(tmp_path / "a.jpg")


def test_photos_of_a_dataset_are_its_images(tmp_path):
    write_plain(tmp_path / "data", subjects=2, images=1)
    assert list(dict(find_photos(tmp_path / "data"))) == ["s1/eye1", "s2/eye1"]
    touch(tmp_path, "own.jpg")
    assert "own" in dict(find_photos(tmp_path))
    touch(tmp_path / "sbvpi", "1L_l_1.jpg", "1L_l_1_sclera.png", "1L_l_1_iris.png")
    assert list(dict(find_photos(tmp_path / "sbvpi"))) == ["1L_l_1"]


def test_of_two_photos_of_one_name_the_second_is_named_with_its_ending(tmp_path):
    touch(tmp_path, "a.HEIC", "a.JPG", "a.png", "b.jpg", "s/a.tiff", "s/a.heic")
    photos = find_photos(tmp_path)
    found = {name: path.name for name, path in photos}
    assert found == {
        **{"a": "a.JPG", "a.HEIC": "a.HEIC", "a.png": "a.png", "b": "b.jpg"},
        **{"s/a": "a.tiff", "s/a.heic": "a.heic"},
    }
    assert [name for name, _ in photos] == sorted(found)  # the table's order
    (note,) = photos.notes
    assert "(3), such as" in note and "a.png.png" in note
    (tmp_path / "list.txt").write_text("x/a.jpg\nx/../x/a.png\nx/y/../a.jpg\n")
    assert [name for name, _ in find_photos(tmp_path / "list.txt")] == ["x/a", "x/a.png"]


def test_a_name_with_its_ending_is_nobody_elses_in_any_part():
    photos = Photos("d", ["a.jpg", "a.heic", "a.heic.png", "a.heic.jpg"])
    whole = dict(photos.files())
    assert set(whole.values()) == {"a.jpg", "a.heic", "a.heic.png", "a.heic.jpg"}
    assert (whole["a"], whole["a.heic"], whole["a.heic.heic"]) == ("a.jpg", "a.heic.jpg", "a.heic")
    parts = [dict(photos.shard(number, 3).files()) for number in (1, 2, 3)]
    assert {name: file for part in parts for name, file in part.items()} == whole
    assert dict(photos.only(lambda name, file: file == "a.heic").files()) == {"a.heic.heic": "a.heic"}


def test_of_a_datasets_photos_one_a_name_is_taken_as_in_training(tmp_path):
    touch(tmp_path, "images/a.heic", "images/a.jpg", "images/b.png", "masks/a.png", "masks/b.png")
    photos = find_photos(tmp_path)
    assert [path.name for _, path in photos] == ["a.jpg", "b.png"]
    assert "as in training (1, such as a.heic)" in photos.notes[0]


def test_a_list_over_several_folders_keeps_names_apart(tmp_path):
    (tmp_path / "list.txt").write_text("/d/s1/a.jpg\n/d/s2/a.jpg\n")
    assert list(dict(find_photos(tmp_path / "list.txt"))) == ["s1/a", "s2/a"]


def test_one_odd_name_does_not_make_a_folder_a_dataset(tmp_path):
    touch(tmp_path, "a.jpg", "b_iris.jpg", "left_sclera.png")
    assert list(dict(find_photos(tmp_path))) == ["a", "b_iris", "left_sclera"]


def test_no_photos_is_an_error(tmp_path):
    touch(tmp_path, "notes.doc")
    (tmp_path / "list.txt").write_text("\n")
    for source in (tmp_path, tmp_path / "list.txt", tmp_path / "missing"):
        with pytest.raises(MunetError, match=r"no photos in|does not exist"):
            find_photos(source)


def test_shards_part_the_photos_by_name_alone():
    photos = Photos("d", [f"s{i % 7}/p{i}.jpg" for i in range(200)])
    parts = [[name for name, _ in photos.shard(number, 3)] for number in (1, 2, 3)]
    assert sorted(name for part in parts for name in part) == [name for name, _ in photos]
    assert min(map(len, parts)) > 40
    fewer = Photos("d", [f"s{i % 7}/p{i}.png" for i in range(0, 200, 2)])
    assert {name for name, _ in fewer.shard(2, 3)} == set(parts[1]) & {name for name, _ in fewer}
    assert [name for name, _ in photos.shard(1, 1)] == [name for name, _ in photos]


def test_lists_in_utf_16_are_read_and_others_refused(tmp_path):
    touch(tmp_path, "a.jpg", "b.jpg")
    (tmp_path / "list.txt").write_text("a.jpg\r\nb.jpg\r\n", encoding="utf-16")
    assert list(dict(find_photos(tmp_path / "list.txt"))) == ["a", "b"]
    (tmp_path / "list.txt").write_bytes(b"a.jpg\n\0\0b")
    with pytest.raises(MunetError, match=r"list\.txt is not a text file"):
        find_photos(tmp_path / "list.txt")


def test_an_output_folder_does_not_change_the_layout(tmp_path):
    write_plain(tmp_path / "archive/data", 2, 1)
    before = list(dict(find_photos(tmp_path / "archive", tmp_path / "archive/out")))
    touch(tmp_path, "archive/out/Predictions/s1/eye1.png")
    assert (
        list(dict(find_photos(tmp_path / "archive", tmp_path / "archive/out")))
        == before
        == ["s1/eye1", "s2/eye1"]
    )


def test_outputs_below_the_photos_are_left_out(tmp_path):
    photos = Photos(tmp_path, ["a.jpg", "out/b.png", "out2/c.png"])
    assert [name for name, _ in photos.outside(tmp_path / "out")] == ["a", "out2/c"]
    assert len(photos.outside(tmp_path.parent / "elsewhere")) == 3
    (tmp_path / "link").symlink_to(tmp_path)
    assert [
        name for name, _ in Photos(tmp_path / "link", ["a.jpg", "out/b.png"]).outside(tmp_path / "out")
    ] == ["a"]


def test_photos_beside_a_layouts_folders_are_told(tmp_path):
    data = write_plain(tmp_path / "data", 2, 1)
    touch(data, "classes/s1/eye1.png", "out/Overlays/s1/eye1.jpg")
    assert not find_photos(data).notes  # of the same names: made of the photos
    touch(data, "more/IMG_1.jpg", "new/s9/eye1.jpg", "IMG_2.jpg", "out/Overlays/IMG_1.jpg")
    (note,) = find_photos(data, data / "out").notes
    assert "images beside them are left out (3, such as" in note and str(data / "images") in note


def test_photos_in_the_output_folder_alone_are_none(tmp_path):
    touch(tmp_path, "photos/out/a.jpg")
    with pytest.raises(MunetError, match="out is left out: it is the output folder"):
        find_photos(tmp_path / "photos", tmp_path / "photos/out")


def test_what_earlier_runs_made_is_left_out_and_told(tmp_path):
    touch(
        tmp_path,
        "photos/a.jpg",
        "photos/first/Overlays/a.jpg",
        "photos/sub/run/curves.png",
        "photos/own/b.jpg",
    )
    for folder, script in (
        ("first", "predict_test_images.py"),
        ("sub/run", "train_mobv2_unet.py"),
        ("own", "augment_datasets.py"),
    ):
        (tmp_path / "photos" / folder / "settings.json").write_text(json.dumps({"script": script}))
    photos = find_photos(tmp_path / "photos")
    assert list(dict(photos)) == ["a", "own/b"]
    (note,) = photos.notes
    assert str(tmp_path / "photos/first") in note and "(such folders: 2)" in note
    with pytest.raises(MunetError, match=r"no photos in .*first.*holds what an earlier run made"):
        find_photos(tmp_path / "photos/first")


def test_an_earlier_result_does_not_change_the_layout(tmp_path):
    write_plain(tmp_path / "archive/data", 2, 1)
    touch(tmp_path, "archive/first/Predictions/s1/eye1.png")
    (tmp_path / "archive/first/settings.json").write_text('{"script": "predict_test_images.py"}')
    assert list(dict(find_photos(tmp_path / "archive"))) == ["s1/eye1", "s2/eye1"]


def test_masks_of_datasets_in_a_folder_are_left_out_and_told(tmp_path):
    for part in ("p1", "p2"):
        write_plain(tmp_path / part, 1, 1)
    touch(tmp_path, "p3/masks/a.jpg", "p1/own.jpg")
    photos = find_photos(tmp_path)
    assert list(dict(photos)) == ["p1/images/s1/eye1", "p1/own", "p2/images/s1/eye1", "p3/masks/a"]
    (note,) = photos.notes
    assert "p1/masks is left out" in note and "(such folders: 2)" in note


@pytest.mark.parametrize("suffix", [".jpeg", ".JPEG", ".bmp"])
def test_sbvpi_is_known_by_photos_of_any_format(tmp_path, suffix):
    touch(tmp_path, f"1L_l_1{suffix}", "1L_l_1_sclera.png", f"1L_r_1{suffix}", "1L_r_1_iris.png")
    assert list(dict(find_photos(tmp_path))) == ["1L_l_1", "1L_r_1"]


def test_what_may_be_taken_for_photos_and_is_not_read_is_told(tmp_path):
    touch(tmp_path, "a.jpg", "clip.MP4", "b.dng", "c.dng", "labels.csv", "notes.txt")
    (note,) = find_photos(tmp_path).notes
    assert "(2 .dng, 1 .mp4)" in note


def test_several_inputs_are_named_below_what_they_have_in_common(tmp_path):
    touch(tmp_path, "p/a.jpg", "p/b.PNG", "p/sub/c.jpg", "p/notes.txt", "p/clip.mp4", "q/a.jpg")
    photos = find_photos(sorted((tmp_path / "p").iterdir()))
    assert dict(photos.files()) == {"a": "a.jpg", "b": "b.PNG", "sub/c": "sub/c.jpg"}
    assert (photos.root, "(1 .mp4, 1 .txt)" in photos.notes[0]) == (tmp_path / "p", True)
    photos = find_photos([tmp_path / "p/a.jpg", tmp_path / "q", tmp_path / "q/a.jpg"])
    assert list(dict(photos)) == ["p/a", "q/a"]
    with pytest.raises(MunetError, match=r"gone\.jpg does not exist"):
        find_photos([tmp_path / "p/a.jpg", tmp_path / "gone.jpg"])
    with pytest.raises(MunetError, match=r"no photos in .*p: expected .*1 .mp4"):
        find_photos([tmp_path / "p/clip.mp4", tmp_path / "p/notes.txt"])


def test_masks_and_results_among_several_inputs_are_left_out(tmp_path):
    write_plain(tmp_path / "data", 2, 1)
    touch(tmp_path, "data/first/Overlays/a.jpg", "data/out/Overlays/a.jpg")
    (tmp_path / "data/first/settings.json").write_text('{"script": "predict_test_images.py"}')
    photos = find_photos(sorted((tmp_path / "data").iterdir()), tmp_path / "data/out")
    assert list(dict(photos)) == ["images/s1/eye1", "images/s2/eye1"]
    assert len(photos.notes) == 2
