"""The input pipeline and the bare training step, for every backend, and how long the first step takes.

The bare step's batch lies in memory (its way from there to the device is in both): for what an epoch takes
longer, the device waits for data. How many images the pipeline gives when nothing trains tells how fast a
device it can keep busy.
"""

import importlib.util
import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import keras
import numpy as np

from benchmarks import timed
from model import build_munet
from munet.core.command_line import between, print_table
from munet.core.errors import MunetError
from munet.core.paths import SUITE
from munet.data.augmentation import Ranges
from munet.data.cache import build_cache
from munet.data.pairing import find_dataset
from munet.images.writing import write_png
from munet.network import devices
from munet.training import trainer
from munet.training.batches import Batches

BACKENDS = ("tensorflow", "jax", "torch")


def add_arguments(parser):
    """Adds this part's flags."""
    add = parser.add_argument
    backends = "Keras' backends, each in a process of its own (default: all that are installed)"
    rounds = "epochs of each kind, in turn; the best counts"
    add("--backends", nargs="+", choices=BACKENDS, help=backends)
    add("--mixed-precision", action="store_true", help="float16, as train_mobv2_unet.py does")
    add("--size", type=between(32, 2048, int), default=224, help="input height and width")
    add("--batch-size", type=between(1, 4096, int), default=8, help="images per step")
    add("--steps", type=between(2, 10**6, int), default=24, help="steps per epoch")
    add("--rounds", type=between(1, 1000, int), default=3, help=rounds)


class Repeated(keras.utils.PyDataset):
    """One batch in memory, again and again: what training costs when the data costs nothing."""

    def __init__(self, batch, steps):
        super().__init__()
        self.batch, self.steps = batch, steps

    def __len__(self):
        return self.steps

    def __getitem__(self, _):
        return self.batch


def measure(args):
    """Prints a table per backend; the figures are the first one's."""
    wanted = args.backends or [name for name in BACKENDS if importlib.util.find_spec(name)]
    if wanted == [keras.backend.backend()]:
        return measure_backend(args)
    found = {name: _in_own_process(name, args) for name in wanted}
    return next(iter(found.values())) | {"backends": found}


def _in_own_process(backend, args):
    names = ("size", "batch-size", "steps", "rounds")
    flags = [f"--{name}={getattr(args, name.replace('-', '_'))}" for name in names]
    flags += ["--mixed-precision"] * args.mixed_precision
    words = [sys.executable, SUITE / "benchmark.py", "train", *flags, "--backends", backend]
    environment = os.environ | {"KERAS_BACKEND": backend}
    done = subprocess.run(words, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    *shown, last = done.stdout.splitlines() or [""]
    print("\n".join(shown), flush=True)
    if done.returncode:
        raise MunetError(f"the {backend} backend failed, see above")
    return json.loads(last)


def measure_backend(args):
    """Images per second of the bare step, of epochs from the cache, and of the pipeline alone."""
    rng, count = np.random.default_rng(0), args.steps * args.batch_size
    if args.mixed_precision:
        keras.mixed_precision.set_global_policy("mixed_float16")
    network = build_munet(args.size, encoder_weights="none")
    trainer.compile_network(network, "dice", 1e-3)
    with tempfile.TemporaryDirectory() as folder:
        _write_noise_dataset(Path(folder), rng, min(count, 256))
        cache = build_cache(find_dataset(folder).samples, folder, args.size, folder=Path(folder) / "cache")
        indices = [i % len(cache) for i in range(count)]
        batches = {
            "bare step": Repeated(Batches(cache, indices, args.batch_size, (0,))[0], args.steps),
            "from the cache": Batches(cache, indices, args.batch_size, (0,)),
            "with online augmentation": Batches(cache, indices, args.batch_size, (0,), Ranges()),
        }
        _, first = timed(lambda: network.train_on_batch(*batches["bare step"][0]))
        best = dict.fromkeys(batches, math.inf)
        for _ in range(args.rounds):
            for name, source in batches.items():
                seconds = timed(lambda source=source: network.fit(source, shuffle=False, verbose=0))[1]
                best[name] = min(best[name], seconds)
        alone = timed(lambda: list(batches["with online augmentation"]))[1]
    bare, batch = best["bare step"], f"{args.size}x{args.size}, batches of {args.batch_size}"
    print(f"{keras.backend.backend()} on {devices.device()}, {batch}, best of {args.rounds}")
    rows = [(name, f"{count / t:.1f}", f"{100 * (t / bare - 1):+.1f} %") for name, t in best.items()]
    rows.append(("augmentation with nothing to train", f"{count / alone:.1f}", ""))
    print_table(("", "images/s", "time over the bare step"), rows)
    print(f"first step, with tracing and compilation: {first:.1f} s; {args.steps} steps: {bare:.1f} s")
    return {
        "images": count,
        "failed": 0,
        "images_per_second": count / best["from the cache"],
        "pipeline_overhead": best["from the cache"] / bare - 1,
        "online_overhead": best["with online augmentation"] / bare - 1,
        "pipeline_images_per_second": count / alone,
        "first_step_seconds": first,
        "out": None,
    }


def _write_noise_dataset(folder, rng, count):
    for i in range(count):
        image = rng.integers(0, 256, (480, 640, 3), np.uint8)
        write_png(folder / f"images/{i}.png", image)
        write_png(folder / f"masks/{i}.png", image[..., 0] < 60)
