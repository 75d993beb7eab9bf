"""Damaged photos in great number: none brings a traceback, a hang, or the memory down, and the good ones
among them are all done."""

import io
import json
import time

import numpy as np
import pillow_heif
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from support import ROOT, draw_eye, run_script

from munet.core.errors import BadInput
from munet.images.reading import read_image

FORMATS = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "bmp": "BMP", "tif": "TIFF", "heic": "HEIF"}
GOOD = 60
SECONDS_A_FILE, MEGABYTES = 10, 1000


class Files(dict):
    """Bytes by suffix, shown in few words."""

    def __repr__(self):
        return f"Files({', '.join(self)})"


@pytest.fixture(scope="module")
def whole():
    """The bytes of a photo in every format."""
    pillow_heif.register_heif_opener()
    files = Files()
    for seed, (suffix, kind) in enumerate(FORMATS.items()):
        buffer = io.BytesIO()
        options = (
            {"exif": Image.Exif(), "quality": 80}
            if kind in ("JPEG", "WEBP")
            else {"compression": "tiff_lzw"}
            if kind == "TIFF"
            else {}
        )
        Image.fromarray(draw_eye(seed, (60, 80))[0]).save(buffer, kind, **options)
        files[suffix] = buffer.getvalue()
    return files


def damage(data, rng):
    """Cuts, flips, overwrites, doubles, drops or swaps bytes, now at the header, now anywhere."""
    data = bytearray(data)
    for _ in range(rng.integers(1, 6)):
        reach = min(len(data), 64) if rng.random() < 0.5 else len(data)
        at, length = int(rng.integers(0, max(1, reach))), int(rng.integers(1, 40))
        kind = rng.integers(0, 6)
        if kind == 0:
            del data[at + len(data) // 8 :]
        elif kind == 1 and data:
            data[at % len(data)] ^= 1 << rng.integers(0, 8)
        elif kind == 2:
            data[at : at + length] = rng.bytes(length)
        elif kind == 3:
            data[at:at] = data[at : at + length]
        elif kind == 4:
            del data[at : at + length]
        else:
            data[at : at + 4] = (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\0\x01\0\0")[
                rng.integers(0, 4)
            ]
    return bytes(data)


@pytest.mark.parametrize("damaged", [1500, pytest.param(5000, marks=pytest.mark.slow)])
def test_good_files_are_done_among_damaged_ones(whole, weights, damaged, tmp_path):
    rng, photos, good = (
        np.random.default_rng(0),
        tmp_path / "photos",
        [f"bad{i * damaged // GOOD:05}good" for i in range(GOOD)],
    )
    photos.mkdir()
    for i in range(damaged):
        suffix = list(FORMATS)[i % len(FORMATS)]
        (photos / f"bad{i:05}.{suffix}").write_bytes(damage(whole[suffix], rng))
    for i, name in enumerate(good):
        suffix = list(FORMATS)[i % len(FORMATS)]
        (photos / f"{name}.{suffix}").write_bytes(whole[suffix])
    command = [
        ROOT / "predict_test_images.py",
        photos,
        "--weights",
        weights,
        "--out",
        tmp_path / "out",
        "--no-overlays",
    ]
    done = run_script(*command, timeout=600)
    assert done.returncode == 1, done.stderr[-2000:]
    figures = json.loads(done.stdout.splitlines()[-1])
    assert "Traceback" not in done.stderr
    assert "unexpected" not in done.stderr
    assert figures["images"] + figures["failed"] == damaged + GOOD
    assert figures["failed"] > 0.2 * damaged  # they were damaged
    assert figures["peak_memory_mb"] < MEGABYTES
    for name in good:
        assert (tmp_path / "out/Binarised" / f"{name}.png").exists()
    assert done.stderr.count("failed: ") == figures["failed"]


EDITS = st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=12)), min_size=1, max_size=8)


@settings(
    max_examples=600,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(suffix=st.sampled_from(list(FORMATS)), edits=EDITS, kept=st.floats(0, 1) | st.just(1.0))
def test_a_damaged_file_is_read_or_refused_in_time(whole, tmp_path, suffix, edits, kept):
    contents = bytearray(whole[suffix])
    for where, piece in edits:
        at = int(where * len(contents))
        contents[at : at + len(piece)] = piece
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(contents[: int(kept * len(contents))])
    started = time.monotonic()
    try:
        image = read_image(path)
    except BadInput as problem:
        assert str(path) in str(problem)
        assert "\n" not in str(problem)
    else:
        assert image.dtype == np.uint8
        assert image.shape[2] == 3
    assert time.monotonic() - started < SECONDS_A_FILE
