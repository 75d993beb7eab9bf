import contextlib
import errno
import json
import os
import stat
import subprocess
import sys

import pytest
from conftest import ROOT

import files
from console import MunetError
from files import PART_PREFIX, claim_folder, find_files, remove_parts, require_space, whole_file, write_bytes, write_json

SETTINGS = {"script": "a.py", "model": "abc", "level": 128, "none": None, "list": [1, 2.5], "name": "склера"}


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.parametrize(
    "name", ["a.png", "deep/er/munet.weights.h5", "no suffix", "x" * 240 + ".jpg", "dots" + ".y" * 100, "眼" * 80 + ".png"]
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
    write_json(tmp_path / "a.json", SETTINGS | {"path": os.fsdecode(b"\xff")})
    assert "склера".encode() in (tmp_path / "a.json").read_bytes()
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8", errors="surrogateescape"))["path"] == os.fsdecode(b"\xff")


def test_a_new_folder_is_claimed_and_the_same_settings_continue(tmp_path):
    out = tmp_path / "deep/out"
    assert claim_folder(out, SETTINGS) is False
    write_bytes(out / "sub/done.png", b"done")
    write_bytes(out / "sub" / f"{PART_PREFIX}x.png", b"half")
    assert claim_folder(out, SETTINGS) is True
    assert names(out) == [".lock", "settings.json", "sub", "sub/done.png"]


def test_settings_with_odd_paths_continue(tmp_path):
    settings = {"script": "a.py", "data": os.fsdecode(b"/data/\xff\n")}
    assert [claim_folder(tmp_path / "out", settings) for _ in range(2)] == [False, True]


def test_other_settings_are_refused_with_both_named_and_nothing_touched(tmp_path):
    claim_folder(tmp_path, SETTINGS)
    write_bytes(tmp_path / "done.png", b"done")
    with pytest.raises(MunetError, match="level was 128, now 99") as caught:
        claim_folder(tmp_path, SETTINGS | {"level": 99})
    assert "model" not in str(caught.value)
    assert "--overwrite" in str(caught.value)
    assert names(tmp_path) == [".lock", "done.png", "settings.json"]


@pytest.mark.parametrize("settings", [SETTINGS, SETTINGS | {"level": 99}])
def test_overwrite_starts_afresh(tmp_path, settings):
    claim_folder(tmp_path / "out", SETTINGS)
    write_bytes(tmp_path / "out/sub/done.png", b"done")
    assert claim_folder(tmp_path / "out", settings, overwrite=True) is False
    assert names(tmp_path / "out") == [".lock", "settings.json"]
    assert json.loads((tmp_path / "out/settings.json").read_text(encoding="utf-8")) == settings


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("foreign", ["{}", '{"editor.fontSize": 12}', "[1]", "not json", None])
def test_a_foreign_folder_is_refused_and_never_emptied(tmp_path, foreign, overwrite):
    write_bytes(tmp_path / "thesis.tex", b"years of work")
    if foreign is not None:
        write_bytes(tmp_path / "settings.json", foreign.encode())
    before = names(tmp_path)
    with pytest.raises(MunetError, match="is not empty and was not made by this script"):
        claim_folder(tmp_path, SETTINGS, overwrite)
    assert names(tmp_path) == before


def test_a_file_is_no_folder_and_left_overs_alone_are_no_content(tmp_path):
    write_bytes(tmp_path / "file", b"")
    with pytest.raises(MunetError, match="is a file"):
        claim_folder(tmp_path / "file", SETTINGS)
    write_bytes(tmp_path / "out" / f"{PART_PREFIX}x", b"half")
    assert claim_folder(tmp_path / "out", SETTINGS) is False
    assert names(tmp_path / "out") == [".lock", "settings.json"]


def test_parts_are_removed_and_nothing_else(tmp_path):
    for name in (f"{PART_PREFIX}a.png", f"sub/{PART_PREFIX}b", "sub/c.part-", "part-d"):
        write_bytes(tmp_path / name, b"x")
    remove_parts(tmp_path)
    assert names(tmp_path) == ["part-d", "sub", "sub/c.part-"]


def test_files_are_found_sorted_by_suffix_in_any_case_without_hidden_ones(tmp_path):
    for name in ("b.JPG", "a.jpg", "z/c.png", "a/d.jpeg", "e.jpg.txt", ".f.jpg", ".g/h.jpg", "jpg", "眼.jpg"):
        write_bytes(tmp_path / name, b"x")
    found = find_files(tmp_path, (".jpg", ".jpeg", ".png"))
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["a/d.jpeg", "a.jpg", "b.JPG", "z/c.png", "眼.jpg"]
    assert find_files(tmp_path / "missing", (".jpg",)) == []


def test_links_are_followed_and_loops_end(tmp_path):
    write_bytes(tmp_path / "data/a.png", b"x")
    write_bytes(tmp_path / "elsewhere/b.png", b"x")
    (tmp_path / "data/loop").symlink_to(tmp_path / "data")
    (tmp_path / "data/self").symlink_to(tmp_path / "data/self")
    (tmp_path / "data/other").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/back").symlink_to(tmp_path / "data")
    (tmp_path / "data/broken.png").symlink_to(tmp_path / "nothing")
    found = [path.relative_to(tmp_path / "data").as_posix() for path in find_files(tmp_path / "data", (".png",))]
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


HOLD = "import sys, time; from files import claim_folder; claim_folder({!r}, {!r}, shard={!r}); print('held', flush=True); time.sleep(60)"


@contextlib.contextmanager
def held(folder, shard=None):
    """Another process that has claimed a folder."""
    code = HOLD.format(str(folder), SETTINGS, shard)
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_folder_in_use_is_refused_and_a_killed_run_leaves_no_lock(tmp_path):
    with held(tmp_path / "out") as process:
        for overwrite in (False, True):
            with pytest.raises(MunetError, match="another run is writing to"):
                claim_folder(tmp_path / "out", SETTINGS, overwrite)
        process.kill()
        process.wait()
        assert claim_folder(tmp_path / "out", SETTINGS) is True


def test_a_run_that_writes_its_settings_at_the_same_moment_is_seen(tmp_path, monkeypatch):
    real = files.lock_folder

    def late(folder, shard=None):
        real(folder, shard)
        if not (folder / "settings.json").exists():  # the other run comes first by a hair
            write_json(folder / "settings.json", SETTINGS | {"level": 1})

    monkeypatch.setattr(files, "lock_folder", late)
    with pytest.raises(MunetError, match="level was 1, now 128"):
        claim_folder(tmp_path / "out", SETTINGS, shard="1of2")
    assert names(tmp_path / "out") == [".lock", ".lock-1of2", "settings.json"]


def test_a_kill_while_a_folder_is_emptied_leaves_it_ours(tmp_path, monkeypatch):
    claim_folder(tmp_path, SETTINGS)
    for name in ("a/x.png", "z/x.png", "t.csv"):
        write_bytes(tmp_path / name, b"x")
    monkeypatch.setattr(files.shutil, "rmtree", lambda path: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        claim_folder(tmp_path, SETTINGS, overwrite=True)
    monkeypatch.undo()
    assert claim_folder(tmp_path, SETTINGS, overwrite=True) is False
    assert names(tmp_path) == [".lock", "settings.json"]


def test_shards_share_a_folder_each_but_once_and_never_with_a_whole_run(tmp_path):
    with held(tmp_path / "out", "1of2"):
        part = tmp_path / "out" / f"{PART_PREFIX}x.png"
        part.write_bytes(b"of the other one")
        assert claim_folder(tmp_path / "out", SETTINGS, shard="2of2") is True
        assert part.exists()
        for shard in ("1of2", None):
            with pytest.raises(MunetError, match="another run is writing to"):
                claim_folder(tmp_path / "out", SETTINGS, shard=shard)


def test_a_disk_without_locks_is_told_and_used(tmp_path, monkeypatch, capsys):
    def refuse(file, kind):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(files.fcntl, "flock", refuse)
    assert claim_folder(tmp_path / "out", SETTINGS) is False
    assert "has no locks" in capsys.readouterr().err
