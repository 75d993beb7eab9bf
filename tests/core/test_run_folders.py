"""Run folders: prepared, resumed, refused and locked."""

import contextlib
import errno
import json
import os
import subprocess
import sys

import pytest
from support import ROOT, names, run_script

from munet.core import run_folders
from munet.core.errors import MunetError
from munet.core.files import PART_PREFIX, write_bytes, write_json
from munet.core.run_folders import prepare_run_folder

SETTINGS = {"script": "a.py", "model": "abc", "level": 128, "none": None, "list": [1, 2.5], "name": "склера"}


def test_a_new_folder_is_prepared_and_the_same_settings_resume(tmp_path):
    out = tmp_path / "deep/out"
    assert prepare_run_folder(out, SETTINGS) is False
    write_bytes(out / "sub/done.png", b"done")
    write_bytes(out / "sub" / f"{PART_PREFIX}x.png", b"half")
    assert prepare_run_folder(out, SETTINGS) is True
    assert names(out) == [".lock", "settings.json", "sub", "sub/done.png"]


def test_settings_with_odd_paths_resume(tmp_path):
    settings = {"script": "a.py", "data": os.fsdecode(b"/data/\xff\n")}
    assert [prepare_run_folder(tmp_path / "out", settings) for _ in range(2)] == [False, True]


def test_other_settings_are_refused_with_both_named_and_nothing_touched(tmp_path):
    prepare_run_folder(tmp_path, SETTINGS)
    write_bytes(tmp_path / "done.png", b"done")
    with pytest.raises(MunetError, match="level was 128, now 99") as caught:
        prepare_run_folder(tmp_path, SETTINGS | {"level": 99})
    assert "model" not in str(caught.value)
    assert "--overwrite" in str(caught.value)
    assert names(tmp_path) == [".lock", "done.png", "settings.json"]


@pytest.mark.parametrize("settings", [SETTINGS, SETTINGS | {"level": 99}])
def test_overwrite_starts_again(tmp_path, settings):
    prepare_run_folder(tmp_path / "out", SETTINGS)
    write_bytes(tmp_path / "out/sub/done.png", b"done")
    assert prepare_run_folder(tmp_path / "out", settings, overwrite=True) is False
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
        prepare_run_folder(tmp_path, SETTINGS, overwrite)
    assert names(tmp_path) == before


def test_a_folder_in_which_a_run_made_nothing_is_replaced_where_there_are_locks(tmp_path, monkeypatch):
    prepare_run_folder(tmp_path, SETTINGS)
    assert prepare_run_folder(tmp_path, SETTINGS | {"level": 99}, replace_idle=True) is False
    assert json.loads((tmp_path / "settings.json").read_text(encoding="utf-8"))["level"] == 99
    # another run may be at work
    for made, lock in (
        (None, lambda folder, shard: False),
        (f"{PART_PREFIX}clip.mp4", run_folders.lock_folder),
    ):
        if made:
            write_bytes(tmp_path / made, b"half")
        monkeypatch.setattr(run_folders, "lock_folder", lock)
        with pytest.raises(MunetError, match="level was 99, now 7"):
            prepare_run_folder(tmp_path, SETTINGS | {"level": 7}, replace_idle=True)
    assert (tmp_path / f"{PART_PREFIX}clip.mp4").exists()


def test_a_file_is_no_folder_and_left_overs_alone_are_no_content(tmp_path):
    write_bytes(tmp_path / "file", b"")
    with pytest.raises(MunetError, match="is a file"):
        prepare_run_folder(tmp_path / "file", SETTINGS)
    write_bytes(tmp_path / "out" / f"{PART_PREFIX}x", b"half")
    assert prepare_run_folder(tmp_path / "out", SETTINGS) is False
    assert names(tmp_path / "out") == [".lock", "settings.json"]


