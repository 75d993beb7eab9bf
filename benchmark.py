"""Measures the project, each thing against its alternative in one run; the last line is JSON.

    python benchmark.py train                           # the input pipeline and the bare training step
    python benchmark.py predict weights/NAME            # the pipeline, bare inference and a plain loop
    python benchmark.py eyes PHOTOS                     # eyes found in whole photos, and painted wrongly
    python benchmark.py endless weights/NAME            # memory over 20,000 photos; killed 20 times
    python benchmark.py formats weights/NAME DATA       # every export: size, F1, time, agreement with Keras
    python benchmark.py threshold                       # the best-F1 level and scikit-learn's curve
    python benchmark.py realism DATA OTHER=1            # trained on synthetic eyes, scored on real ones
    python benchmark.py decoders DATA OTHER=1           # cost and F1 of both decoders at several input sizes
    python benchmark.py card weights/NAME --real DATA   # figures with intervals, by group, and pictures
    python benchmark.py finetune DATA                   # a trained network and ImageNet's encoder, few photos
    python benchmark.py recipe DATA --also OTHER        # the paper's recipe and this one, held-out subjects

OTHER=1: the masks of OTHER are class indices, and the sclera is class 1. Machines are noisy: compare times of
one run only.
"""

import importlib
import sys

from munet.core.command_line import ArgumentParser, finish, run
from munet.core.loading import quiet_stderr

PARTS = {  # name: (module, words for --help)
    "train": ("train_step", "images per second: the bare step, the pipeline, with online augmentation"),
    "predict": ("predict", "photos per second: the pipeline, bare inference, a plain loop; time per step"),
    "eyes": ("eyes", "eyes found and segmented in photos of people, close-ups and none, against boxes"),
    "endless": ("endless", "memory over a long folder, and runs that are killed again and again"),
    "formats": ("formats", "size, F1, milliseconds per image and agreement with Keras of every export"),
    "threshold": ("threshold_level", "time to choose the level for one-megapixel images"),
    "realism": ("realism", "F1 on real photos of a network that has only seen synthetic eyes"),
    "decoders": ("decoders", "cost and F1 of each decoder at each input size, trained on synthetic eyes"),
    "card": ("card", "a model's figures with intervals on real and synthetic eyes, by group, and pictures"),
    "finetune": ("finetune", "F1 on held-out subjects: fine-tuned on 8, 32 and all photos, or from ImageNet"),
    "recipe": ("recipe", "F1 on held-out subjects of the paper's recipe and of this one"),
}


def main(argv):
    """The command line; returns the exit code."""
    argv = sys.argv[1:] if argv is None else argv
    parser = ArgumentParser(__doc__)
    parts = parser.add_subparsers(dest="part", required=True, metavar="|".join(PARTS))
    for name, (module, words) in PARTS.items():
        part = parts.add_parser(name, help=words)
        if argv[:1] == [name]:  # the libraries of the others take seconds to import
            with quiet_stderr():
                chosen = importlib.import_module(f"benchmarks.{module}")
            chosen.add_arguments(part)
    args = parser.parse_args(argv)
    figures = chosen.measure(args)
    finish(**figures)
    return 1 if figures["failed"] else 0


if __name__ == "__main__":
    run(main)
