"""Ray: the same pixels as on one machine though a worker dies, from and to folders and an S3 server, which is
a real one in small."""

import importlib.util
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
from support import ROOT, last_json, needs, run_script, touch, write_plain

import predict_test_images
import threshold
from munet.cluster import ray_cluster as suite
from munet.cluster.prediction import photos_of
from munet.cluster.storage import open_folder
from munet.core.errors import MunetError
from munet.inference.conversion import converted

PHOTOS = 160
pytestmark = pytest.mark.filterwarnings("ignore")


def in_cluster(test):
    """The marks of a test that shares the cluster."""
    return needs("ray")(pytest.mark.xdist_group("ray")(test))


@pytest.fixture(scope="module")
def bucket():
    """The URL of a bucket on an S3 server of this machine; None where none can be started."""
    if not all(map(importlib.util.find_spec, ("moto", "s3fs"))):
        yield None
        return
    import s3fs
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(port=0)
    server.start()
    _, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (
            ("ENDPOINT_URL", f"http://127.0.0.1:{port}"),
            ("ACCESS_KEY_ID", "a"),
            ("SECRET_ACCESS_KEY", "b"),
        ):
            patch.setenv(f"AWS_{name}", value)
        s3fs.S3FileSystem().mkdir("eyes")
        yield "s3://eyes"
    s3fs.S3FileSystem.clear_instance_cache()
    server.stop()


@pytest.fixture(scope="module")
def cluster(bucket):
    """A head that computes nothing and `worker`, a node of one core; started behind the S3 server, whose
    address it inherits."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    cluster.worker = cluster.add_node(num_cpus=1)
    yield cluster
    cluster.shutdown()


def predict(*words):
    """The script's exit code, in this process."""
    return predict_test_images.main([str(word) for word in words])


def photo(seed, size=(240, 320)):
    small = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return cv2.imencode(".png", cv2.resize(small, size[::-1], interpolation=cv2.INTER_CUBIC))[1].tobytes()


def content(name, data):
    """Of a PNG its pixels: ISA-L's deflate need not leave the same bytes of them in every process and on
    every processor."""
    if not name.endswith(".png"):
        return data
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    return pixels.shape, pixels.tobytes()


def tree(folder):
    files = {
        p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file() and p.name != ".lock"
    }
    return {name: content(name, path.read_bytes()) for name, path in files.items()}


@in_cluster
def test_a_worker_that_is_killed_changes_nothing(cluster, weights, tmp_path):
    """All that is written before the kill is of the worker that dies, and all behind it of the one that comes
    in its place."""
    for i in range(PHOTOS):
        (tmp_path / "photos" / f"s{i % 3}").mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / f"s{i % 3}/ö {i:03}.png").write_bytes(photo(i))
    (tmp_path / "photos/junk.jpg").write_bytes(b"no photo")
    converted(weights, "litert")
    script = [ROOT / "predict_test_images.py", tmp_path / "photos", "--weights", weights, "--out"]
    # below the working folder
    command = [sys.executable, script[0], "photos", *script[2:], "ray", "--ray", cluster.address]
    masks = tmp_path / "ray/Binarised"
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    ) as process:
        while process.poll() is None and len(list(masks.rglob("*.png"))) < 30:
            time.sleep(0.02)
        cluster.remove_node(cluster.worker, allow_graceful=False)
        at_the_kill = len(list(masks.rglob("*.png")))
        cluster.worker = cluster.add_node(num_cpus=1)
        out, errors = process.communicate(timeout=300)
    assert process.returncode == 1, errors
    assert 30 <= at_the_kill < PHOTOS
    assert last_json(out)["images"] == PHOTOS
    assert errors.count("failed: ") == 1
    assert predict(*script[1:], tmp_path / "local") == 1
    assert tree(tmp_path / "ray") == tree(tmp_path / "local")


