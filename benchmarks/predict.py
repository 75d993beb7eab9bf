"""Photos per second of the prediction pipeline, of bare inference, and of a plain loop.

The pipeline finds the eyes; beside it is the one that takes each photo whole. The plain loop, which takes
them whole too, is what one writes first. All take turns, so that noise of the machine slows all alike. Bare
inference is LiteRT on images in memory, in the faster of two ways: a thread per core, or one caller whose
work is spread over the cores. It is measured on the network as Keras exports it, and on the network as the
pipeline runs it, with fewer multiply-adds (munet/inference/folding.py). Last, what decoding JPEGs at a
reduced scale, which the pipeline does not do, would change in the maps.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
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
from munet.synthesis.scenes import draw_scene

# Of each kind of photo: (height, width) it is rendered at and enlarged to. Close-ups are of MASD's size.
KINDS = {"close-ups": ((550, 1300), (550, 1300)), "faces": ((750, 1000), (3000, 4000))}
PROFILED = 10  # photos
WAYS = ("a thread per core", "one caller")
BESIDE = ("bare LiteRT", "bare LiteRT, folded", "plain loop")
REDUCED = {2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}


def add_arguments(parser):
    """Adds this part's flags."""
    add = parser.add_argument
    add("weights", type=Path, metavar="MODEL", help="a trained model")
    count = "photos of 1300x550; a fifth as many of 12 megapixels"
    workers, cores = "threads, for pipeline and bare inference", os.cpu_count() or 1
    add("--count", type=between(6, 10**6, int), default=500, help=count)
    add("--rounds", type=between(1, 100, int), default=5, help="turns that they take")
    add("--workers", type=between(1, 256, int), default=cores, help=workers)


