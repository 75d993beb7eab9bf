import os
import time

import numpy as np
import pytest
from PIL import Image
from support import draw_eye, write_eye

from munet.core.files import PART_PREFIX
from munet.data import cache
from munet.data.mask_checks import facts_of
from munet.data.pairing import find_dataset, read_pair
from munet.images.resizing import resize_image, resize_mask
from munet.images.writing import write_png

SIZE = 30  # not a multiple of 8: the packed bits do not fill the last byte


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(cache, "PART_SAMPLES", 5)


@pytest.fixture
def decoded(monkeypatch):
    """The names of the samples in the order in which they were decoded."""
    names = []

    def counted(sample, sclera_value):
        names.append(sample.name)
        return read_pair(sample, sclera_value)

    monkeypatch.setattr(cache, "read_pair", counted)
    return names


def build(root, folder, **options):
    return cache.build_cache(find_dataset(root).samples, root, SIZE, folder=folder, **options)


def contents(built):
    return [
        (sample.name, image.tobytes(), mask.tobytes())
        for sample, (image, mask) in zip(
            built.samples, map(built.__getitem__, range(len(built))), strict=True
        )
    ]


def parts(folder):
    return {path.name: path.stat().st_mtime_ns for path in folder.rglob("*.h5")}


@pytest.mark.parametrize("workers", [1, 4])
def test_a_cache_holds_what_direct_decoding_gives(tiny_dataset, tmp_path, workers):
    built = build(tiny_dataset, tmp_path / "cache", workers=workers)
    samples = find_dataset(tiny_dataset).samples
    assert built.samples == samples
    assert (len(built), built.size, built.problems, built.codings, built.cleaned) == (
        12,
        SIZE,
        [],
        {"binary"},
        0,
    )
    assert len(parts(tmp_path / "cache")) == 3
    for index in (*range(12), -1):
        image, mask = built[index]
        photo, truth = read_pair(samples[index])
        assert np.array_equal(image, resize_image(photo, (SIZE, SIZE)))
        assert np.array_equal(mask, resize_mask(truth.pixels, (SIZE, SIZE)))
        assert (image.dtype, mask.dtype) == (np.uint8, bool)


def test_a_second_build_decodes_nothing(tiny_dataset, tmp_path, decoded):
    first = contents(build(tiny_dataset, tmp_path / "cache"))
    assert len(decoded) == 12
    decoded.clear()
    assert contents(build(tiny_dataset, tmp_path / "cache")) == first
    assert decoded == []


def test_a_damaged_part_is_built_again(tiny_dataset, tmp_path, decoded):
    first = contents(build(tiny_dataset, tmp_path / "cache"))
    part = min((tmp_path / "cache").rglob("*.h5"))
    whole = part.read_bytes()
    for damaged in (b"", whole[:1000]):
        decoded.clear()
        part.unlink()  # a new file: the earlier one is still open here
        part.write_bytes(damaged)
        assert contents(build(tiny_dataset, tmp_path / "cache")) == first
        assert 0 < len(decoded) < 12


@pytest.mark.skipif(cache.resource is None, reason="Windows has no such limit")
def test_more_parts_are_open_than_a_process_may_open_by_default(tiny_dataset, tmp_path, monkeypatch):
    soft, hard = cache.resource.getrlimit(cache.resource.RLIMIT_NOFILE)
    open_now = len(os.listdir("/dev/fd"))
    monkeypatch.setattr(cache, "PART_SAMPLES", 1)
    try:
        cache.resource.setrlimit(cache.resource.RLIMIT_NOFILE, (open_now + 6, hard))
        assert len(contents(build(tiny_dataset, tmp_path / "cache", workers=1))) == 12
    finally:
        cache.resource.setrlimit(cache.resource.RLIMIT_NOFILE, (soft, hard))


