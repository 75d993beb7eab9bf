"""Splits that folders name, photos that are the same file, and the parts of a split that are scored."""

import shutil
from pathlib import Path

import pytest

from munet.core.errors import BadInput, MunetError
from munet.data import fingerprints, splits
from munet.data import parts as parts_room
from munet.data.pairing import Sample


def samples_at(*names, root=Path("data")):
    return [Sample(name, root / f"{name}.jpg", root / f"{name}.png", name.split("/")[0]) for name in names]


WORDS = [("train", "val", "test"), ("Training", "validation", "testing"), ("TRAIN", "valid", "Test")]


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("form", ["{part}/{person}", "{part}/{person}/1", "{person}/{part}/1"])
def test_folders_that_name_parts_are_the_split_and_no_persons(words, form):
    names = [
        form.format(part=part, person=f"p{i}{part}") for part in words for i in (range(3) if part else ())
    ]
    parts, others = parts_room.named_parts(samples_at(*names))
    assert [len(parts[part]) for part in splits.PARTS] == [3, 3, 3]
    assert others == []
    for part, word in zip(splits.PARTS, words, strict=True):
        assert {sample.subject for sample in parts[part]} == {f"p{i}{word}" for i in range(3)}
    assert parts_room.names_parts(names)


def test_persons_are_no_parts():
    for names in (["s1/a", "s2/b"], ["test/a", "s1/b"], ["val/a", "anna/b", "test/c"], ["a", "b"], []):
        assert parts_room.named_parts(samples_at(*names)) is None
        assert parts_room.persons(names) == [name.split("/")[0] for name in names]
        assert not parts_room.names_parts(names)


def test_a_folder_for_training_alone_is_neither_split_nor_person():
    names = ["train/s1/a", "train/s1/b", "train/s2/a"]
    assert parts_room.named_parts(samples_at(*names)) is None
    assert parts_room.persons(names) == ["s1", "s1", "s2"]


def test_images_in_no_part_are_told_apart_and_a_split_needs_training():
    parts, others = parts_room.named_parts(samples_at("train/a", "val/b", "extra/c"))
    assert [sample.name for sample in others] == ["extra/c"]
    assert [len(found) for found in parts.values()] == [1, 1, 0]
    with pytest.raises(MunetError, match="none to train on; give --split FILE"):
        parts_room.named_parts(samples_at("val/a", "test/b"))


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def test_subjects_that_share_a_file_are_one(tmp_path):
    samples = samples_at("s1/a", "s2/b", "s3/c", "s4/d", "s5/e", root=tmp_path)
    for sample, data in zip(samples, (b"one", b"two", b"one", b"three", b"three"), strict=True):
        write(sample.image, data)
    same = splits.same_photos(samples)
    assert [[sample.name for sample in group] for group in same] == [["s1/a", "s3/c"], ["s4/d", "s5/e"]]
    joined = splits.join_subjects(samples, same)
    assert [sample.subject for sample in joined] == ["s1", "s2", "s1", "s4", "s4"]
    chain = [[samples[0], samples[1]], [samples[1], samples[2]], [samples[2], samples[0]]]
    assert len({sample.subject for sample in splits.join_subjects(samples[:3], chain)}) == 1
    samples[0].image.unlink()  # it is told where it is decoded
    assert len(splits.same_photos(samples)) == 1


def split_file(tmp_path, *rows):
    (tmp_path / "split.csv").write_text("image,subject,part\n" + "\n".join(rows) + "\n")
    return tmp_path / "split.csv"


def test_a_part_tells_its_photos_whatever_their_folders(tmp_path):
    file = split_file(tmp_path, "s1/a  1,s1,test", "s2/b,s2,test", "s3/b,s3,train", "s3/c,s3,train")
    part = splits.read_part(file, "test")
    assert len(part) == 2
    assert [name in part for name in ("s1/a  1", "S1/A1", "a1", "s2/b", "b", "s3/c", "c")] == [
        *(True, True, True, True),
        *(False, False, False),  # two photos are called b
    ]
    root = Path("r/Predictions")
    pairs = [(root / f"{name}.png", Path("gt") / f"{name}.png") for name in ("s1/a1", "s3/c")]
    problems = [
        BadInput(path, "no prediction", "one", "predict it")
        for path in ("gt/masks/s2/b.png", "gt/s3/b.png", "gt/SBVPI/s2/b_sclera.png")
    ]
    kept, told = part.of_pairs(pairs, problems, root)
    assert kept == pairs[:1]
    assert told == [problems[0], problems[2]]
    with pytest.raises(MunetError, match="is of the part of --split"):
        part.of_pairs(pairs[1:], problems[1:2], root)


def test_a_part_without_photos_is_refused(tmp_path):
    file = split_file(tmp_path, "a,s1,train", "b,s2,validation")
    with pytest.raises(MunetError, match=r"has no test image \(it has: train 1, validation 1\)"):
        splits.read_part(file, "test")
    with pytest.raises(MunetError, match="is not a split"):
        splits.read_part(tmp_path / "nowhere.csv", "test")


def test_a_fingerprint_knows_its_photos_under_any_name(tmp_path):
    for number in range(5):
        write(tmp_path / f"{number}.jpg", b"photo %d" % number)
    paths = sorted(tmp_path.glob("*.jpg"))
    first = fingerprints.fingerprint(paths[:2])
    assert (first["photos"], len(first["digests"])) == (2, 2 * fingerprints.DIGITS)
    both = fingerprints.fingerprint(paths[2:4], first)
    assert both["photos"] == 4
    copy = shutil.copy(paths[1], tmp_path / "renamed.png")
    assert fingerprints.seen([paths[4], copy, tmp_path / "missing"], both) == [copy]
    assert fingerprints.seen(paths, both) == paths[:4]


def test_a_fingerprint_of_many_photos_stays_small(tmp_path, monkeypatch):
    monkeypatch.setattr(fingerprints, "KEPT", 10)
    for number in range(40):
        write(tmp_path / f"{number}.jpg", b"photo %d" % number)
    paths = list(tmp_path.glob("*.jpg"))
    kept = fingerprints.fingerprint(paths)
    assert (kept["photos"], len(kept["digests"])) == (40, 10 * fingerprints.DIGITS)
    assert len(fingerprints.seen(paths, kept)) == 10
    joined = fingerprints.fingerprint(paths[:20], fingerprints.fingerprint(paths[20:]))
    assert joined == kept
