"""Where caches are kept, on any system and for any user."""

import os
import sys
from pathlib import Path

import platformdirs
import pytest

from munet.core.errors import MunetError
from munet.core.paths import cache_folder


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    for name in ("MUNET_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("variable", "expected"), [("MUNET_CACHE", "there"), ("XDG_CACHE_HOME", "there/munet")]
)
def test_the_cache_is_where_the_environment_says(tmp_path, monkeypatch, variable, expected):
    monkeypatch.setenv(variable, str(tmp_path / "there"))
    assert cache_folder() == tmp_path / expected
    monkeypatch.setenv(variable, "there")
    assert cache_folder() == Path(expected)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other cache folders")
def test_on_linux_the_cache_is_where_it_was(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache/munet"


@pytest.mark.parametrize("older", [False, True])
def test_an_unknown_user_is_told_what_to_set(monkeypatch, older):
    def user_cache_path(*_, **__):
        if not older:
            raise RuntimeError("could not determine the home directory")
        return Path("~/.cache/munet")

    monkeypatch.setattr(platformdirs, "user_cache_path", user_cache_path)
    with pytest.raises(MunetError, match="set MUNET_CACHE"):
        cache_folder()
    monkeypatch.setenv("MUNET_CACHE", "there")
    assert cache_folder() == Path("there")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pwd")
def test_without_home_the_password_file_is_asked(tmp_path, monkeypatch):
    import pwd

    monkeypatch.delenv("HOME", raising=False)
    home = pwd.getpwuid(os.getuid()).pw_dir
    assert cache_folder() == Path(home, ".cache/munet")

    def unknown(_):
        raise KeyError("uid not found")

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    with pytest.raises(MunetError, match="no home folder; set MUNET_CACHE"):
        cache_folder()


def test_a_home_that_may_not_be_written_to_is_told_but_a_cache_there_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setenv("MUNET_CACHE", str(tmp_path / "new"))
    with pytest.raises(MunetError, match="new; set MUNET_CACHE"):
        cache_folder()
    monkeypatch.setenv("MUNET_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
