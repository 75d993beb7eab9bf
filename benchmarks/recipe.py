"""The paper's recipe and this one: one split by subject, scored from the saved files on held-out subjects."""

import tempfile
from pathlib import Path

import keras

from benchmarks import call
from benchmarks.realism import require_sizes
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
HELD_OUT = "held-out subjects"
KERAS_MOMENTUM = {"encoder": 0.999, "decoder": 0.99}  # of BatchNorm, as MobileNetV2 and Keras have them
PAPER_RATE = 1e-4


def add_arguments(parser):
    """Adds this part's flags."""
    add = parser.add_argument
    add("data", type=Path, metavar="DATA", help="dataset in any known layout")
    add("--sclera-value", type=between(0, 255, int), help="class index of the sclera in DATA")
    also = {"type": Path, "nargs": "*", "default": [], "metavar": "OTHER"}
    encoder = {"default": "imagenet", "metavar": "imagenet|none|FILE"}
    epochs = "epochs of stage 2 and of the paper's stage"
    validation = "share of the subjects to choose epoch and level on"
    add("--also", **also, help="more datasets to score on, with binary masks")
    add("--size", type=between(32, 2048, int), default=224, help="input height and width")
    add("--encoder-weights", **encoder, help="where both encoders start from")
    add("--epochs-finetune", type=between(1, 10**6, int), default=60, help=epochs)
    add("--test", type=between(0.01, 0.8), default=0.3, help="share of the subjects held out to score on")
    add("--validation", type=between(0.01, 0.8), default=0.15, help=validation)
    add("--seed", type=between(0, 2**31 - 1, int), default=42, help="of split, weights and order")


def measure(args):
    """Trains both recipes on one split, and scores their saved files on photos at their own size."""
    require_sizes("--size", [args.size])
    dataset = find_dataset(args.data)
    parts = split_by_subject(dataset.samples, args.validation, args.test, args.seed)
    held_out = [(HELD_OUT, parts["test"], args.sclera_value)]
    held_out += [(shown(path.name), find_dataset(path).samples, None) for path in args.also]
    names = ("size", "test", "validation", "seed", "epochs_finetune", "encoder_weights", "sclera_value")
    flags = {name: getattr(args, name) for name in names}
    with tempfile.TemporaryDirectory() as folder:
        ours, paper = Path(folder) / "ours", Path(folder) / "paper"
        call("train_mobv2_unet.py", args.data, out=ours, **flags)
        _train_paper(args, dataset, parts, paper)
        rows = _score_recipe("paper", paper, held_out, paper=True) + _score_recipe("this", ours, held_out)
    print_table(("recipe", "scored on", "images", "level", "F1 pooled", "F1 mean"), rows)
    (_, _, count, _, paper_f1, paper_mean), (_, _, _, level, f1, f1_mean) = rows[0], rows[len(held_out)]
    also = {
        f"{name}: {where}": {"f1": pooled, "f1_mean": mean}
        for name, where, _, _, pooled, mean in rows
        if where != HELD_OUT
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
    kept = folder / "cache"
    doubled = Doubled(build_cache(parts["train"], dataset.root, args.size, args.sclera_value, folder=kept))
    compile_network(network, "dice", PAPER_RATE)
    batches = Batches(doubled, range(len(doubled)), 8, (args.seed,))
    network.fit(batches, epochs=args.epochs_finetune, shuffle=False, verbose=0)
    save_munet(network, folder, {"architecture": {"size": args.size, "decoder": "unet"}, "level": HALF})


def _divide_by_255(network):
    network.get_layer("scale").scale, network.get_layer("scale").offset = 1 / 255, 0.0


def _score_recipe(name, folder, held_out, paper=False):
    segmenter = Segmenter(folder, runtime="keras", eyes="whole")
    if paper:
        _divide_by_255(segmenter.engine.network)
    rows = []
    for where, samples, sclera_value in held_out:
        figures = score_samples(segmenter, samples, sclera_value)[0].figures(segmenter.level)
        rows.append((name, where, figures["images"], segmenter.level, figures["f1"], figures["f1_mean"]))
    return rows
