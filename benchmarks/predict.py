"""Photos a second of the prediction pipeline, beside bare inference and beside the plain loop that one would
write first.

All take turns, so that what else the machine does slows all of them. Bare inference is LiteRT on images that
are ready in memory, in the faster of two ways: a thread a core, or one caller whose work is spread over the
cores. It is measured on the network as Keras exports it, and on the network as it is run here, with fewer
multiply-adds (folding.py). Last, what decoding JPEGs at a reduced scale, which the pipeline does not do,
would change of the maps.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import cv2
import keras
import numpy as np

from benchmarks import DIFFERENT, timed, write_photos
from model import load_munet
from munet.core.command_line import between, print_table
from munet.core.paths import SUITE
from munet.images.drawing import overlay
from munet.images.reading import read_image
from munet.images.resizing import resize_probability
from munet.images.writing import write_jpeg, write_png
from munet.inference.conversion import convert
from munet.inference.photos import find_photos
from munet.inference.prediction import OVERLAY_QUALITY, Predictor, predicted
from munet.inference.segmenter import Segmenter
from munet.inference.storage import LocalFolder

SIZES = ((550, 1300), (3000, 4000))  # (height, width): of MASD's photos, and 12 megapixels
PROFILED = 10  # photos
WAYS = ("a thread a core", "one caller")
BESIDE = ("bare LiteRT", "bare LiteRT, folded", "plain loop")
REDUCED = {2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}


def add_arguments(parser):
    """Adds this part's flags."""
    parser.add_argument("weights", type=Path, metavar="MODEL", help="a trained model")
    parser.add_argument(
        "--count",
        type=between(6, 10**6, int),
        default=500,
        help="photos of 1300x550; a fifth as many of 12 megapixels",
    )
    parser.add_argument("--rounds", type=between(1, 100, int), default=5, help="turns that they take")
    parser.add_argument(
        "--workers",
        type=between(1, 256, int),
        default=os.cpu_count() or 1,
        help="threads, for pipeline and bare inference",
    )