HOLD = """
import time
from munet.core.run_folders import prepare_run_folder
prepare_run_folder({!r}, {!r}, shard={!r})
print('held', flush=True)
time.sleep(60)
"""


@contextlib.contextmanager
def held(folder, shard=None):
    """Another process that has prepared a folder, and holds its locks."""
    code = HOLD.format(str(folder), SETTINGS, shard)
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_folder_in_use_is_refused_and_a_killed_run_leaves_no_lock(tmp_path):
    with held(tmp_path / "out") as process:
        for overwrite in (False, True):
            with pytest.raises(MunetError, match="another run is writing to"):
                prepare_run_folder(tmp_path / "out", SETTINGS, overwrite)
        process.kill()
        process.wait()
        assert prepare_run_folder(tmp_path / "out", SETTINGS) is True


def test_a_run_that_writes_its_settings_at_the_same_moment_is_seen(tmp_path, monkeypatch):
    real = run_folders.lock_folder

    def late(folder, shard=None):
        real(folder, shard)
        if not (folder / "settings.json").exists():  # the other run comes first by a hair
            write_json(folder / "settings.json", SETTINGS | {"level": 1})

    monkeypatch.setattr(run_folders, "lock_folder", late)
    with pytest.raises(MunetError, match="level was 1, now 128"):
        prepare_run_folder(tmp_path / "out", SETTINGS, shard="1of2")
    assert names(tmp_path / "out") == [".lock", ".lock-1of2", "settings.json"]


def test_a_kill_while_a_folder_is_emptied_leaves_it_ours(tmp_path, monkeypatch):
    prepare_run_folder(tmp_path, SETTINGS)
    for name in ("a/x.png", "z/x.png", "t.csv"):
        write_bytes(tmp_path / name, b"x")
    monkeypatch.setattr(run_folders.shutil, "rmtree", lambda path: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        prepare_run_folder(tmp_path, SETTINGS, overwrite=True)
    monkeypatch.undo()
    assert prepare_run_folder(tmp_path, SETTINGS, overwrite=True) is False
    assert names(tmp_path) == [".lock", "settings.json"]


def test_shards_share_a_folder_each_but_once_and_never_with_a_whole_run(tmp_path):
    with held(tmp_path / "out", "1of2"):
        part = tmp_path / "out" / f"{PART_PREFIX}x.png"
        part.write_bytes(b"of the other one")
        assert prepare_run_folder(tmp_path / "out", SETTINGS, shard="2of2") is True
        assert part.exists()
        for shard in ("1of2", None):
            with pytest.raises(MunetError, match="another run is writing to"):
                prepare_run_folder(tmp_path / "out", SETTINGS, shard=shard)


def without_locks(file, flags):
    raise OSError(errno.ENOSYS, "Function not implemented")


@pytest.mark.parametrize("shard", [None, "1of2"])
def test_a_disk_without_locks_is_told_once_and_used(tmp_path, monkeypatch, capsys, shard):
    monkeypatch.setattr("portalocker.portalocker.LOCKER", without_locks)
    assert prepare_run_folder(tmp_path / "out", SETTINGS, shard=shard) is False
    assert capsys.readouterr().err.count("has no locks") == 1


def test_other_trouble_with_locks_is_no_disk_without_them(tmp_path, monkeypatch):
    def broken(file, flags):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("portalocker.portalocker.LOCKER", broken)
    with pytest.raises(OSError, match="Input/output"):
        prepare_run_folder(tmp_path / "out", SETTINGS)


def test_one_process_may_run_as_a_shard_and_then_alone(tmp_path):
    assert prepare_run_folder(tmp_path, SETTINGS, shard="1of2") is False
    assert prepare_run_folder(tmp_path, SETTINGS, shard="1of2") is True
    assert prepare_run_folder(tmp_path, SETTINGS) is True
    code = HOLD.format(str(tmp_path), SETTINGS, "2of2")
    assert "another run is writing to" in run_script("-c", code).stderr
