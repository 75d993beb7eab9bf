import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import synthesize_eyes
from munet.core.errors import MunetError
from munet.images.reading import read_image

SCRIPT = Path(synthesize_eyes.__file__)
SMALL = ["--count", "7", "--size", "48", "64", "--images-per-subject", "3", "--seed", "5"]


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def rows_of(folder):
    with (folder / "labels.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    out = tmp_path_factory.mktemp("eyes") / "data"
    assert synthesize_eyes.main([str(out), *SMALL, "--workers", "1"]) == 0
    return out


def test_every_image_has_its_mask_and_its_row(dataset):
    rows = rows_of(dataset)
    stems = [Path(row["path"]).relative_to("images").with_suffix("") for row in rows]
    assert len(stems) == len(set(stems)) == 7
    for kind, suffix in (("images", ".jpg"), ("masks", ".png")):
        found = {p.relative_to(dataset / kind).with_suffix("") for p in (dataset / kind).rglob("*" + suffix)}
        assert found == set(stems)
    assert [row["subject"] for row in rows] == ["S0001"] * 3 + ["S0002"] * 3 + ["S0003"]
    for row, stem in zip(rows, stems, strict=True):
        mask = read_image((dataset / "masks" / stem).with_suffix(".png"))
        assert read_image(dataset / row["path"]).shape[:2] == mask.shape[:2] == (48, 64)
        assert set(np.unique(mask)) <= {0, 255}
        assert float(row["sclera_share"]) == pytest.approx((mask[..., 0] > 0).mean(), abs=6e-5)
        assert stem.name.split("_")[:3] == [row["subject"], row["eye"], row["gaze"]]


def test_workers_and_order_change_nothing(dataset, tmp_path):
    assert synthesize_eyes.main([str(tmp_path / "two"), *SMALL, "--workers", "2"]) == 0
    assert contents(tmp_path / "two") == contents(dataset)
    for index in (6, 0, 4):
        row, new = synthesize_eyes.render_one(synthesize_eyes.Plan(tmp_path / "some", 5, (48, 64), 3), index)
        assert new
        assert (tmp_path / "some" / row["path"]).read_bytes() == (dataset / row["path"]).read_bytes()


@pytest.mark.parametrize("kind", ["images", "masks"])
def test_what_a_power_cut_left_empty_is_drawn_again(dataset, tmp_path, kind):
    plan = synthesize_eyes.Plan(tmp_path, 5, (48, 64), 3)
    row, _ = synthesize_eyes.render_one(plan, 0)
    path = next((tmp_path / kind).rglob("*.*g"))
    path.write_bytes(b"")
    assert synthesize_eyes.render_one(plan, 0) == (row, True)
    assert path.read_bytes() == (dataset / path.relative_to(tmp_path)).read_bytes()


def test_other_seeds_draw_other_people(dataset, tmp_path):
    row, _ = synthesize_eyes.render_one(synthesize_eyes.Plan(tmp_path, 6, (48, 64), 3), 0)
    assert row["skin_tone"] != float(rows_of(dataset)[0]["skin_tone"])


def test_class_index_masks_come_beside_the_same_sclera(dataset, tmp_path):
    assert synthesize_eyes.main([str(tmp_path), *SMALL, "--classes", "--workers", "1"]) == 0
    found = set()
    for path in (tmp_path / "classes").rglob("*.png"):
        classes, mask = (
            read_image(tmp_path / kind / path.relative_to(tmp_path / "classes"))[..., 0]
            for kind in ("classes", "masks")
        )
        assert np.array_equal(classes == 1, mask > 0)
        found |= set(np.unique(classes))
    assert found == {0, 1, 2, 3}
    assert contents(tmp_path / "images") == contents(dataset / "images")
    assert contents(tmp_path / "masks") == contents(dataset / "masks")


@pytest.mark.parametrize("name", ["sheet.png", "sheet.jpg"])
def test_the_preview_writes_a_contact_sheet_and_nothing_else(tmp_path, name, capsys):
    assert synthesize_eyes.main([str(tmp_path / "out"), *SMALL, "--preview", str(tmp_path / name)]) == 0
    assert [p.name for p in tmp_path.iterdir()] == [name]
    assert np.ptp(read_image(tmp_path / name)) > 200
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["images"] == 7


def test_what_is_left_out_changes_the_images_and_not_the_people(dataset, tmp_path):
    assert synthesize_eyes.main([str(tmp_path), *SMALL, "--without", "noise", "text", "--workers", "1"]) == 0
    rows, before = rows_of(tmp_path), rows_of(dataset)
    assert {row["noise"] for row in rows} == {"0.0"}
    assert [row["skin_tone"] for row in rows] == [row["skin_tone"] for row in before]
    assert contents(tmp_path / "masks") == contents(dataset / "masks")


def test_going_on_restores_the_same_bytes(dataset, tmp_path, capsys):
    dataset = shutil.copytree(dataset, tmp_path / "data")
    before = contents(dataset)
    images, masks = sorted(dataset.rglob("*.jpg")), sorted(dataset.rglob("*.png"))
    kept = images[3].stat().st_mtime_ns
    for path in (images[0], masks[0], images[1], masks[2], dataset / "labels.csv"):
        path.unlink()
    assert synthesize_eyes.main([str(dataset), *SMALL, "--workers", "1"]) == 0
    assert contents(dataset) == before
    assert images[3].stat().st_mtime_ns == kept
    assert "rendered now: 3" in capsys.readouterr().out


@pytest.mark.parametrize(
    "other",
    [
        ["--seed", "6"],
        ["--count", "8"],
        ["--size", "50", "64"],
        ["--images-per-subject", "2"],
        ["--without", "text"],
    ],
)
def test_a_folder_of_other_settings_is_refused(dataset, other):
    before = contents(dataset)
    with pytest.raises(MunetError, match=r"other settings.*--overwrite"):
        synthesize_eyes.main([str(dataset), *SMALL, *other, "--workers", "1"])
    assert contents(dataset) == before


def test_the_command_line(tmp_path):
    command = [
        sys.executable,
        str(SCRIPT),
        str(tmp_path / "out"),
        "--count",
        "2",
        "--size",
        "48",
        "64",
        "--workers",
        "1",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    summary, figures = done.stdout.splitlines()
    assert summary.startswith("images: 2, subjects: 1, in ")
    figures = json.loads(figures)
    assert (figures["images"], figures["failed"], figures["out"]) == (2, 0, str(tmp_path / "out"))


@pytest.mark.parametrize(
    "bad",
    [
        ["--count", "0"],
        ["--size", "10", "64"],
        ["--seed", "-1"],
        ["--workers", "x"],
        ["--without", "skins"],
        ["--preview", "sheet.gif"],
        ["--preview", "."],
        ["--preview", "out/sheet.png"],
    ],
)
def test_bad_options_are_refused_in_one_line(tmp_path, bad, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        synthesize_eyes.main([str(tmp_path / "out"), *bad])
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(os.name == "nt", reason="there is no Ctrl-C for a group of processes to send on Windows")
def test_ctrl_c_ends_quickly_and_keeps_whole_files(tmp_path):
    command = [
        sys.executable,
        str(SCRIPT),
        str(tmp_path),
        "--count",
        "100000",
        "--size",
        "48",
        "64",
        "--workers",
        "1",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            deadline = time.monotonic() + 20
            while not any(tmp_path.rglob("*.png")) and time.monotonic() < deadline:
                time.sleep(0.05)
            os.killpg(process.pid, signal.SIGINT)
            _, said = process.communicate(timeout=10)
        finally:
            process.kill()
    assert process.returncode == 130
    assert said.startswith("interrupted")
    assert said.count("\n") == 1
    assert not list(tmp_path.rglob(".part-*"))
    for path in tmp_path.rglob("*.jpg"):
        assert read_image(path).shape == (48, 64, 3)
