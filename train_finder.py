"""Trains the network that finds the eyes of a photo, on scenes that synthesize_eyes.py drew.

    python synthesize_eyes.py data/scenes --scenes --count 16000
    python train_finder.py data/scenes --out weights/finder
    python train_finder.py data/scenes --out weights/finder --resume      # resume after Ctrl-C or a crash

Writes finder.weights.h5, settings.json, history.csv, and finder.tflite and finder.onnx, which
predict_test_images.py and the page load. One scene of twenty is held back to judge on.
"""

from pathlib import Path

from munet.core.command_line import ArgumentParser, between, finish, run
from munet.core.errors import MunetError, shown
from munet.core.loading import quiet_stderr
from munet.core.run_folders import prepare_run_folder
from munet.synthesis.scenes import VERSION
from munet.synthesis.scenes.dataset import read_labels

FEWEST = 40  # scenes


def parse(argv):
    """The command line as a namespace."""
    parser = ArgumentParser(__doc__)
    add, whole = parser.add_argument, between(0, 1000, int)
    add("scenes", metavar="SCENES", type=Path, nargs="+", help="folders of synthesize_eyes.py --scenes")
    add("--out", type=Path, required=True, help="run folder")
    add("--epochs-frozen", type=whole, default=2, help="epochs of the decoder alone")
    add("--epochs", type=whole, default=10, help="epochs of everything, after these")
    add("--batch-size", type=between(1, 1024, int), default=32, help="scenes a step")
    add("--seed", type=between(0, 2**32 - 1, int), default=0, help="of weights, order and augmentation")
    add("--encoder-weights", default="imagenet", help="imagenet, none, or a MobileNetV2 file")
    again = parser.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="resume the run in --out")
    again.add_argument("--overwrite", action="store_true", help="start again: remove what is in --out")
    return parser.parse_args(argv)


def main(argv):
    """The command line; returns the exit code."""
    args = parse(argv)
    labels = {path: eyes for folder in args.scenes for path, eyes in read_labels(folder).items()}
    if len(labels) < FEWEST:
        remedy = "draw more with synthesize_eyes.py --scenes --count"
        raise MunetError(
            f"{len(labels)} scenes in {shown(args.scenes[0])}, expected at least {FEWEST}; {remedy}"
        )
    print(f"scenes: {len(labels)}, eyes: {sum(map(len, labels.values()))}")
    with quiet_stderr():  # Keras
        from munet.export.finder import export_finder
        from munet.training import finder
    names = ("epochs_frozen", "epochs", "batch_size", "seed", "encoder_weights")
    settings = {"script": "train_finder.py", "scenes": [str(folder.resolve()) for folder in args.scenes]}
    settings |= {"scenes_version": VERSION} | {name: getattr(args, name) for name in names}
    there = prepare_run_folder(args.out, settings, args.overwrite)
    if there and not args.resume:
        raise MunetError(f"{shown(args.out)} holds a run with these settings; give --resume or --overwrite")
    scenes, epochs = finder.Scenes(labels), (args.epochs_frozen, args.epochs)
    network, history = finder.fit(scenes, args.out, epochs, args.batch_size, args.seed, args.encoder_weights)
    files = export_finder(network, args.out)
    print(f"in {shown(args.out)}: {', '.join(file.name for file in files)}")
    last = history[-1] if history else {"recall": 0.0, "false": 0.0}
    finish(images=len(labels), failed=0, out=str(args.out), recall=last["recall"], false_boxes=last["false"])
    return 0


if __name__ == "__main__":
    run(main, again="the same command with --resume")
