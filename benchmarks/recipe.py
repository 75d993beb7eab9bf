"""The paper's recipe beside this one: one split by subject, scored from the saved files on subjects that
neither has seen."""

import tempfile
from pathlib import Path

import keras

from benchmarks import realism
from model import build_munet, encoder_layers, save_munet
from munet.core.command_line import between, print_table
from munet.core.errors import shown
from munet.data.augmentation import flip
from munet.data.cache import build_cache
from munet.data.pairing import find_dataset
from munet.data.splits import split_by_subject
from munet.evaluation.scoring import score_samples
from munet.inference.segmenter import Segmenter
from munet.training.batches import Batches
from munet.training.stages import compile_network

HALF = 128  # the level of probability 0.5
KERAS_MOMENTUM = {"encoder": 0.999, "decoder": 0.99}  # of BatchNorm, as MobileNetV2 and Keras have them
PAPER_RATE = 1e-4


def add_arguments(parser):
    """Adds this part's flags."""
    parser.add_argument("data", type=Path, metavar="DATA", help="dataset in any known layout")
    parser.add_argument("--sclera-value", type=between(0, 255, int), help="class index of the sclera in DATA")
    parser.add_argument(
        "--also",
        type=Path,
        nargs="*",
        default=[],
        metavar="OTHER",
        help="more datasets to score on, with binary masks",
    )
    parser.add_argument("--size", type=between(32, 2048, int), default=224, help="input height and width")
    parser.add_argument(
        "--encoder-weights",
        default="imagenet",
        metavar="imagenet|none|FILE",
        help="where both encoders start from",
    )
    parser.add_argument(
        "--epochs-finetune",
        type=between(1, 10**6, int),
        default=60,
        help="epochs of stage 2 and of the paper's stage",
    )
    parser.add_argument(
        "--test", type=between(0.01, 0.8), default=0.3, help="share of the subjects held out to score on"
    )
    parser.add_argument(
        "--validation",
        type=between(0.01, 0.8),
        default=0.15,
        help="share of the subjects to choose epoch and level on",
    )
    parser.add_argument(
        "--seed", type=between(0, 2**31 - 1, int), default=42, help="of split, weights and order"
    )


def measure(args):
    """Trains both recipes on one split and scores their saved files on the held-out subjects, photos at their
    own size."""
    realism.require_sizes("--size", [args.size])
    dataset = find_dataset(args.data)
    parts = split_by_subject(dataset.samples, args.validation, args.test, args.seed)
    held_out = [("held-out subjects", parts["test"], args.sclera_value)]
    held_out += [(shown(path.name), find_dataset(path).samples, None) for path in args.also]
    with tempfile.TemporaryDirectory() as folder:
        names = ("size", "test", "validation", "seed", "epochs_finetune", "encoder_weights", "sclera_value")
        flags = [
            f"--{name.replace('_', '-')}={getattr(args, name)}"
            for name in names
            if getattr(args, name) is not None
        ]
        realism.call("train_mobv2_unet.py", args.data, f"--out={folder}/ours", *flags)
        _train_paper(args, dataset, parts, Path(folder) / "paper")
        rows = _score_recipe("paper", Path(folder) / "paper", held_out, paper=True) + _score_recipe(
            "this", Path(folder) / "ours", held_out
        )
    print_table(("recipe", "scored on", "images", "level", "F1 pooled", "F1 mean"), rows)
    (_, _, count, _, paper_f1, paper_mean), (_, _, _, level, f1, f1_mean) = rows[0], rows[len(held_out)]
    also = {
        f"{name}: {where}": {"f1": pooled, "f1_mean": mean}
        for name, where, _, _, pooled, mean in rows
        if where != held_out[0][0]
    }
    figures = {"images": count, "failed": 0, "f1": f1, "f1_mean": f1_mean, "level": level, "out": None}
    return figures | {"paper_f1": paper_f1, "paper_f1_mean": paper_mean, "also": also}


class Doubled:
    """The paper's doubled set: every (image, mask) of a cache, then their left-right flips."""

    def __init__(self, cache):
        self._cache = cache

    def __len__(self):
        return 2 * len(self._cache)

    def __getitem__(self, index):
        pair = self._cache[index % len(self._cache)]
        return pair if index < len(self._cache) else flip(*pair)


def _train_paper(args, dataset, parts, folder):
    """RGB / 255, Dice, one stage, one rate, flips only, Keras' BatchNorm momenta; the last epoch is kept."""
    keras.utils.set_random_seed(args.seed)
    network = build_munet(args.size, encoder_weights=args.encoder_weights)
    _divide_by_255(network)
    encoder = {layer.name for layer in encoder_layers(network)}
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = KERAS_MOMENTUM["encoder" if layer.name in encoder else "decoder"]
    doubled = Doubled(
        build_cache(parts["train"], dataset.root, args.size, args.sclera_value, folder=folder / "cache")
    )
    compile_network(network, "dice", PAPER_RATE)
    batches = Batches(doubled, range(len(doubled)), 8, (args.seed,))
    network.fit(batches, epochs=args.epochs_finetune, shuffle=False, verbose=0)
    save_munet(network, folder, {"architecture": {"size": args.size, "decoder": "unet"}, "level": HALF})


def _divide_by_255(network):
    network.get_layer("scale").scale, network.get_layer("scale").offset = 1 / 255, 0.0


def _score_recipe(name, folder, held_out, paper=False):
    segmenter = Segmenter(folder, runtime="keras")
    if paper:
        _divide_by_255(segmenter.engine.network)
    rows = []
    for where, samples, sclera_value in held_out:
        figures = score_samples(segmenter, samples, sclera_value)[0].figures(segmenter.level)
        rows.append((name, where, figures["images"], segmenter.level, figures["f1"], figures["f1_mean"]))
    return rows