def test_one_folder_is_decoded_once_however_it_is_spelled(tiny_dataset, tmp_path, decoded, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for root in (tiny_dataset, "tiny", "../" + tmp_path.name + "/tiny", tiny_dataset):
        assert len(build(root, tmp_path / "cache")) == 12
    assert len(decoded) == 12


def test_parts_of_large_images_hold_fewer(tiny_dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "PART_BYTES", 3 * 3 * SIZE * SIZE)
    built = build(tiny_dataset, tmp_path / "cache")
    assert (len(built), len(parts(tmp_path / "cache"))) == (12, 4)


@pytest.mark.parametrize("kind", ["images", "masks"])
def test_a_changed_file_rebuilds_its_part_alone(tiny_dataset, tmp_path, decoded, kind):
    build(tiny_dataset, tmp_path / "cache")
    before = parts(tmp_path / "cache")
    decoded.clear()
    later = time.time() + 5
    write_png(
        tiny_dataset / kind / "s4/eye1.png",
        np.zeros((48, 64) if kind == "masks" else (48, 64, 3), bool if kind == "masks" else np.uint8),
    )
    os.utime(tiny_dataset / kind / "s4/eye1.png", (later, later))
    built = build(tiny_dataset, tmp_path / "cache")
    assert sorted(decoded) == [sample.name for sample in built.samples[5:10]]
    assert len(parts(tmp_path / "cache")) == 3
    assert len(parts(tmp_path / "cache").items() & before.items()) == 2
    assert not built[6][kind == "masks"].any()


def test_a_touched_file_rebuilds_its_part(tiny_dataset, tmp_path, decoded):
    first = contents(build(tiny_dataset, tmp_path / "cache"))
    decoded.clear()
    os.utime(tiny_dataset / "masks/s1/eye1.png", (1, 1))
    assert contents(build(tiny_dataset, tmp_path / "cache")) == first
    assert len(decoded) == 5


def test_other_settings_and_other_datasets_have_their_own_parts(tiny_dataset, tmp_path, decoded):
    samples = find_dataset(tiny_dataset).samples
    for size, sclera_value in ((SIZE, None), (16, None), (SIZE, 255)):
        built = cache.build_cache(samples, tiny_dataset, size, sclera_value, tmp_path / "cache")
        assert built[0][0].shape == (size, size, 3)
    assert len(decoded) == 36
    assert built.codings == {"class"}
    build(tiny_dataset, tmp_path / "cache")
    assert len(decoded) == 36


def test_an_interrupted_build_is_resumed_with_whole_parts(tiny_dataset, tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(
            cache,
            "read_pair",
            lambda sample, _: (
                (_ for _ in ()).throw(KeyboardInterrupt) if "s4" in sample.name else read_pair(sample)
            ),
        )
        with pytest.raises(KeyboardInterrupt):
            build(tiny_dataset, tmp_path / "cache", workers=1)
    assert len(parts(tmp_path / "cache")) == 1
    folder = next((tmp_path / "cache").iterdir())
    (folder / f"{PART_PREFIX}left.h5").write_bytes(b"half")
    names = []
    monkeypatch.setattr(
        cache, "read_pair", lambda sample, value: names.append(sample.name) or read_pair(sample, value)
    )
    built = build(tiny_dataset, tmp_path / "cache")
    assert sorted(names) == [sample.name for sample in built.samples[5:]]
    assert not list(folder.glob(PART_PREFIX + "*"))
    assert contents(built) == contents(build(tiny_dataset, tmp_path / "fresh"))


def test_a_part_that_cannot_be_written_leaves_nothing(tiny_dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(
        cache.json, "dumps", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device"))
    )
    with pytest.raises(OSError, match="No space"):
        build(tiny_dataset, tmp_path / "cache")
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


def test_problems_are_left_out_named_and_remembered(tiny_dataset, tmp_path, decoded):
    (tiny_dataset / "images/s1/eye1.png").write_bytes(b"text")
    write_eye(None, tiny_dataset / "masks/s2/eye1.png", size=(47, 64))
    write_png(tiny_dataset / "masks/s2/eye2.png", np.full((48, 64), 2, np.uint8))
    samples = find_dataset(tiny_dataset).samples
    samples[-1].image.unlink()
    first, second = (
        cache.build_cache(samples, tiny_dataset, SIZE, folder=tmp_path / "cache") for _ in range(2)
    )
    assert len(decoded) == 12
    assert contents(first) == contents(second)
    assert [sample.name for sample in second.samples] == [
        sample.name for sample in (samples[1], *samples[4:11])
    ]
    assert [str(p) for p in second.problems] == [str(p) for p in first.problems]
    assert [p.found.split(" (")[0] for p in second.problems] == [
        "not an image",
        "64x47 pixels",
        "grey levels 2",
        "No such file or directory",
    ]
    image, mask = second[1]
    photo, truth = read_pair(samples[4])
    assert np.array_equal(image, resize_image(photo, (SIZE, SIZE)))
    assert np.array_equal(mask, resize_mask(truth.pixels, (SIZE, SIZE)))


def test_a_mended_file_is_no_problem_any_more(tiny_dataset, tmp_path):
    good = (tiny_dataset / "images/s1/eye1.png").read_bytes()
    (tiny_dataset / "images/s1/eye1.png").write_bytes(b"text")
    assert len(build(tiny_dataset, tmp_path / "cache").problems) == 1
    (tiny_dataset / "images/s1/eye1.png").write_bytes(good)
    built = build(tiny_dataset, tmp_path / "cache")
    assert (len(built), built.problems) == (12, [])


def test_a_part_of_bad_files_alone_is_kept(tiny_dataset, tmp_path, decoded):
    for path in (tiny_dataset / "images").rglob("*.png"):
        path.write_bytes(b"")
    for _ in range(2):
        built = build(tiny_dataset, tmp_path / "cache")
        assert (len(built), len(built.problems)) == (0, 12)
    assert len(decoded) == 12


def test_undecodable_names_are_kept(tmp_path):
    bad = os.fsdecode(b"\xff")
    write_eye(tmp_path / f"d/images/{bad}/a.png", tmp_path / f"d/masks/{bad}/a.png")
    (tmp_path / f"d/images/{bad}/b.png").write_bytes(b"text")
    write_eye(None, tmp_path / f"d/masks/{bad}/b.png")
    built = build(tmp_path / "d", tmp_path / "cache")
    assert [sample.name for sample in built.samples] == [f"{bad}/a"]
    assert built.problems[0].path == str(tmp_path / f"d/images/{bad}/b.png")


def test_lossy_masks_are_counted(tmp_path):
    write_eye(tmp_path / "d/images/a.png", None)
    (tmp_path / "d/masks").mkdir()
    Image.fromarray(draw_eye(0)[1]).convert("L").save(tmp_path / "d/masks/a.jpg", quality=70)
    assert build(tmp_path / "d", tmp_path / "cache").cleaned == 1


def test_what_is_noted_of_masks_is_remembered(tiny_dataset, tmp_path, decoded):
    samples = find_dataset(tiny_dataset).samples
    noted = [facts_of(sample, read_pair(sample)[1]) for sample in samples]
    for _ in range(2):
        assert build(tiny_dataset, tmp_path / "cache").facts == noted
    assert len(decoded) == len(samples)


@pytest.mark.parametrize("told", [{"exif": "ignore"}, {"sclera_color": (0, 255, 0)}])
def test_how_labels_are_read_makes_other_parts(tiny_dataset, tmp_path, decoded, told):
    build(tiny_dataset, tmp_path / "cache")
    samples = find_dataset(tiny_dataset, **told).samples
    for _ in range(2):
        cache.build_cache(samples, tiny_dataset, SIZE, folder=tmp_path / "cache")
    assert len(decoded) == 2 * len(samples)
    build(tiny_dataset, tmp_path / "cache")
    assert len(decoded) == 2 * len(samples)
