"""The flags that tell how a dataset's labels are meant, which all scripts share that read datasets."""

import argparse
from pathlib import Path

from munet.core.command_line import between
from munet.data.pairing import find_dataset

# What run folders of versions without these options were made with.
DEFAULTS = dict.fromkeys(("sclera_color", "images", "masks", "exif", "label"))


def color(text):
    """An argparse type: `R,G,B` as three numbers of 0..255."""
    try:
        levels = tuple(int(part) for part in text.strip("() ").split(","))
    except ValueError:
        levels = ()
    if len(levels) != 3 or not all(0 <= level <= 255 for level in levels):
        raise argparse.ArgumentTypeError(f"{text!r} is not R,G,B with three whole numbers in 0..255")
    return levels


def add_sclera_options(add):
    """Adds --sclera-value and --sclera-color, of which one may be given."""
    add("--sclera-value", type=between(0, 255, int), help="class index of the sclera in the masks")
    told = "colour of the sclera in the masks, where it is not red"
    add("--sclera-color", type=color, metavar="R,G,B", help=told)


def add_dataset_options(add):
    """Adds --images, --masks, --exif and --label."""
    add("--images", type=Path, metavar="DIR", help="folder of the images of another layout")
    add("--masks", type=Path, metavar="DIR", help="the same of the masks")
    add_label_options(add)


def add_label_options(add):
    """Adds --exif and --label."""
    turns = (
        "of photos with an EXIF turn: apply where their masks are upright, as is taken for granted; ignore "
        "where they were drawn on the pixels as stored, and turn with their photos"
    )
    add("--exif", choices=("apply", "ignore"), help=turns)
    label = "which label is the sclera, of polygons and run lengths (default: the only one)"
    add("--label", help=label)


def refuse_contradictions(parser, args):
    """Ends the script where both a class index and a colour are told."""
    if args.sclera_value is not None and args.sclera_color is not None:
        parser.error("argument --sclera-color: --sclera-value is given too; leave one of them out")


def as_settings(args):
    """What a command line tells of a dataset, but for its class index, as JSON values for a run folder."""
    told = {name: getattr(args, name) for name in DEFAULTS}
    told["sclera_color"] = told["sclera_color"] and list(told["sclera_color"])
    return told | {name: told[name] and str(told[name]) for name in ("images", "masks")}


def find_again(settings):
    """The dataset that the settings of a run folder name; raises as `pairing.find_dataset`, and KeyError."""
    told = {name: settings.get(name) for name in DEFAULTS}
    told["sclera_color"] = told["sclera_color"] and tuple(told["sclera_color"])
    return find_dataset(settings["data"], **told)


def find(args):
    """The dataset that a command line names; raises as `pairing.find_dataset`."""
    return find_dataset(args.data, args.images, args.masks, args.exif, args.sclera_color, label=args.label)
