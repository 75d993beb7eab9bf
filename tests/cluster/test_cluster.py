"""Ray: the same pixels as on one machine though a worker dies, from and to folders and an S3 server, which is
a real one in small."""

import json
import os
import subprocess
import sys
import time

import cv2
import keras
import numpy as np
import pytest
from support import ROOT, run_script, touch, write_plain

import model
from munet.cluster import ray_cluster as suite
from munet.cluster.prediction import photos_of
from munet.cluster.storage import open_folder
from munet.inference.conversion import converted

ray_cluster = pytest.importorskip(
    "ray.cluster_utils", reason="Ray is not installed: requirements/cluster.txt"
)
pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.xdist_group("ray"),
]
PHOTOS = 240


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cluster")
    keras.utils.set_random_seed(0)
    network = model.build_munet(224, encoder_weights="none")
    head = network.get_layer("head")
    head.set_weights([head.get_weights()[0] * 10, head.get_weights()[1]])
    model.save_munet(network, folder, {"architecture": {"size": 224, "decoder": "unet"}, "level": 128})
    converted(folder, "litert")
    return folder


@pytest.fixture(scope="module")
def cluster():
    """A head that computes nothing and two workers of one core each; the second may be killed."""
    cluster = ray_cluster.Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    cluster.add_node(num_cpus=1)
    cluster.doomed = cluster.add_node(num_cpus=1)
    yield cluster
    cluster.shutdown()


def photo(seed, size=(90, 160)):
    small = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return cv2.imencode(".png", cv2.resize(small, size[::-1], interpolation=cv2.INTER_CUBIC))[1].tobytes()


def content(name, data):
    """Of a PNG its pixels: ISA-L's deflate need not leave the same bytes of them in every process and on
    every processor."""
    return (
        cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED).tolist()
        if name.endswith(".png")
        else data
    )


def tree(folder):
    files = {
        p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file() and p.name != ".lock"
    }
    return {name: content(name, path.read_bytes()) for name, path in files.items()}


def test_a_worker_that_is_killed_changes_nothing(cluster, weights, tmp_path):
    for i in range(PHOTOS):
        (tmp_path / "photos" / f"s{i % 3}").mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / f"s{i % 3}/ö {i:03}.png").write_bytes(photo(i))
    (tmp_path / "photos/junk.jpg").write_bytes(b"no photo")
    script = [ROOT / "predict_test_images.py", tmp_path / "photos", "--weights", weights, "--out"]
    # below the working folder
    command = [sys.executable, script[0], "photos", *script[2:], "ray", "--ray", cluster.address]
    masks = tmp_path / "ray/Binarised"
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    ) as process:
        while process.poll() is None and len(list(masks.rglob("*.png"))) < 30:
            time.sleep(0.05)
        at_the_kill = len(list(masks.rglob("*.png")))
        cluster.remove_node(cluster.doomed, allow_graceful=False)
        out, errors = process.communicate(timeout=300)
    assert process.returncode == 1, errors
    assert 30 <= at_the_kill < PHOTOS
    assert json.loads(out.splitlines()[-1])["images"] == PHOTOS
    assert errors.count("failed: ") == 1
    done = run_script(*script, tmp_path / "local", timeout=300)
    assert done.returncode == 1, done.stderr
    assert tree(tmp_path / "ray") == tree(tmp_path / "local")


def test_a_name_that_outputs_cannot_have_fails_alone(cluster, weights, tmp_path):
    for name in ("x.jpg", "x.png/b.jpg", "z.jpg"):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).write_bytes(photo(1))
    words = [tmp_path / "photos", "--weights", weights, "--out", tmp_path / "out", "--ray", cluster.address]
    done = run_script(ROOT / "predict_test_images.py", *words, timeout=300)
    assert done.returncode == 1, done.stderr
    assert "rename it" in done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["images"] == 2


