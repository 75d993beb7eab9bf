"""The table that grows while a run goes on, is killed anywhere, and ends in order."""

import csv
import importlib.util
import json
import os
from pathlib import Path

import pytest

from munet.core.errors import MunetError
from munet.inference.prediction_table import BOXES, COLUMNS, EYE_COLUMNS, PredictionTable

NAMES = sorted([f"s{i % 3}/p{i:03}" for i in range(40)] + ["a,b", 'quo"te', "new\nline", "深い"])
PHOTOS = [(name, Path(f"{name}.jpg")) for name in NAMES]


def row(name, status="ok"):
    return dict.fromkeys(COLUMNS, "") | {"image": name, "status": status, "height": "3"}


def always(row, path):
    return True


def filled(folder, shard=None, names=NAMES):
    """A table with rows of these names, and its bytes."""
    table = PredictionTable(folder, shard)
    table.rebuild(PHOTOS, always)
    with table.appending() as append:
        for name in names:
            append(row(name))
    return table


def test_rows_come_back_in_order_of_name(tmp_path):
    before = filled(tmp_path).path.read_bytes()
    table = PredictionTable(tmp_path)
    assert table.rebuild(PHOTOS, always) == len(PHOTOS)
    assert table.path.read_bytes() == before
    assert list(table.missing(PHOTOS)) == []


@pytest.mark.parametrize("cut", range(0, 900, 37))
def test_a_table_cut_anywhere_is_completed_to_the_same_bytes(tmp_path, cut):
    (tmp_path / "whole").mkdir()
    whole = filled(tmp_path / "whole").path.read_bytes()
    table = PredictionTable(tmp_path)
    table.path.write_bytes(whole[:cut])
    for limit in (5, 10, 100):  # two more runs are stopped
        table = PredictionTable(tmp_path)
        table.rebuild(PHOTOS, always)
        with table.appending() as append:
            for name, _ in list(table.missing(PHOTOS))[:limit]:
                append(row(name))
    PredictionTable(tmp_path).rebuild(PHOTOS, always)
    assert table.path.read_bytes() == whole


def test_rows_that_do_not_hold_or_whose_photo_is_gone_are_dropped_and_the_last_of_two_stays(tmp_path):
    table = filled(tmp_path, names=NAMES[:10])
    with table.appending() as append:
        append(row(NAMES[3], "failed"))
    kept = PHOTOS[:2] + PHOTOS[3:]
    table = PredictionTable(tmp_path)
    assert table.rebuild(kept, lambda row, path: row["status"] == "ok") == 8
    assert [name for name, _ in table.missing(kept)] == [NAMES[3], *NAMES[10:]]


def test_a_whole_run_takes_in_the_tables_of_shards(tmp_path):
    parts = [filled(tmp_path, (number, 3), NAMES[number - 1 :: 3]) for number in (1, 2, 3)]
    assert {part.path.name for part in parts} == {f"predictions-{n}of3.csv" for n in (1, 2, 3)}
    assert PredictionTable(tmp_path, (2, 3)).rebuild(PHOTOS, always) == len(NAMES[1::3])
    assert PredictionTable(tmp_path).rebuild(PHOTOS, always) == len(NAMES)
    (tmp_path / "other").mkdir()
    assert (tmp_path / "predictions.csv").read_bytes() == filled(tmp_path / "other").path.read_bytes()
    assert sorted(path.name for path in tmp_path.glob("*.csv")) == ["eyes.csv", "predictions.csv"]


def test_a_shard_that_is_run_again_after_the_merge_has_nothing_to_do(tmp_path):
    filled(tmp_path)
    again = PredictionTable(tmp_path, (2, 3))
    assert again.rebuild(PHOTOS[1::3], always) == len(PHOTOS[1::3])
    assert list(again.missing(PHOTOS[1::3])) == []
    assert (tmp_path / "predictions.csv").exists()


@pytest.mark.skipif(importlib.util.find_spec("resource") is None, reason="limits of open files are of Unix")
def test_more_shards_than_files_may_be_open(tmp_path):
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    photos = [(f"p{i:04}", Path(f"p{i:04}.jpg")) for i in range(300)]
    for number, (name, _) in enumerate(photos, 1):
        with (tmp_path / f"predictions-{number}of300.csv").open("w", newline="") as file:
            table = csv.DictWriter(file, COLUMNS)
            table.writeheader()
            table.writerow(row(name))
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    table = PredictionTable(tmp_path)
    try:
        assert table.rebuild(photos, always) == 300
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert list(table.missing(photos)) == []