def measure(args):
    """Rates, ratios to bare inference and to the plain loop, and where the time of a photo goes."""
    segmenter = Segmenter(args.weights, "litert")
    loop = _plain_loop(args.weights)
    counts = (max(args.rounds, args.count), max(args.rounds, args.count // 5))
    rows, shares, changes, ratios = [], [], [], {}
    with tempfile.TemporaryDirectory() as scratch:
        models = _bare_models(args.weights, Path(scratch, "bare.tflite"))
        for (kind, (rendered, size)), count in zip(KINDS.items(), counts, strict=True):
            name = f"{kind}, {size[1]}x{size[0]}"
            folder = write_photos(Path(scratch, kind), count, rendered, size, _draw(kind))
            rates = _take_turns(folder, segmenter, models, loop, count, args)
            spent, changed = _profile(folder, segmenter), _changed(folder, segmenter)
            ratios[name] = _ratios(rates)
            rows += [(name, *_rate_row(way, rates)) for way in rates]
            shares += [(name, step, f"{1000 * seconds:.1f}") for step, seconds in spent.items()]
            changes += [(name, f"1/{scale}", f"{100 * part:.2f} %") for scale, part in changed.items()]
            shutil.rmtree(folder)
    print_table(("photos", "", "photos per second", *(f"of {other}" for other in BESIDE)), rows)
    print_table(("photos", "step", "CPU ms per photo"), shares)
    print_table(("photos", "decoded at", "pixels of the map that change by more than one level"), changes)
    started = _start_up(args.weights)
    print(f"one photo, from the command to its mask: {started:.2f} s")
    return {"images": args.count, "failed": 0, "first_mask_seconds": started, **ratios}


def _draw(kind):
    """What draws a kind of photo: None for close-ups."""
    return (lambda rng, size: draw_scene(rng, size, "portrait")[0]) if kind == "faces" else None


def _rate_row(kind, rates):
    return (kind, f"{rates[kind]:.1f}", *(f"{rates[kind] / rates[other]:.2f}" for other in BESIDE))


def _ratios(rates):
    rate, names = rates["pipeline"], ("of_bare", "of_folded", "over_plain")
    return {"rate": rate, "over_whole": rate / rates["pipeline, --eyes whole"]} | {
        name: rate / rates[other] for name, other in zip(names, BESIDE, strict=True)
    }


def _bare_models(weights, bare):
    """{name: model file} of bare inference: as Keras exports it, to the file `bare`, and folded."""
    convert(weights, "litert", bare, fold=False)
    return dict(zip(BESIDE, (bare, weights), strict=False))


def _take_turns(folder, segmenter, models, loop, count, args):
    """Photos per second of each way, all rounds together."""
    photos = iter(find_photos(folder))
    some = max(1, count // args.rounds)
    slow = max(1, some // 5)  # of the slow way, fewer are enough
    inputs = [segmenter.prepare(read_image(path)) for _, path in islice(find_photos(folder), DIFFERENT)]
    inputs = [inputs[i % len(inputs)] for i in range(some)]
    alone = {kind: Segmenter(path, "litert", eyes="whole") for kind, path in models.items()}
    spread = {
        kind: Segmenter(path, "litert", threads=args.workers, eyes="whole") for kind, path in models.items()
    }
    whole = Segmenter(args.weights, "litert", eyes="whole")
    pipelines = {"pipeline": (segmenter, False), "pipeline with overlays": (segmenter, True)}
    pipelines["pipeline, --eyes whole"] = (whole, False)
    spent = dict.fromkeys([(kind, way) for kind in models for way in WAYS] + [*pipelines, "plain loop"], 0.0)
    out, plain = folder.parent / "out", folder.parent / "plain"
    with ThreadPoolExecutor(args.workers) as pool:
        for engine in (segmenter, *alone.values()):
            list(pool.map(engine.infer, inputs[: 2 * args.workers]))  # every thread has its interpreter
        for number in range(args.rounds):
            part = list(islice(photos, some))
            for kind in models:
                spent[kind, WAYS[0]] += timed(lambda k=kind: list(pool.map(alone[k].infer, inputs)))[1]
                spent[kind, WAYS[1]] += timed(lambda k=kind: [spread[k].infer(image) for image in inputs])[1]
            for kind, (model, overlays) in pipelines.items():
                run = partial(_run, part, model, out / kind, overlays, args.workers)
                spent[kind] += timed(run)[1]
            seconds = timed(lambda p=part[:slow]: [loop(path, plain) for _, path in p])[1]
            spent["plain loop"] += seconds * some / slow
            print(f"  round {number + 1} of {args.rounds}", file=sys.stderr, flush=True)
            for left in (out, plain):
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
    size = network.input_shape[2:0:-1]

    def one(path, out):
        out.mkdir(exist_ok=True)
        image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        levels = cv2.resize(network.predict(small[None])[0, ..., 0], image.shape[1::-1]) * 255
        cv2.imwrite(str(out / f"{path.stem}_map.png"), np.rint(levels).astype(np.uint8))
        mask = (levels >= settings["level"]).astype(np.uint8) * 255
        cv2.imwrite(str(out / f"{path.stem}_mask.png"), mask)

    return one


def _profile(folder, segmenter):
    """CPU seconds per photo of each step, one thread."""
    spent, out = {}, folder.parent / "profile"

    def step(name, function):
        started = time.thread_time()
        result = function()
        spent[name] = spent.get(name, 0) + (time.thread_time() - started) / PROFILED
        return result

    def write_overlay(image, mask):
        write_jpeg(out / "overlay.jpg", overlay(image, mask), OVERLAY_QUALITY, "4:2:0")

    for _, path in islice(find_photos(folder), PROFILED):
        image = step("decode", lambda p=path: read_image(p))
        step("find the eyes", lambda i=image: segmenter.finder(i))
        small = step("resize", lambda i=image: segmenter.prepare(i))
        found = step("infer", lambda s=small: segmenter.infer(s))
        probability = step("up-sample", lambda f=found, i=image: resize_probability(f, i.shape[:2]))
        mask = step("threshold", lambda p=probability: p >= segmenter.level)
        step("encode and write map", lambda p=probability: write_png(out / "map.png", p))
        step("encode and write mask", lambda m=mask: write_png(out / "mask.png", m))
        step("overlay", partial(write_overlay, image, mask))
    return spent


def _changed(folder, segmenter):
    """The share of pixels that change by more than one level if JPEGs are decoded at a smaller scale.

    {scale: share}, of scales that still hold the network's input.
    """
    changed = {}
    for _, path in islice(find_photos(folder), PROFILED):
        image = read_image(path)
        half = tuple(side // 2 for side in image.shape[:2])  # enough to compare at
        whole = resize_probability(segmenter.infer(segmenter.prepare(image)), half)
        for scale, flag in REDUCED.items():
            small = np.ascontiguousarray(cv2.imread(str(path), flag)[..., ::-1])
            if min(small.shape[:2]) >= segmenter.size:
                other = resize_probability(segmenter.infer(segmenter.prepare(small)), half)
                changed.setdefault(scale, []).append(np.mean(cv2.absdiff(whole, other) > 1))
    return {scale: float(np.mean(parts)) for scale, parts in changed.items()}


def _start_up(weights):
    """Seconds from the command line to the mask of one photo, with the model converted."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_photos(Path(scratch, "photos"), 1, KINDS["close-ups"][0])
        words = [folder, "--weights", weights, "--out", Path(scratch, "out")]
        command = [sys.executable, SUITE / "predict_test_images.py", *words]
        return timed(lambda: subprocess.run(command, check=True, capture_output=True))[1]
