"""Chooses the binarisation level with the best F1 for saved predictions, exactly, and writes it into the
model.

    python threshold.py results/NAME GT
    python threshold.py results/NAME GT --weights weights/NAME
    python threshold.py results/NAME GT --split weights/NAME/split.csv --part validation
    python threshold.py /share/results /share/GT --ray auto   # on a Ray cluster, which adds the histograms up

The script scores the saved maps both at the level that they were binarised at (what a user gets) and at
the best level for these labels (an oracle: it has seen the labels that it is scored on). All 256 levels are
tried, from two 256-bin histograms an image.
"""

from functools import partial
from pathlib import Path

import numpy as np

from munet.core.command_line import ArgumentParser, between, finish, print_table, run
from munet.core.errors import MunetError, shown
from munet.core.messages import failed, warn
from munet.core.run_folders import folder_settings
from munet.data.splits import PARTS, read_part
from munet.evaluation.leaks import warn_of_training_photos
from munet.evaluation.scoring import require_sclera_in, score_folder
from munet.metrics.histograms import best_level
from munet.metrics.table import KEYS
from munet.network.model_files import CONVERTED, read_settings, store_level, trained_file, weights_digest


def parse(argv):
    """The command line as a namespace."""
    parser = ArgumentParser(__doc__)
    parser.add_argument("results", type=Path, help="a results folder, or a folder of saved probability maps")
    parser.add_argument(
        "truth", type=Path, metavar="GT", help="a dataset in any known layout, or a folder of masks"
    )
    parser.add_argument(
        "--weights", type=Path, help="model to write the best level into; predict again afterwards"
    )
    parser.add_argument(
        "--sclera-value", type=between(0, 255, int), help="class index of the sclera in the masks"
    )
    parser.add_argument(
        "--split", type=Path, metavar="FILE", help="score the photos of one part of a split.csv alone"
    )
    parser.add_argument("--part", choices=PARTS, help="the part of --split (default: test)")
    parser.add_argument(
        "--ray",
        nargs="?",
        const="local",
        metavar="ADDRESS",
        help="score on a Ray cluster (auto, HOST:PORT; alone: on this machine)",
    )
    args = parser.parse_args(argv)
    if args.part and not args.split:
        parser.error("argument --part: give --split FILE, too")
    return args


def main(argv):
    """The command line; returns the exit code."""
    args = parse(argv)
    made_with = folder_settings(args.results)
    if args.weights:
        _require_maker(args.weights, made_with.get("model"), made_with.get("made_of"))
        if made_with.get("tta"):
            warn("the maps were predicted with --tta: the level is for prediction with --tta, too")
    scores, problems = _scored(args)
    for problem in problems:
        failed(problem)
    if not len(scores):
        raise MunetError("no probability map could be scored")
    _tell_masks(scores, args)
    warn_of_training_photos(args.results, scores.names, args.truth, weights=args.weights)
    best, used = scores.figures(best_level(scores.pooled)), made_with.get("level")
    figures = best if used is None else scores.figures(used)
    named = [] if used is None else [("as binarised", figures)]
    named.append(("best on these labels (oracle)", best))
    rows = [(row["level"], name, *(row[key] for key in KEYS)) for name, row in named]
    print_table(("level", "", *KEYS), rows)
    if best["empty"]:
        print(f"images without sclera: {best['empty']}; each scores 1 where none is found, else 0")
    if args.weights:
        require_sclera_in(scores, shown(args.truth))
        _write_level(args, best)
    oracle = {"best_level": best["level"], "best_f1": best["f1"]}
    finish(**figures, **oracle, failed=len(problems), out=str(args.results))
    return 1 if problems else 0


def _scored(args):
    """What `score_folder` gives, on this machine or on a cluster."""
    part = read_part(args.split, args.part or "test") if args.split else None
    if not args.ray:
        return score_folder(args.results, args.truth, args.sclera_value, part=part)
    from munet.cluster import ray_cluster

    with ray_cluster.connected(args.ray) as ray:
        folders = args.results.resolve(), args.truth.resolve()
        return score_folder(*folders, args.sclera_value, partial(ray_cluster.score, ray), part)


def _tell_masks(scores, args):
    """Refuses masks of 0 and 1, and to choose a model's level on masks; warns where they are only scored."""
    used = set(np.flatnonzero(scores.pooled.sum(axis=0)).tolist())
    masks = 1 in used and used <= {0, 1}
    if masks or (args.weights and 255 in used and used <= {0, 255}):
        raise MunetError(
            f"{shown(args.results)} holds masks of 0 and {max(used)}, not probability maps, so no level can "
            "be chosen; score them with evaluate_masks.py, or predict maps"
        )
    if 255 in used and used <= {0, 255}:
        warn(f"{shown(args.results)} holds masks, not maps: each level from 1 gives them as they are")


def _require_maker(weights, maker, made_of):
    """Refuses, before anything is scored, to write into a model that cannot be written, or that the maps are
    not of."""
    trained_file(weights)
    read_settings(weights)
    of_file = maker is not None and maker.partition(" (")[0].endswith(CONVERTED)
    digest = made_of if of_file else maker and maker.rpartition("(")[2].removesuffix(")")
    if digest and digest != weights_digest(weights):
        kind, remedy = "", f"predict again with {shown(weights)}"
        if digest.startswith(weights_digest(weights)):
            kind = " (int8, own threshold)"
        else:
            remedy = f"pass --weights {maker.partition(' (')[0]} or {remedy}"
        raise MunetError(f"maps were predicted by {maker}{kind}, not {shown(weights)}; {remedy}")


def _write_level(args, best):
    path = store_level(args.weights, best["level"], best["f1"], f"chosen on {shown(args.truth.name)}")
    print(f"wrote level {best['level']} into {shown(path)}; predict again with --overwrite to binarise at it")


if __name__ == "__main__":
    run(main, resumes=False)
