"""Trains MU-Net on a dataset in two fine-tuning stages and chooses its binarisation level.

    python train_mobv2_unet.py data/MASD --out weights/masd
    python train_mobv2_unet.py --out weights/masd --resume                    # resume after Ctrl-C or a crash
    python train_mobv2_unet.py data/webcam --sclera-value 1 --out weights/webcam

The dataset's layout is detected, subjects are split into training and validation, images are decoded once
into a cache, the decoder is trained on the frozen encoder, then everything at a lower rate. The epoch with
the best validation F1 at inference is kept; last, the level with the best F1 is chosen on the validation
photos at their own size, through the code that prediction runs; fine-tuning (--weights) keeps its level
unless they clearly favour another. The run folder gets munet.weights.h5, settings.json, split.csv,
history.csv, curves.png, level.png, precision_recall.png and report.html.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # python -I leaves it out

from munet.core.command_line import finish, run
from munet.core.loading import quiet_stderr
from munet.data.label_options import find
from munet.training.options import parse


def main(argv):
    """The command line; returns the exit code."""
    args = parse(argv, __doc__)
    dataset = find(args)
    print(dataset.describe())
    with quiet_stderr():  # Keras
        from munet.training.run import train
    figures, failed = train(args, dataset)
    finish(failed=failed, out=str(args.out), **figures)
    return 1 if failed else 0


if __name__ == "__main__":
    run(main, again="the same command with --resume")
