"""What each decoder costs and what it finds, at each input size: trained alike on drawn eyes, scored on drawn
and real ones.

Costs are multiply-adds and parameters of the network, the size of its `.tflite` file, and milliseconds of
LiteRT on one thread, the networks taking turns. Each is trained as `benchmark.py realism` trains, on the same
drawings.
"""

import shutil
import tempfile
from pathlib import Path

from benchmarks import realism
from benchmarks.formats import image_times
from model import load_munet, multiply_adds
from munet.core.command_line import between, print_table
from munet.core.paths import SUITE
from munet.inference.conversion import converted
from munet.inference.segmenter import Segmenter
from munet.network.model_files import read_settings

HEADER = ("decoder", "size", "million multiply-adds", "parameters", "kB", "ms", "drawn F1")


def add_arguments(parser):
    """Adds this part's flags: how all are trained, and what to compare."""
    realism.add_training_arguments(parser)
    parser.add_argument("--seed", type=between(0, 2**31 - 1, int), default=0, help="of drawings and training")
    parser.add_argument(
        "--decoders", nargs="+", choices=("unet", "lite"), default=["unet", "lite"], help="to compare"
    )
    parser.add_argument(
        "--sizes",
        nargs="+",
        type=between(32, 2048, int),
        default=[128, 160, 192, 224],
        help="inputs to compare them at",
    )
    parser.add_argument(
        "--rounds", type=between(1, 10**4, int), default=100, help="images that each is timed on"
    )


def measure(args):
    """A row a network; the figures are the first one's."""
    realism.require_sizes("--sizes", args.sizes)
    folders = [realism.real_folder(text) for text in args.real]
    with tempfile.TemporaryDirectory(dir=SUITE / "results") as scratch:
        kept = args.keep or Path(scratch)
        runs = {
            (decoder, size): kept / f"{decoder}-{size}" for decoder in args.decoders for size in args.sizes
        }
        for (args.decoder, args.size), run in runs.items():
            realism.train(args, run, args.seed, args.without, kept / "drawn")
        files = {key: converted(run / "weights", "litert") for key, run in runs.items()}
        times = image_times([(key, Segmenter(file)) for key, file in files.items()], args.rounds)
        rows = [_row(key, runs[key], files[key], times[key], folders) for key in runs]
        if not args.keep:
            shutil.rmtree(kept / "drawn")
    print_table((*HEADER, *(f"{name} F1" for name, *_ in folders)), rows)
    table = [dict(zip((*HEADER, *(name for name, *_ in folders)), row, strict=True)) for row in rows]
    return {"images": args.count, "failed": 0, "f1": table[0]["drawn F1"], "networks": table}


def _row(key, run, file, milliseconds, folders):
    network, _ = load_munet(run / "weights")
    real = [row["f1"] for row in realism.score(run, folders)]
    costs = (
        round(multiply_adds(network) / 1e6, 1),
        network.count_params(),
        round(file.stat().st_size / 1000),
        round(milliseconds[0], 2),
    )
    return (*key, *costs, read_settings(run / "weights")["f1"], *real)
