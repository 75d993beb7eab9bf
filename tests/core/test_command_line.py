import argparse
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from support import ROOT, last_json, run_script

from munet.core.command_line import ArgumentParser, between, finish, print_table, progress
from munet.core.errors import BadInput, MunetError, shown

BAD = BadInput("a\nb.png", "grey levels 2", "a mask", "repaint it")


def script(body, how=""):
    """The text of a script whose `main` has this body, run with `how`."""
    lines = "\n".join(f"    {line}" for line in body.split("\n"))
    imports = "import os, sys\nfrom munet.core import command_line, errors"
    return f"{imports}\ndef main(argv):\n{lines}\ncommand_line.run(main{how})"


def run_main(body, *words, **options):
    """Runs a script whose `main` has this body."""
    return run_script("-c", script(body), *words, **options)


@pytest.mark.parametrize(
    ("body", "code", "error"),
    [
        ("return 0", 0, ""),
        ("return 1", 1, ""),
        ("raise errors.MunetError('no such thing; do that')", 2, "error: no such thing; do that\n"),
        ("raise errors.MunetError('two\\nlines')", 2, "error: two lines\n"),
        (
            "raise errors.BadInput('a\\nb.png', 'x', 'y', 'z')",
            2,
            "error: a\\nb.png: found x, expected y; z\n",
        ),
        (
            "raise OSError(28, 'No space left on device', '/out/a.png')",
            2,
            "error: /out/a.png: No space left on device; free space ",
        ),
        ("raise MemoryError", 2, "error: out of memory; use a smaller --batch-size"),
        (
            "raise ValueError('strange\\nthing')",
            2,
            "error: unexpected ValueError: strange\\nthing; MUNET_DEBUG=1",
        ),
        ("raise KeyboardInterrupt", 130, "interrupted: what was done is kept"),
        ("os.kill(os.getpid(), 15)", 130, "interrupted: what was done is kept"),
        (
            "command_line.ArgumentParser('doc').parse_args(['--what'])",
            2,
            "error: unrecognized arguments: --what (see python -c --help)\n",
        ),
    ],
)
def test_every_end_has_its_exit_code_and_one_line(body, code, error):
    done = run_main(f"print('some output')\n{body}")
    assert (done.returncode, done.stdout) == (code, "some output\n")
    assert done.stderr.startswith(error)
    assert done.stderr.count("\n") == bool(error)


def test_debug_shows_the_traceback(monkeypatch):
    monkeypatch.setenv("MUNET_DEBUG", "1")
    done = run_main("raise ValueError('strange')")
    assert done.returncode == 2
    assert "Traceback" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: unexpected ValueError: strange")


@pytest.mark.parametrize("lines", [1, 100_000])
def test_a_closed_pipe_ends_quietly(lines):
    read, write = os.pipe()
    os.close(read)
    done = run_main(
        f"for i in range({lines}): print(i)\nreturn 0",
        stdout=write,
        stderr=subprocess.PIPE,
        capture_output=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="/dev/full is of Linux")
@pytest.mark.parametrize("lines", [1, 100_000])
def test_output_to_a_full_disk_is_one_line(lines):
    with open("/dev/full", "w") as full:
        done = run_main(
            f"for i in range({lines}): print(i)\nreturn 0",
            stdout=full,
            stderr=subprocess.PIPE,
            capture_output=False,
        )
    assert done.returncode == 2
    assert (
        done.stderr
        == "error: No space left on device; free space or permission is needed there, or another folder\n"
    )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="/dev/full is of Linux")
def test_an_error_keeps_its_exit_code_where_output_cannot_be_written():
    with open("/dev/full", "w") as full:
        done = run_main(
            "print(1)\nraise errors.MunetError('no')",
            stdout=full,
            stderr=subprocess.PIPE,
            capture_output=False,
        )
    assert (done.returncode, done.stderr) == (2, "error: no\n")


def test_ctrl_c_that_python_drops_is_taken_at_the_next_step():
    body = """import weakref
thing = type("Thing", (), {})()
kept = weakref.ref(thing, lambda _: os.kill(os.getpid(), 2))
del thing
print("dropped")
for _ in command_line.progress(range(3), 3, "count"):
    print("step")"""
    done = run_main(body)
    assert (done.returncode, done.stdout) == (130, "dropped\nstep\n")
    assert "Exception ignored" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("interrupted: ")


def test_ctrl_c_is_taken_in_the_middle():
    body = "print('ready', flush=True)\nimport time\ntime.sleep(30)"
    code = script(body)
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": ROOT}
    with subprocess.Popen([sys.executable, "-c", code], **options) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert "interrupted" in process.communicate(timeout=10)[1]
    assert process.returncode == 130


def test_ctrl_c_waits_for_a_library_and_a_second_one_does_not():
    block = "from munet.core.loading import quiet_stderr\nwith quiet_stderr():\n    os.write(2, b'chatter')\n"
    block += "    os.kill(os.getpid(), 2)\n    {}print('loaded', flush=True)"
    done = run_main(block.format("") + "\nprint('never')")
    assert (done.returncode, done.stdout) == (130, "loaded\n")
    assert done.stderr.startswith("interrupted: ")
    done = run_main(block.format("os.kill(os.getpid(), 2)\n    "))
    assert (done.returncode, done.stdout) == (130, "")
    done = run_main(block.format("raise ValueError\n    "))
    assert (done.returncode, done.stdout) == (130, "")


def suite_in(folder):
    """Copies the room `core` into a folder, whose scripts are then the suite's own."""
    shutil.copytree(ROOT / "munet/core", folder / "munet/core", ignore=shutil.ignore_patterns("__pycache__"))


