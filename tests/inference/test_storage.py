"""One way of predicting over folders of any kind: of this machine, and of an object store in memory."""

import os
import uuid

import cv2
import numpy as np
import pytest
from PIL import Image
from support import draw_eye, needs

from munet.core.errors import BadInput
from munet.inference.prediction import Predictor, failed_row, is_up_to_date, output_paths, predicted
from munet.inference.prediction_table import COLUMNS
from munet.inference.segmenter import Segmentation
from munet.inference.storage import FileInfo, LocalFolder, is_remote

PHOTOS = [("a", "a.png"), ("s/b", "s/b.png"), ("s/junk", "s/junk.jpg"), ("gone", "gone.png")]


class Green:
    """In the place of a `Segmenter`: the probability is the green channel."""

    eyes = "whole"

    def segment(self, pyramid):
        return Segmentation(np.ascontiguousarray(pyramid.full()[..., 1]), [])

    def threads(self, workers):
        return workers


@pytest.fixture(params=["local", pytest.param("remote", marks=needs("fsspec"))])
def new_folder(request, tmp_path):
    """A function that makes a folder of each kind."""
    if request.param == "local":
        return lambda name: LocalFolder(tmp_path / name)
    from munet.cluster.storage import RemoteFolder

    return lambda name: RemoteFolder(f"memory://{uuid.uuid4().hex}/{name}")


def png(seed):
    return cv2.imencode(".png", draw_eye(seed)[0])[1].tobytes()


@pytest.fixture
def predictor(new_folder):
    """It has two photos and one that is none."""
    source = new_folder("photos")
    for number, (_, file) in enumerate(PHOTOS[:2]):
        source.write(file, png(number))
    source.write(PHOTOS[2][1], b"no photo")
    return Predictor(Green(), 128, source, new_folder("results"))


def rows_of(predictor):
    with predicted(PHOTOS, predictor) as rows:
        return {row["image"]: row for row in rows}


def test_rows_and_outputs_are_the_same_in_every_kind_of_folder(predictor):
    rows = rows_of(predictor)
    assert list(rows) == [name for name, _ in PHOTOS]
    assert [row["status"] for row in rows.values()] == ["ok", "ok", "failed", "failed"]
    with predictor.target.fetched("Predictions/s/b.png") as path, Image.open(path) as opened:
        probability = np.asarray(opened)
    assert np.array_equal(probability, draw_eye(1)[0][..., 1])
    assert rows["s/b"]["sclera_pixels"] == str(np.count_nonzero(probability >= 128))
    for name in ("s/junk", "gone"):
        location = predictor.source.location(dict(PHOTOS)[name])
        assert rows[name] == failed_row(name, rows[name]["error"])
        assert rows[name]["error"].startswith(f"{location}: found ")


def test_what_is_up_to_date_is_told_alike_in_every_kind_of_folder(predictor):
    rows = rows_of(predictor)

    def told():
        check = predictor.up_to_date_check()
        return [name for name, file in PHOTOS if check(rows[name], file)]

    assert told() == ["a", "s/b"]
    predictor.source.remove("a.png")  # out of reach
    assert told() == ["a", "s/b"]
    predictor.source.write("a.png", png(0) + b"longer")
    assert told() == ["s/b"]
    predictor.target.write("Overlays/s/b.jpg", b"")
    assert told() == []
    rows |= rows_of(predictor)
    assert told() == ["a", "s/b"]
    predictor.target.remove("Binarised/a.png")
    assert told() == ["s/b"]


def test_a_photo_that_is_good_no_more_leaves_no_outputs_in_any_kind_of_folder(predictor):
    rows_of(predictor)
    predictor.source.write("a.png", b"spoilt")
    rows_of(predictor)
    info = predictor.target.infos((".png", ".jpg"))
    assert [info(path) for path in output_paths("a")] == [None] * 3
    assert None not in [info(path) for path in output_paths("s/b")]


def test_a_file_that_is_not_there_is_no_error_to_remove_and_one_to_fetch(new_folder):
    folder = new_folder("empty")
    folder.remove("a.png")
    assert folder.infos((".png",))("a.png") is None
    if not isinstance(folder, LocalFolder):  # whose reader tells
        with pytest.raises(BadInput, match="check that it is there"), folder.fetched("a.png"):
            pass


GOOD = dict.fromkeys(COLUMNS, "") | {"image": "a", "status": "ok", "bytes": "7"}
WRITTEN = [FileInfo(1, 5.0), FileInfo(1, 6.0)]


@pytest.mark.parametrize(
    ("row", "photo", "outputs", "expected"),
    [
        (GOOD, FileInfo(7, 4.0), WRITTEN, True),
        (GOOD, FileInfo(7, 5.0), WRITTEN, True),
        (GOOD, FileInfo(7, 5.5), WRITTEN, False),  # younger than one of them
        (GOOD, FileInfo(8, 4.0), WRITTEN, False),
        (GOOD, FileInfo(None, 4.0), WRITTEN, True),  # a store that tells no sizes
        (GOOD, None, WRITTEN, True),
        (GOOD, FileInfo(7, 4.0), [WRITTEN[0], None], False),
        (GOOD, FileInfo(7, 4.0), [WRITTEN[0], FileInfo(0, 6.0)], False),
        (GOOD, None, [FileInfo(0, 6.0)], False),
        (GOOD | {"status": "failed"}, FileInfo(7, 4.0), WRITTEN, False),
        (GOOD | {"error": "cut short"}, FileInfo(7, 4.0), WRITTEN, False),
    ],
)
def test_a_row_is_up_to_date_while_photo_and_outputs_are_what_they_were(row, photo, outputs, expected):
    assert is_up_to_date(row, photo, outputs) is expected


def test_a_local_folder_writes_whole_files_and_knows_sizes(tmp_path):
    folder = LocalFolder(tmp_path)
    folder.write("s/a.png", b"12345")
    assert os.listdir(tmp_path / "s") == ["a.png"]
    assert folder.infos((".png",))("s/a.png").size == 5
    assert folder.location("") == str(tmp_path)


def test_urls_are_remote():
    assert is_remote("s3://bucket/a")
    assert not is_remote("C:/photos")
    assert not is_remote(None)
