"""Videos and cameras: an overlay for every frame, its area in a table, and clear words for what is no
video."""

import csv
import functools
import http.server
import json
import subprocess
import sys
import threading

import cv2
import numpy as np
import pytest
from support import draw_eye, run_script, save_random_network

import predict_test_images
from munet.core.errors import MunetError
from munet.inference import video
from munet.inference.conversion import converted
from munet.inference.engines import KerasEngine
from munet.inference.segmenter import Segmenter

LEVEL = 128  # of `weights`


@pytest.fixture
def clip(tmp_path):
    """Twelve frames of 97x64 pixels, which no codec likes, at 10 a second."""
    path = tmp_path / "my clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (97, 64))
    for seed in range(12):
        writer.write(draw_eye(seed, (64, 97))[0][..., ::-1])
    writer.release()
    return path


def test_a_video_gives_an_overlay_video_and_a_table(weights, clip, tmp_path, capsys):
    assert (
        predict_test_images.main(
            [str(clip), "--weights", str(weights), "--out", str(tmp_path / "out"), "--eyes", "whole"]
        )
        == 0
    )
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert figures["images"] == 12
    assert figures["frames_per_second"] > 0
    with open(tmp_path / "out/my clip.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["frame"] for row in rows] == [str(i) for i in range(12)]
    assert float(rows[10]["seconds"]) == pytest.approx(1.0)
    segmenter, capture, made = (
        Segmenter(weights, eyes="whole"),
        cv2.VideoCapture(str(clip)),
        cv2.VideoCapture(str(tmp_path / "out/my clip.mp4")),
    )
    assert made.get(cv2.CAP_PROP_FPS) == pytest.approx(10)
    assert len({row["sclera_pixels"] for row in rows}) > 1
    for row in rows:
        picture = capture.read()[1]
        mask = segmenter(np.ascontiguousarray(picture[..., ::-1])) >= LEVEL
        assert int(row["sclera_pixels"]) == mask.sum()
        assert float(row["sclera_share"]) == pytest.approx(mask.mean(), abs=1e-6)
        assert made.read()[1].shape == (64, 96, 3)
    assert not made.read()[0]


def test_frames_fill_a_gpus_batches(clip, tmp_path, tiny_networks):
    run = save_random_network(tmp_path / "run")
    segmenter, calls = Segmenter(run, "keras", eyes="whole"), []
    engine = segmenter.engine = KerasEngine(run, batch=4)  # what a GPU gets
    segmenter.batch, predict = engine.batch, engine.network.predict_on_batch
    engine.network.predict_on_batch = lambda images: calls.append(len(images)) or predict(images)
    assert video.predict_video(video.Clip(clip), segmenter, LEVEL, tmp_path, workers=1) == (12, 0)
    assert len(calls) < 12


def test_what_is_recorded_is_not_written_over(weights, clip, tmp_path, capsys):
    words = [str(clip), "--weights", str(weights), "--out", str(tmp_path / "out")]
    predict_test_images.main(words)
    before = (tmp_path / "out/my clip.csv").read_bytes()
    with pytest.raises(MunetError, match=r"my clip\.csv is there already"):
        predict_test_images.main([*words, "--frames", "5"])
    assert (tmp_path / "out/my clip.csv").read_bytes() == before
    assert predict_test_images.main([*words, "--frames", "5", "--overwrite"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["images"] == 5


def test_a_video_that_is_cut_short_is_told(weights, clip, tmp_path, capsys):
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) // 2])
    assert (
        predict_test_images.main(
            [str(clip), "--weights", str(weights), "--out", str(tmp_path / "out"), "--eyes", "whole"]
        )
        == 1
    )
    printed = capsys.readouterr()
    assert "frames that can be read, expected 12" in printed.err
    assert json.loads(printed.out.splitlines()[-1])["failed"] > 0
    with pytest.raises(SystemExit):
        predict_test_images.main([str(clip), "--shard", "1/2"])


def test_frames_limits_and_nothing_half_written_stays(weights, clip, tmp_path, monkeypatch):
    segmenter = Segmenter(weights, eyes="whole")
    assert video.predict_video(video.Clip(clip), segmenter, LEVEL, tmp_path / "out", frames=5) == (5, 0)
    monkeypatch.setattr(video, "overlay", lambda image, mask: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        video.predict_video(video.Clip(clip), segmenter, LEVEL, tmp_path / "none")
    assert list((tmp_path / "none").iterdir()) == []


def test_what_is_no_video_is_told_in_one_line(weights, tmp_path):
    """As a script: OpenCV says things of its own, and the last line has to be ours."""
    converted(weights, "litert")
    (tmp_path / "junk.mp4").write_bytes(b"not a video" * 100)
    done = run_script(
        predict_test_images.__file__,
        "junk.mp4",
        "--weights",
        weights,
        "--out",
        tmp_path / "out",
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert [
        line for line in done.stderr.splitlines() if line.startswith("error: ")
    ] == done.stderr.splitlines()[-1:]
    assert "no video that can be read" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("missing.mov", "no such file"),
        ("97", "camera 97 gives no pictures"),
        (
            "http://me:secret@127.0.0.1:9/live",
            r"^http://127.0.0.1:9/live gives no pictures .*; check address",
        ),
    ],
)
def test_what_is_not_there_is_told(weights, tmp_path, monkeypatch, source, told):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MunetError, match=told):
        predict_test_images.main(
            [source, "--weights", str(weights), "--out", str(tmp_path / "out"), "--eyes", "whole"]
        )
    assert not (tmp_path / "out").exists()


def test_a_camera_that_is_not_there_costs_no_earlier_recording(weights, clip, tmp_path):
    out = ["--weights", str(weights), "--out", str(tmp_path / "out"), "--overwrite"]
    predict_test_images.main([str(clip), *out])
    with pytest.raises(MunetError, match="camera 97 gives no pictures"):
        predict_test_images.main(["97", *out])
    assert (tmp_path / "out/my clip.mp4").exists()


def test_a_video_that_does_not_fit_on_the_disk_is_told(weights, clip, tmp_path):
    converted(weights, "litert")  # which would not fit either
    command = f'ulimit -f 8; exec "{sys.executable}" "{predict_test_images.__file__}" "{clip}"'
    done = subprocess.run(
        ["bash", "-c", f'{command} --weights "{weights}" --out "{tmp_path / "out"}"'],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2
    assert "my clip.mp4 could not be written whole; free space is needed there" in done.stderr
    assert not list((tmp_path / "out").glob("*.mp4"))


def test_a_camera_that_is_too_slow_for_its_rate_makes_no_fast_recording(weights, clip, tmp_path, monkeypatch):
    real = cv2.VideoCapture

    class Slow:
        def __init__(self, source):
            self._clip = real(str(clip))
            self.get, self.isOpened, self.release = self._clip.get, self._clip.isOpened, self._clip.release

        def read(self):
            self._clip.grab()
            self._clip.grab()
            return self._clip.read()

    monkeypatch.setattr(cv2, "VideoCapture", Slow)
    opened = video.Clip("0")
    monkeypatch.undo()
    assert video.predict_video(opened, Segmenter(weights, eyes="whole"), LEVEL, tmp_path / "out") == (4, 0)
    made = real(str(tmp_path / "out/camera0.mp4"))
    # the first at 0, the others three tenths of a second apart
    assert made.get(cv2.CAP_PROP_FRAME_COUNT) == 10
    assert made.get(cv2.CAP_PROP_FPS) == pytest.approx(10)


def test_a_recording_ends_with_ctrl_c_and_is_kept(weights, clip, tmp_path, monkeypatch):
    real = cv2.VideoCapture

    def interrupted(items, total, label):
        for number, item in enumerate(items):
            if number == 4:
                raise KeyboardInterrupt
            yield item

    monkeypatch.setattr(video, "progress", interrupted)
    monkeypatch.setattr(
        cv2, "VideoCapture", lambda source: real(str(source if str(source).endswith(".mp4") else clip))
    )
    assert video.predict_video(
        video.Clip("0"), Segmenter(weights, eyes="whole"), LEVEL, tmp_path / "out"
    ) == (4, 0)
    assert real(str(tmp_path / "out/camera0.mp4")).get(cv2.CAP_PROP_FRAME_COUNT) == 4
    with pytest.raises(KeyboardInterrupt, match="the same command starts it again"):
        video.predict_video(video.Clip(clip), Segmenter(weights, eyes="whole"), LEVEL, tmp_path / "file")


def test_a_folder_named_like_a_number_is_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert video.is_video("0")
    (tmp_path / "0").mkdir()
    assert not video.is_video("0")
    assert video.is_video("a/b.MP4")
    assert not video.is_video("a/b.jpg")
    with pytest.raises(MunetError, match="no photos in"):
        predict_test_images.main(["0"])


@pytest.mark.parametrize(
    ("source", "is_one", "name"),
    [
        ("rtsp://me:secret@10.0.0.7:554/Streaming/Channels/101?token=x", True, "101"),
        ("RTSP://10.0.0.7", True, "10.0.0.7"),
        ("https://host/my%20clip.mp4", True, "my clip"),
        ("https://host/photo.JPG", False, None),
        ("VID_1.3GP", True, "VID_1"),
        ("00012.MTS", True, "00012"),
        ("photo.heic", False, None),
    ],
)
def test_videos_and_addresses_are_known(source, is_one, name):
    assert video.is_video(source) == is_one
    if is_one:
        assert video.name_of(source) == name
        assert "secret" not in str(predict_test_images.parse([source]).out)


def test_a_video_at_an_address_is_one_like_a_file(weights, clip, tmp_path, capsys):
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    handler.log_message = lambda *words: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://me:secret@127.0.0.1:{server.server_port}/my%20clip.avi"
        words = ["--weights", str(weights), "--out", str(tmp_path / "out"), "--eyes", "whole"]
        code = predict_test_images.main([address, *words])
        server.shutdown()
    assert (code, json.loads(capsys.readouterr().out.splitlines()[-1])["images"]) == (0, 12)
    assert (tmp_path / "out/my clip.csv").exists()
    assert "secret" not in (tmp_path / "out/settings.json").read_text()