def test_the_row_that_was_written_last_counts_whichever_table_it_is_in(tmp_path):
    filled(tmp_path, names=NAMES[:4])
    os.utime(tmp_path / "predictions.csv", (1, 1))
    newer = PredictionTable(tmp_path, (1, 2))
    newer.rebuild(PHOTOS, always)
    with newer.appending() as append:
        append(row(NAMES[1]) | {"height": "99"})
    (tmp_path / "predictions-copy of monday.csv").write_text("mine")
    PredictionTable(tmp_path).rebuild(PHOTOS, always)
    assert "99" in (tmp_path / "predictions.csv").read_text(encoding="utf-8")
    assert sorted(path.name for path in tmp_path.glob("*.csv")) == [
        "eyes.csv",
        "predictions-copy of monday.csv",
        "predictions.csv",
    ]


def test_a_table_in_any_other_order_or_damaged_is_taken_up(tmp_path):
    photos = [(f"p{i:04}", Path(f"p{i:04}.jpg")) for i in range(300)]
    table = PredictionTable(tmp_path)
    table.rebuild([], always)
    with table.appending() as append:
        for name, _ in photos:
            append(row(name))
    whole = table.path.read_bytes()
    lines = whole.splitlines(keepends=True)
    table.path.write_bytes(b"".join([lines[0], *lines[:0:-1]]))
    assert PredictionTable(tmp_path).rebuild(photos, always) == 300
    assert table.path.read_bytes() == whole
    table.path.write_bytes(b"".join(lines[:11]) + b'"' + b"a" * 300_000)
    assert PredictionTable(tmp_path).rebuild(photos, always) == 10


def test_a_removed_folder_is_told(tmp_path):
    table = PredictionTable(tmp_path)
    table.rebuild(PHOTOS, always)
    with table.appending() as append:
        append(row("a"))
        table.path.unlink()
        with pytest.raises(MunetError, match="was removed while it was written to"):
            append(row("b"))


def with_eyes(name, count, score="0.9"):
    eyes = [dict.fromkeys(EYE_COLUMNS, score) | {"image": name, "eye": str(n + 1)} for n in range(count)]
    return row(name) | {"eyes": str(count), BOXES: json.dumps(eyes)}


def eyes_of(folder):
    with (folder / "eyes.csv").open(encoding="utf-8", newline="") as file:
        return [(row["image"], row["eye"], row["score"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize("shard", [None, (1, 2)])
def test_rows_of_eyes_follow_their_photos_and_shards_are_merged(tmp_path, shard):
    table = PredictionTable(tmp_path, shard)
    table.rebuild(PHOTOS, always)
    with table.appending() as append:
        for number, name in enumerate(reversed(NAMES)):
            append(with_eyes(name, number % 3))
    assert PredictionTable(tmp_path).rebuild(PHOTOS, always) == len(NAMES)
    count = {name: number % 3 for number, name in enumerate(reversed(NAMES))}
    assert eyes_of(tmp_path) == [(name, str(n + 1), "0.9") for name in NAMES for n in range(count[name])]
    assert {path.name for path in tmp_path.glob("*.csv")} == {"eyes.csv", "predictions.csv"}


def test_a_photo_whose_eyes_are_not_all_there_is_predicted_again_and_those_of_a_killed_run_are_dropped(
    tmp_path,
):
    table = PredictionTable(tmp_path)
    table.rebuild(PHOTOS, always)
    with table.appending() as append:
        append(with_eyes(NAMES[0], 2))
        append(with_eyes(NAMES[1], 2))
    lines = table.eyes_path.read_text(encoding="utf-8").splitlines(keepends=True)
    stray = lines[1].replace(NAMES[0], NAMES[2], 1)  # killed before the photo's own row
    table.eyes_path.write_text("".join([*lines[:2], *lines[3:], stray]), encoding="utf-8")
    table = PredictionTable(tmp_path)
    assert table.rebuild(PHOTOS, always) == 1
    assert {name for name, _, _ in eyes_of(tmp_path)} == {NAMES[1]}
    with table.appending() as append:
        append(with_eyes(NAMES[0], 1, "0.5"))
    assert table.rebuild(PHOTOS, always) == 2
    assert eyes_of(tmp_path)[0] == (NAMES[0], "1", "0.5")


def test_a_table_without_the_columns_of_eyes_is_taken_up(tmp_path):
    table = PredictionTable(tmp_path)
    earlier = [column for column in COLUMNS if column not in ("eyes", "doubt")]
    with table.path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([earlier, [row(NAMES[0])[column] for column in earlier]])
    assert table.rebuild(PHOTOS, always) == 1
