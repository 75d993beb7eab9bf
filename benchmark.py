"""Measures the suite, each thing beside its alternative in one run; the last line is JSON.

    python benchmark.py train                              # input pipeline beside the bare training step
    python benchmark.py predict weights/NAME             # the pipeline beside bare inference and a plain loop
    python benchmark.py endless weights/NAME               # memory over 20,000 photos; killed 20 times, the same in the end
    python benchmark.py formats weights/NAME DATA          # every export: size, F1, milliseconds, agreement with Keras
    python benchmark.py threshold                          # best-F1 level beside scikit-learn's curve
    python benchmark.py realism DATA OTHER=1               # train on drawn eyes, score on real ones (sclera is class 1 in OTHER)
    python benchmark.py decoders DATA OTHER=1            # cost and F1 of both decoders at several input sizes
    python benchmark.py card weights/NAME --real DATA      # a model card: figures with intervals, by group, pictures
    python benchmark.py finetune DATA     # a trained network adapted to few photos, beside ImageNet's encoder
    python benchmark.py recipe DATA --also OTHER    # the paper's recipe beside this one, on held-out subjects

Machines are noisy: times of one run are compared with each other, never with another day's.
"""

import importlib
import sys

from munet.core.command_line import ArgumentParser, finish, run
from munet.core.loading import quiet_stderr

PARTS = {
    "train": (
        "benchmarks.train_step",
        "images a second: the bare step, the pipeline, with online augmentation",
    ),
    "predict": (
        "benchmarks.predict",
        "photos a second: the pipeline, bare inference, a plain loop, and where the time goes",
    ),
    "endless": ("benchmarks.endless", "memory over a long folder, and runs that are killed again and again"),
    "formats": (
        "benchmarks.formats",
        "size, F1, milliseconds an image and agreement with Keras of every export",
    ),
    "threshold": ("benchmarks.threshold_level", "time to choose the level for one-megapixel images"),
    "realism": ("benchmarks.realism", "F1 on real photos of a network that has only seen drawn eyes"),
    "decoders": (
        "benchmarks.decoders",
        "what each decoder costs and finds at each input size, trained on drawn eyes",
    ),
    "card": (
        "benchmarks.card",
        "a model's figures with intervals on real and drawn eyes, by group, and pictures",
    ),
    "finetune": (
        "benchmarks.finetune",
        "F1 on held-out subjects of the shipped network adapted to 8, 32 and all photos, and from ImageNet",
    ),
    "recipe": ("benchmarks.recipe", "F1 on held-out subjects of the paper's recipe and of this one"),
}


def main(argv):
    """The command line; returns the exit code."""
    argv = sys.argv[1:] if argv is None else argv
    parser = ArgumentParser(__doc__)
    parts = parser.add_subparsers(dest="part", required=True, metavar="|".join(PARTS))
    for name, (module, words) in PARTS.items():
        part = parts.add_parser(name, help=words)
        if argv[:1] == [name]:  # the others' libraries take seconds to import
            with quiet_stderr():
                chosen = importlib.import_module(module)
            chosen.add_arguments(part)
    args = parser.parse_args(argv)
    figures = chosen.measure(args)
    finish(**figures)
    return 1 if figures["failed"] else 0


if __name__ == "__main__":
    run(main)
