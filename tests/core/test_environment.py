"""What surrounds a script and would break it: homes, Keras' settings, backends, Python's own flags."""

import json
import os

import pytest
from support import ROOT, run_script, write_plain

from munet.core.errors import one_line
from munet.core.files import csv_rows, open_text
from munet.core.loading import settle_keras


@pytest.fixture
def own_home(tmp_path, monkeypatch):
    for name in ("KERAS_HOME", "KERAS_BACKEND"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".keras").mkdir()
    return tmp_path / ".keras/keras.json"


@pytest.mark.parametrize(
    ("text", "backend"),
    [
        ('{"backend": "theano"}', "tensorflow"),
        ('{"backend": "jax"}', None),
        ('{"image_dim_ordering": "th"}', None),
        ("{broken", None),
        ("[]", None),
    ],
)
def test_a_backend_of_an_old_keras_is_left_for_one_that_there_is(own_home, text, backend):
    own_home.write_text(text)
    settle_keras()
    assert os.environ.get("KERAS_BACKEND") == backend


def test_the_backend_that_the_user_asks_for_stays(own_home, monkeypatch):
    own_home.write_text('{"backend": "theano"}')
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    settle_keras()
    assert os.environ["KERAS_BACKEND"] == "torch"


def test_without_a_home_keras_writes_nothing_into_the_working_folder(own_home, monkeypatch):
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    settle_keras()
    assert os.path.isabs(os.environ.pop("KERAS_HOME"))


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ModuleNotFoundError("No module named 'jax'", name="jax"), "Keras is to run on jax "),
        (ValueError("Unable to import backend : mxnet"), "Keras is to run on mxnet "),
    ],
)
def test_a_backend_that_is_missing_is_named_with_what_to_do(error, told):
    assert told in one_line(error)
    assert "set KERAS_BACKEND=tensorflow" in one_line(error)
    assert "numpy is not installed" in one_line(ModuleNotFoundError("", name="numpy"))


@pytest.mark.parametrize("flag", ["-OO", "-I"])
def test_scripts_run_under_pythons_flags(tmp_path, flag):
    write_plain(tmp_path / "data", subjects=1, images=1)
    words = [flag, ROOT / "augment_datasets.py", tmp_path / "data", tmp_path / "out"]
    done = run_script(*words, env={name: text for name, text in os.environ.items() if name != "PYTHONPATH"})
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["images"] == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_tables_of_any_program_are_read(tmp_path, encoding, mark):
    path = tmp_path / "table.csv"
    path.write_bytes(f"image{mark}név\r\na b{mark}é\r\n".encode(encoding))
    with open_text(path) as file:
        assert list(csv_rows(file)) == [{"image": "a b", "név": "é"}]