@in_cluster
def test_levels_are_picked_by_adding_up_histograms(cluster, weights, tmp_path, capsys):
    data = write_plain(tmp_path / "data", 3, 2)
    assert predict(data, "--weights", weights, "--out", tmp_path / "out") == 0
    (tmp_path / "out/Predictions/s1/eye1.png").write_bytes(b"damaged")
    capsys.readouterr()
    figures = []
    for flags in ([], ["--ray", cluster.address]):
        assert threshold.main([str(tmp_path / "out"), str(data), *flags]) == 1
        printed = capsys.readouterr()
        assert "damaged" in printed.err or "not an image" in printed.err
        figures.append(last_json(printed.out))
        del figures[-1]["seconds"], figures[-1]["peak_memory_mb"]
    assert figures[0] == figures[1]


@in_cluster
@needs("moto", "s3fs")
def test_from_and_to_an_object_store(bucket, cluster, weights, tmp_path, capsys):
    photos = open_folder(f"{bucket}/photos")
    for i in range(5):
        (tmp_path / "photos/s").mkdir(parents=True, exist_ok=True)
        (tmp_path / f"photos/s/{i}.png").write_bytes(photo(i))
        photos.write(f"s/{i}.png", photo(i))
    photos.write("s/junk.jpg", b"no photo")
    (tmp_path / "photos/s/junk.jpg").write_bytes(b"no photo")
    words = [photos.url, "--weights", weights, "--out", f"{bucket}/results", "--ray", cluster.address]
    assert predict(*words) == 1
    assert f"failed: {bucket}/photos/s/junk.jpg: found not an image" in capsys.readouterr().err
    assert predict(tmp_path / "photos", "--weights", weights, "--out", tmp_path / "local") == 1
    capsys.readouterr()
    target, local = open_folder(f"{bucket}/results"), tree(tmp_path / "local")
    for name in ("settings.json", "predictions.csv"):
        local.pop(name)
        assert target.read(name)
    assert {name: content(name, target.read(name)) for name in local} == local
    local.pop("eyes.csv")
    written = target.listed((".png", ".jpg"))
    assert set(written) == set(local)
    # Again: what is done is not done again; a photo that was replaced is; other settings are refused.
    time.sleep(1)
    photos.write("s/1.png", photo(99))
    assert predict(*words) == 1
    assert last_json(capsys.readouterr().out)["images"] == 5
    after = target.listed((".png",))
    assert [name for name, info in after.items() if info.written > written[name].written] == [
        "Binarised/s/1.png",
        "Predictions/s/1.png",
    ]
    with pytest.raises(MunetError, match="level was 128, now 7"):
        predict(*words, "--level", 7)
    # What an earlier run wrote is no photo, and goes with --overwrite.
    assert {name.split("/")[0] for name, _ in photos_of(bucket, f"{bucket}/results").files()} == {"photos"}
    target.write("Overlays/old.jpg", b"of a photo that is gone")
    assert predict(*words, "--overwrite") == 1
    assert set(target.listed((".png", ".jpg"))) == set(written)


@pytest.mark.slow
@needs("ray")
def test_ray_alone_starts_a_cluster_on_this_machine(weights, tmp_path):
    (tmp_path / "photos").mkdir()
    for i in range(3):
        (tmp_path / f"photos/{i}.png").write_bytes(photo(i))
    words = [tmp_path / "photos", "--weights", weights, "--out"]
    done = run_script(ROOT / "predict_test_images.py", *words, tmp_path / "ray", "--ray", timeout=300)
    assert done.returncode == 0, done.stderr
    assert predict(*words, tmp_path / "local") == 0
    assert tree(tmp_path / "ray") == tree(tmp_path / "local")


def test_what_cannot_run_says_so(tmp_path, capsys):
    for words, told in (
        (["s3://a/b"], "URLs need --ray"),
        ([tmp_path, "--ray", "--shard", "1/2"], "leave it away with --ray"),
    ):
        with pytest.raises(SystemExit) as end:
            predict(*words)
        assert end.value.code == 2
        assert told in capsys.readouterr().err
    assert predict_test_images.parse([str(tmp_path), "--ray"]).ray == "local"


def test_nothing_but_modules_is_sent_to_a_cluster(tmp_path, monkeypatch):
    touch(tmp_path, "model.py", "venv/lib.py", "photos[1]/a.jpg")
    monkeypatch.setattr(suite, "SUITE", tmp_path)
    assert sorted(suite._not_code()) == ["/photos[[]1]", "/venv"]