def test_ctrl_c_before_a_script_runs_is_one_line(tmp_path):
    suite_in(tmp_path)
    (tmp_path / "slow.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    (tmp_path / "script.py").write_text("from munet.core import command_line\nimport slow\n")
    done = subprocess.run([sys.executable, tmp_path / "script.py"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, "interrupted: nothing was started\n")


def test_scripts_that_start_again_say_so():
    code = script("raise KeyboardInterrupt", ", resumes=False")
    assert "to start again, run the same command" in run_script("-c", code).stderr


@pytest.mark.parametrize("name", [b"\xff\n.png".decode("utf-8", "surrogateescape"), "眼\u2028\x1b[2J"])
def test_odd_names_can_be_printed_anywhere(name, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    done = run_main("print(sys.argv[1])\nprint(errors.shown(sys.argv[1]), file=sys.stderr)\nreturn 0", name)
    assert done.returncode == 0
    assert done.stderr.count("\n") == 1
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("plain/name with 'quotes'.png", "plain/name with 'quotes'.png"),
        ("склера/眼.png", "склера/眼.png"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\x1b[31mred\x07\x7f", "\\x1b[31mred\\x07\\x7f"),
        (b"\xff.png".decode("utf-8", "surrogateescape"), "\\udcff.png"),
        ("line\u2028end\u202eevil", "line\\u2028end\\u202eevil"),
    ],
)
def test_a_path_is_shown_on_one_printable_line(path, expected):
    assert shown(path) == expected
    shown(path).encode()


def test_bad_input_pickles_and_names_everything():
    again = pickle.loads(pickle.dumps(BAD))
    assert str(again) == str(BAD) == "a\\nb.png: found grey levels 2, expected a mask; repaint it"
    assert (again.path, again.found, again.expected, again.remedy) == (
        "a\nb.png",
        "grey levels 2",
        "a mask",
        "repaint it",
    )
    assert isinstance(again, MunetError)


def test_the_last_line_is_strict_json(capsys):
    figures = {
        "f1": np.float32(0.5),
        "images": np.int64(7),
        "iou": float("nan"),
        "auc_pr": np.float64("inf"),
        "out": ROOT,
        "none": None,
    }
    nested = {
        "list": [1.0, float("nan"), np.float32(2)],
        "dict": {"deep": {"nan": np.nan}},
        "array": np.array([1.5, -np.inf]),
        "true": np.True_,
    }
    print("table")
    finish(**figures, **nested, text="眼\n\udcff", third=1 / 3)
    line = last_json(capsys.readouterr().out)
    assert line.pop("seconds") >= 0
    assert line.pop("peak_memory_mb") > 1
    assert line == {
        **{"f1": 0.5, "images": 7, "iou": None, "auc_pr": None, "out": str(ROOT), "none": None},
        **{
            "list": [1.0, None, 2.0],
            "dict": {"deep": {"nan": None}},
            "array": [1.5, None],
            "true": True,
            "text": "眼\n\udcff",
            "third": 0.333333,
        },
    }


def test_seconds_can_be_given(capsys):
    finish(seconds=1.5)
    assert json.loads(capsys.readouterr().out)["seconds"] == 1.5


@pytest.mark.parametrize(
    ("kind", "text", "value"), [(int, "0", 0), (int, "10", 10), (float, "0.5", 0.5), (float, "1e1", 10.0)]
)
def test_numbers_in_the_range_are_taken(kind, text, value):
    assert between(0, 10, kind)(text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (int, "11"),
        (int, "-1"),
        (int, "1.5"),
        (int, ""),
        (float, "nan"),
        (float, "inf"),
        (float, "10.01"),
        (float, "x"),
    ],
)
def test_numbers_outside_are_refused_with_the_range(kind, text):
    with pytest.raises(argparse.ArgumentTypeError, match=r"number in 0\.\.10"):
        between(0, 10, kind)(text)


def test_help_shows_defaults(capsys):
    parser = ArgumentParser("What it does, 100 %.")
    parser.add_argument("--seed", type=int, default=42, help="of the draw")
    with pytest.raises(SystemExit) as caught:
        parser.parse_args(["--help"])
    assert caught.value.code == 0
    out = capsys.readouterr().out
    assert "What it does, 100 %." in out
    assert "of the draw (default: 42)" in out


def test_a_table_is_in_columns(capsys):
    print_table(("name", "f1"), [("a", 0.5), ("longer", 1)])
    assert capsys.readouterr().out == "name    f1\na       0.5000\nlonger  1\n"


def test_progress_gives_every_item_and_a_plain_line_now_and_then(monkeypatch, capsys):
    assert list(progress(iter(range(5)), 5, "read")) == [0, 1, 2, 3, 4]
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("munet.core.command_line.PLAIN_PROGRESS_SECONDS", 0)
    for _ in progress(range(3), 3, "read"):
        time.sleep(0.001)
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split(",")[0] for line in err.splitlines()] == ["read: 1/3", "read: 2/3", "read: 3/3"]


def test_a_missing_package_is_one_line_in_our_scripts_and_not_ours_to_tell_elsewhere(tmp_path):
    suite_in(tmp_path)
    for folder in (tmp_path, tmp_path / "elsewhere"):
        folder.mkdir(exist_ok=True)
        (folder / "script.py").write_text("from munet.core import command_line; import no_such_package\n")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    ours, other = (
        run_script(tmp_path / where / "script.py", env=environment) for where in (".", "elsewhere")
    )
    assert (ours.returncode, ours.stderr) == (
        2,
        "error: the package no_such_package is not installed; pip install -r requirements.txt\n",
    )
    assert (other.returncode, "Traceback" in other.stderr) == (1, True)
