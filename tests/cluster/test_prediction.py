"""A cluster's run over an object store in memory, whose photos this process predicts."""

import contextlib
import csv
import uuid

import cv2
import numpy as np
import pytest
from support import draw_eye, needs

from munet.core.errors import MunetError
from munet.inference import prediction as on_one_machine
from munet.inference.segmenter import Segmentation

pytestmark = needs("fsspec")


class Green:
    """In the place of a `Segmenter`: the probability is the green channel."""

    name, runtime, tta, settings, eyes = "green", "none", False, {}, "whole"

    def segment(self, pyramid):
        return Segmentation(np.ascontiguousarray(pyramid.full()[..., 1]), [])

    def threads(self, workers):
        return workers


def png(seed):
    return cv2.imencode(".png", draw_eye(seed)[0])[1].tobytes()


@pytest.fixture
def cluster(monkeypatch):
    """`munet.cluster.prediction`, and the names of what it had predicted."""
    from munet.cluster import prediction

    asked = []

    def predicted(ray, photos, predictor):
        asked.append([name for name, _ in photos])
        with on_one_machine.predicted(photos, predictor) as rows:
            yield from rows

    monkeypatch.setattr(prediction, "connected", contextlib.nullcontext)
    monkeypatch.setattr(prediction, "predicted", predicted)
    monkeypatch.setattr(prediction, "KEEP_SECONDS", 0)
    prediction.asked = asked
    return prediction


@pytest.fixture
def bucket(cluster):
    """The URL of a bucket with three photos and one that is none."""
    url = f"memory://{uuid.uuid4().hex}"
    folder = cluster.open_folder(f"{url}/photos")
    for number in range(3):
        folder.write(f"s/{number}.png", png(number))
    folder.write("s/junk.jpg", b"no photo")
    folder.write("s/.hidden.jpg", b"no photo")
    return url


def run(cluster, bucket, level=128, overwrite=False):
    images, out = f"{bucket}/photos", f"{bucket}/results"
    predictor = cluster.predictor_for(cluster.photos_of(images, out), Green(), level, out)
    photos = cluster.photos_of(images, out)
    summary = cluster.predict_folder(photos, predictor, images, "local", overwrite)
    return summary, predictor.target


def test_a_run_is_resumed_refused_and_started_again(cluster, bucket, capsys):
    summary, target = run(cluster, bucket)
    assert (summary.photos, summary.predicted, summary.leftovers) == (4, 3, [])
    assert f"failed: {bucket}/photos/s/junk.jpg: found not an image" in capsys.readouterr().err
    outputs = set(target.listed((".png", ".jpg")))
    assert len(outputs) == 9
    table = target.read("predictions.csv")
    names = [row["image"] for row in csv.DictReader(table.decode().splitlines())]
    assert names == ["s/0", "s/1", "s/2", "s/junk"]
    assert target.read("settings.json")

    run(cluster, bucket)
    cluster.open_folder(f"{bucket}/photos").write("s/1.png", png(9))
    target.write("Binarised/s/2.png", b"")
    run(cluster, bucket)
    assert cluster.asked == [names, ["s/junk"], ["s/1", "s/2", "s/junk"]]
    with pytest.raises(MunetError, match="level was 128, now 7"):
        run(cluster, bucket, level=7)

    target.write("Overlays/old.jpg", b"of a photo that is gone")
    run(cluster, bucket, level=7, overwrite=True)
    assert cluster.asked[-1] == names
    assert set(target.listed((".png", ".jpg"))) == outputs


def test_what_an_earlier_run_wrote_below_the_photos_is_no_photo(cluster, bucket):
    run(cluster, bucket)
    names = [name for name, _ in cluster.photos_of(bucket, f"{bucket}/results/").files()]
    assert names == ["photos/s/0", "photos/s/1", "photos/s/2", "photos/s/junk"]
    with pytest.raises(MunetError, match="no photos in memory://"):
        cluster.photos_of(f"{bucket}/nowhere", "results")


def test_rows_survive_a_worker_that_fails(cluster, bucket, monkeypatch):
    def failing(ray, photos, predictor):
        yield on_one_machine.failed_row("s/0", "first")
        raise MunetError("a worker of the cluster failed")

    monkeypatch.setattr(cluster, "predicted", failing)
    with pytest.raises(MunetError, match="a worker of the cluster failed"):
        run(cluster, bucket)
    assert b"s/0,failed" in cluster.open_folder(f"{bucket}/results").read("predictions.csv")
