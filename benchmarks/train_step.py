"""The input pipeline beside the bare training step, and how long the first step takes."""

import tempfile
from pathlib import Path

import keras
import numpy as np

import devices
import training
from augmentation import Ranges
from batches import Batches
from benchmarks import timed
from cache import build_cache
from console import between, print_table
from datasets import find_dataset
from images import write_png
from model import build_munet


def add_arguments(parser):
    """Adds this part's flags."""
    parser.add_argument("--size", type=between(32, 2048, int), default=224, help="input height and width")
    parser.add_argument("--batch-size", type=between(1, 4096, int), default=8, help="images a step")
    parser.add_argument("--steps", type=between(2, 10**6, int), default=24, help="steps an epoch")
    parser.add_argument("--rounds", type=between(1, 1000, int), default=3, help="epochs of each kind, in turn; the best counts")


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
    """Images a second of the bare step (one batch, already in memory) and of epochs from the cache."""
    rng = np.random.default_rng(0)
    count = args.steps * args.batch_size
    network = build_munet(args.size, encoder_weights="none")
    training.compile_network(network, "dice", 1e-3)
    with tempfile.TemporaryDirectory() as folder:
        _write_noise_dataset(Path(folder), rng, min(count, 256))
        samples = find_dataset(folder).samples
        cache, packing = timed(lambda: build_cache(samples, folder, args.size, folder=Path(folder) / "cache"))
        indices = [i % len(cache) for i in range(count)]
        batches = {
            "bare step": Repeated(Batches(cache, indices, args.batch_size, (0,))[0], args.steps),
            "from the cache": Batches(cache, indices, args.batch_size, (0,)),
            "with online augmentation": Batches(cache, indices, args.batch_size, (0,), Ranges()),
        }
        _, first = timed(lambda: network.train_on_batch(*batches["bare step"][0]))
        seconds = {name: [] for name in batches}
        for _ in range(args.rounds):
            for name, source in batches.items():
                seconds[name].append(timed(lambda source=source: network.fit(source, shuffle=False, verbose=0))[1])
    best = {name: min(times) for name, times in seconds.items()}
    bare = best["bare step"]
    print(f"{keras.backend.backend()} on {devices.device()}, {args.size}x{args.size}, batches of {args.batch_size}, best of {args.rounds}")
    rows = [(name, f"{count / t:.1f}", f"{100 * (t / bare - 1):+.1f} %") for name, t in best.items()]
    print_table(("", "images/s", "time over the bare step"), rows)
    print(f"first step, with tracing and compilation: {first:.1f} s; {args.steps} steps: {bare:.1f} s; cache built in {packing:.1f} s")
    return {
        "images": count,
        "images_per_second": count / best["from the cache"],
        "pipeline_overhead": best["from the cache"] / bare - 1,
        "online_overhead": best["with online augmentation"] / bare - 1,
        "first_step_seconds": first,
        "out": None,
    }


def _write_noise_dataset(folder, rng, count):
    for i in range(count):
        image = rng.integers(0, 256, (480, 640, 3), np.uint8)
        write_png(folder / f"images/{i}.png", image)
        write_png(folder / f"masks/{i}.png", image[..., 0] < 60)