def measure(args):
    """Rates, ratios to bare inference and to the plain loop, and where the time of a photo goes."""
    segmenter = Segmenter(args.weights, "litert")
    loop = _plain_loop(args.weights)
    rows, shares, changes, ratios = [], [], [], {}
    with tempfile.TemporaryDirectory() as scratch:
        models = dict(zip(BESIDE, (Path(scratch, "bare.tflite"), args.weights), strict=False))
        convert(args.weights, "litert", models[BESIDE[0]], fold=False)
        for size, count in zip(
            SIZES, (max(args.rounds, args.count), max(args.rounds, args.count // 5)), strict=True
        ):
            name = f"{size[1]}x{size[0]}"
            folder = write_photos(Path(scratch, name), count, SIZES[0], size)
            rates = _take_turns(folder, segmenter, models, loop, count, args)
            ratios[name] = _ratios(rates)
            rows += [
                (name, kind, f"{rate:.1f}", *(f"{rate / rates[other]:.2f}" for other in BESIDE))
                for kind, rate in rates.items()
            ]
            shares += [
                (name, step, f"{1000 * seconds:.1f}") for step, seconds in _profile(folder, segmenter).items()
            ]
            changes += [
                (name, f"1/{scale}", f"{100 * part:.2f} %")
                for scale, part in _changed(folder, segmenter).items()
            ]
            shutil.rmtree(folder)
    print_table(("photos", "", "photos a second", *(f"of {other}" for other in BESIDE)), rows)
    print_table(("photos", "step", "CPU ms a photo"), shares)
    print_table(("photos", "decoded at", "pixels of the map that change by more than one level"), changes)
    started = _start_up(args.weights)
    print(f"one photo, from the command to its mask: {started:.2f} s")
    return {"images": args.count, "failed": 0, "first_mask_seconds": started, **ratios}


def _ratios(rates):
    rate = rates["pipeline"]
    return {
        "rate": rate,
        **dict(
            zip(
                ("of_bare", "of_folded", "over_plain"), (rate / rates[other] for other in BESIDE), strict=True
            )
        ),
    }


def _take_turns(folder, segmenter, models, loop, count, args):
    """Photos a second of each way, all rounds together."""
    photos = iter(find_photos(folder))
    some = max(1, count // args.rounds)
    slow = max(1, some // 5)  # of the slow way, fewer are enough
    inputs = [segmenter.prepare(read_image(path)) for _, path in islice(find_photos(folder), DIFFERENT)]
    inputs = [inputs[i % len(inputs)] for i in range(some)]
    alone = {kind: Segmenter(path, "litert") for kind, path in models.items()}
    spread = {kind: Segmenter(path, "litert", threads=args.workers) for kind, path in models.items()}
    spent = dict.fromkeys(
        [(kind, way) for kind in models for way in WAYS]
        + ["pipeline", "pipeline with overlays", "plain loop"],
        0.0,
    )
    with ThreadPoolExecutor(args.workers) as pool:
        for engine in (segmenter, *alone.values()):
            list(pool.map(engine.infer, inputs[: 2 * args.workers]))  # every thread has its interpreter
        out = folder.parent / "out"
        for number in range(args.rounds):
            part = list(islice(photos, some))
            for kind in models:
                spent[kind, WAYS[0]] += timed(lambda k=kind: list(pool.map(alone[k].infer, inputs)))[1]
                spent[kind, WAYS[1]] += timed(lambda k=kind: [spread[k].infer(image) for image in inputs])[1]
            for overlays, kind in ((False, "pipeline"), (True, "pipeline with overlays")):
                spent[kind] += timed(
                    lambda p=part, o=overlays: _run(p, segmenter, out / str(o), o, args.workers)
                )[1]
            spent["plain loop"] += (
                timed(lambda p=part[:slow]: [loop(path, folder.parent / "plain") for _, path in p])[1]
                * some
                / slow
            )
            print(f"  round {number + 1} of {args.rounds}", file=sys.stderr, flush=True)
            for left in (out, folder.parent / "plain"):
                shutil.rmtree(left)
    best = {kind: min(spent.pop((kind, way)) for way in WAYS) for kind in models}
    return {kind: some * args.rounds / seconds for kind, seconds in (best | spent).items()}


def _run(photos, segmenter, out, overlays, workers):
    folders = LocalFolder("/"), LocalFolder(out)  # the photos' paths are whole
    predictor = Predictor(segmenter, segmenter.level, *folders, overlays)
    with predicted(photos, predictor, workers) as rows:
        assert all(row["status"] == "ok" for row in rows)


def _plain_loop(weights):
    """What one would write first: OpenCV and `model.predict`, a photo at a time."""
    network, settings = load_munet(weights)
    keras.utils.disable_interactive_logging()

    def one(path, out):
        out.mkdir(exist_ok=True)
        image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        small = cv2.resize(
            image, (network.input_shape[2], network.input_shape[1]), interpolation=cv2.INTER_AREA
        )
        probability = cv2.resize(network.predict(small[None])[0, ..., 0], image.shape[1::-1])
        cv2.imwrite(str(out / f"{path.stem}_map.png"), np.rint(probability * 255).astype(np.uint8))
        cv2.imwrite(
            str(out / f"{path.stem}_mask.png"),
            (probability * 255 >= settings["level"]).astype(np.uint8) * 255,
        )

    return one


def _profile(folder, segmenter):
    """CPU seconds a photo of each step, one thread."""
    spent, out = {}, folder.parent / "profile"

    def step(name, function):
        started = time.thread_time()
        result = function()
        spent[name] = spent.get(name, 0) + (time.thread_time() - started) / PROFILED
        return result

    for _, path in islice(find_photos(folder), PROFILED):
        image = step("decode", lambda p=path: read_image(p))
        small = step("resize", lambda i=image: segmenter.prepare(i))
        found = step("infer", lambda s=small: segmenter.infer(s))
        probability = step("up-sample", lambda f=found, i=image: resize_probability(f, i.shape[:2]))
        mask = step("threshold", lambda p=probability: p >= segmenter.level)
        step("encode and write map", lambda p=probability: write_png(out / "map.png", p))
        step("encode and write mask", lambda m=mask: write_png(out / "mask.png", m))
        step(
            "overlay",
            lambda i=image, m=mask: write_jpeg(out / "overlay.jpg", overlay(i, m), OVERLAY_QUALITY, "4:2:0"),
        )
    return spent


def _changed(folder, segmenter):
    """The share of pixels that change by more than one level where JPEGs are decoded at a scale that still
    holds the network's input."""
    changed = {}
    for _, path in islice(find_photos(folder), PROFILED):
        image = read_image(path)
        half = tuple(side // 2 for side in image.shape[:2])  # enough to compare at
        whole = resize_probability(segmenter.infer(segmenter.prepare(image)), half)
        for scale, flag in REDUCED.items():
            small = cv2.imread(str(path), flag)[..., ::-1]
            if min(small.shape[:2]) >= segmenter.size:
                other = resize_probability(
                    segmenter.infer(segmenter.prepare(np.ascontiguousarray(small))), half
                )
                changed.setdefault(scale, []).append(np.mean(cv2.absdiff(whole, other) > 1))
    return {scale: float(np.mean(parts)) for scale, parts in changed.items()}


def _start_up(weights):
    """Seconds from the command line to the mask of one photo, the model being converted already."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_photos(Path(scratch, "photos"), 1, SIZES[0])
        command = [
            sys.executable,
            SUITE / "predict_test_images.py",
            folder,
            "--weights",
            weights,
            "--out",
            Path(scratch, "out"),
        ]
        return timed(lambda: subprocess.run(command, check=True, capture_output=True))[1]
