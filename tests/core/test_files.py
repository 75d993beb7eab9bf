"""Files: whole or not at all, found without surprises."""

import json
import os
import stat

import pytest
from support import names

from munet.core import files
from munet.core.files import (
    PART_PREFIX,
    find_files,
    remove_parts,
    require_space,
    whole_file,
    write_bytes,
    write_json,
)


@pytest.mark.parametrize(
    "name",
    [
        "a.png",
        "deep/er/munet.weights.h5",
        "no suffix",
        "x" * 240 + ".jpg",
        "dots" + ".y" * 100,
        "眼" * 80 + ".png",
    ],
)
def test_a_whole_file_appears_with_its_suffix_and_ordinary_permissions(tmp_path, name):
    with whole_file(tmp_path / name) as part:
        assert part.parent == (tmp_path / name).parent
        assert part.suffix == (tmp_path / name).suffix
        part.write_bytes(b"data")
        assert not (tmp_path / name).exists()
    assert (tmp_path / name).read_bytes() == b"data"
    plain = tmp_path / "plain"
    plain.touch()
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("earlier", [None, b"earlier"])
def test_an_error_leaves_nothing_new_and_nothing_lost(tmp_path, error, earlier):
    path = tmp_path / "a.png"
    if earlier:
        write_bytes(path, earlier)
    with pytest.raises(error), whole_file(path) as part:
        part.write_bytes(b"half")
        raise error
    assert names(tmp_path) == (["a.png"] if earlier else [])
    assert not earlier or path.read_bytes() == earlier


def test_a_folder_in_the_files_place_is_an_error_that_leaves_nothing(tmp_path):
    (tmp_path / "a.png").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_bytes(tmp_path / "a.png", b"data")
    assert names(tmp_path) == ["a.png"]


def test_json_is_written_for_people(tmp_path):
    write_json(tmp_path / "a.json", {"name": "склера", "path": os.fsdecode(b"\xff")})
    assert "склера".encode() in (tmp_path / "a.json").read_bytes()
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8", errors="surrogateescape"))[
        "path"
    ] == os.fsdecode(b"\xff")


def test_parts_are_removed_and_nothing_else(tmp_path):
    for name in (f"{PART_PREFIX}a.png", f"sub/{PART_PREFIX}b", "sub/c.part-", "part-d"):
        write_bytes(tmp_path / name, b"x")
    remove_parts(tmp_path)
    assert names(tmp_path) == ["part-d", "sub", "sub/c.part-"]


def test_files_are_found_sorted_by_suffix_in_any_case_without_hidden_ones(tmp_path):
    for name in ("b.JPG", "a.jpg", "z/c.png", "a/d.jpeg", "e.jpg.txt", ".f.jpg", ".g/h.jpg", "jpg", "眼.jpg"):
        write_bytes(tmp_path / name, b"x")
    found = find_files(tmp_path, (".jpg", ".jpeg", ".png"))
    assert [path.relative_to(tmp_path).as_posix() for path in found] == [
        "a/d.jpeg",
        "a.jpg",
        "b.JPG",
        "z/c.png",
        "眼.jpg",
    ]
    assert find_files(tmp_path / "missing", (".jpg",)) == []


def test_links_are_followed_and_loops_end(tmp_path):
    write_bytes(tmp_path / "data/a.png", b"x")
    write_bytes(tmp_path / "elsewhere/b.png", b"x")
    (tmp_path / "data/loop").symlink_to(tmp_path / "data")
    (tmp_path / "data/self").symlink_to(tmp_path / "data/self")
    (tmp_path / "data/other").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/back").symlink_to(tmp_path / "data")
    (tmp_path / "data/broken.png").symlink_to(tmp_path / "nothing")
    found = [
        path.relative_to(tmp_path / "data").as_posix() for path in find_files(tmp_path / "data", (".png",))
    ]
    assert found == ["a.png", "broken.png", "other/b.png"]


def test_a_folder_that_may_not_be_read_is_named(tmp_path, monkeypatch, capsys):
    (tmp_path / "closed").mkdir()
    write_bytes(tmp_path / "a.png", b"x")
    scandir = os.scandir

    def closed(path):  # the permission bits do not stop the superuser, who may run these tests
        if os.path.basename(path) == "closed":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(files.os, "scandir", closed)
    assert [path.name for path in find_files(tmp_path, (".png",))] == ["a.png"]
    assert f"warning: {tmp_path}/closed is left out: Permission denied" in capsys.readouterr().err


def test_too_little_space_is_the_error_of_a_full_disk(tmp_path):
    require_space(tmp_path / "new", 1)
    with pytest.raises(OSError, match="No space left") as caught:
        require_space(tmp_path / "new", 1 << 62)
    assert caught.value.filename == str(tmp_path / "new")