def test_levels_are_picked_by_adding_up_histograms(cluster, weights, tmp_path):
    data = write_plain(tmp_path / "data", 3, 2)
    done = run_script(ROOT / "predict_test_images.py", data, "--weights", weights, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    (tmp_path / "out/Predictions/s1/eye1.png").write_bytes(b"damaged")
    here, there = (
        run_script(ROOT / "threshold.py", tmp_path / "out", data, *flags, timeout=300)
        for flags in ([], ["--ray", cluster.address])
    )
    assert there.returncode == 1, there.stderr
    assert "damaged" in there.stderr or "not an image" in there.stderr
    figures = [json.loads(run.stdout.splitlines()[-1]) for run in (here, there)]
    for run in figures:
        del run["seconds"], run["peak_memory_mb"]
    assert figures[0] == figures[1]


@pytest.fixture(scope="module")
def bucket():
    """The URL of a bucket on an S3 server of this machine."""
    server_module = pytest.importorskip(
        "moto.server", reason="moto is not installed: requirements/backends.txt"
    )
    server = server_module.ThreadedMotoServer(port=0)
    server.start()
    _, port = server.get_host_and_port()
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
    }
    import s3fs

    s3fs.S3FileSystem().mkdir("eyes")
    yield "s3://eyes"
    server.stop()


def test_from_and_to_an_object_store(bucket, weights, tmp_path):
    photos = open_folder(f"{bucket}/photos")
    for i in range(5):
        (tmp_path / "photos/s").mkdir(parents=True, exist_ok=True)
        (tmp_path / f"photos/s/{i}.png").write_bytes(photo(i))
        photos.write(f"s/{i}.png", photo(i))
    photos.write("s/junk.jpg", b"no photo")
    (tmp_path / "photos/s/junk.jpg").write_bytes(b"no photo")
    script, flags = ROOT / "predict_test_images.py", ["--weights", weights, "--out"]
    command = [script, photos.url, *flags, f"{bucket}/results", "--ray"]
    done = run_script(*command, timeout=300)
    assert done.returncode == 1, done.stderr
    assert f"failed: {bucket}/photos/s/junk.jpg: found not an image" in done.stderr
    run_script(script, tmp_path / "photos", *flags, tmp_path / "local")
    target, local = open_folder(f"{bucket}/results"), tree(tmp_path / "local")
    for name in ("settings.json", "predictions.csv"):
        local.pop(name)
        assert target.read(name)
    assert {name: content(name, target.read(name)) for name in local} == local
    written = target.listed((".png", ".jpg"))
    assert set(written) == set(local)
    # Again: what is done is not done again; a photo that was replaced is; other settings are refused.
    time.sleep(1)
    photos.write("s/1.png", photo(99))
    assert json.loads(run_script(*command, timeout=300).stdout.splitlines()[-1])["images"] == 5
    after = target.listed((".png",))
    assert [name for name, info in after.items() if info.written > written[name].written] == [
        "Binarised/s/1.png",
        "Predictions/s/1.png",
    ]
    refused = run_script(*command, "--level", 7, timeout=300)
    assert refused.returncode == 2
    assert "level was 128, now 7" in refused.stderr
    # What an earlier run wrote is no photo, and goes with --overwrite.
    assert {name.split("/")[0] for name, _ in photos_of(bucket, f"{bucket}/results").files()} == {"photos"}
    target.write("Overlays/old.jpg", b"of a photo that is gone")
    assert run_script(*command, "--overwrite", timeout=300).returncode == 1
    assert set(target.listed((".png", ".jpg"))) == set(written)


def test_what_cannot_run_says_so(tmp_path, weights):
    for words, told in (
        (["s3://a/b"], "URLs need --ray"),
        ([tmp_path, "--ray", "--shard", "1/2"], "leave it away with --ray"),
    ):
        done = run_script(ROOT / "predict_test_images.py", *words, "--weights", weights)
        assert (done.returncode, told in done.stderr) == (2, True), done.stderr


def test_nothing_but_modules_is_sent_to_a_cluster(tmp_path, monkeypatch):
    touch(tmp_path, "model.py", "venv/lib.py", "photos[1]/a.jpg")
    monkeypatch.setattr(suite, "SUITE", tmp_path)
    assert sorted(suite._not_code()) == ["/photos[[]1]", "/venv"]
