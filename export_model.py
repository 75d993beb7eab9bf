"""Exports a trained model for phones, other runtimes and browsers, and keeps the file only if it is as good.

    python export_model.py weights/NAME --to litert-int8 --out munet.tflite
    python export_model.py weights/NAME --to onnx --out munet.onnx --data data/MASD
    python export_model.py weights/NAME --to web --out site      # after `make web`

Before it is kept, an export is run in its own runtime on labelled photos and compared with the Keras model:
on the validation images of the run if they are still there, those of --data, or synthetic eyes. The file
takes uint8 RGB and carries its settings; predict_test_images.py takes it as it takes a run. To look at the
page: python -m http.server -d site
"""

import os
import tempfile
from pathlib import Path

from munet.core.command_line import ArgumentParser, between, finish, print_table, run
from munet.core.errors import MunetError, shown
from munet.data import label_options
from munet.export import website
from munet.export.exporter import export, gather
from munet.export.finder import copy_finder
from munet.inference.conversion import SUFFIX
from munet.network.model_files import model_file, read_settings, trained_file

SHOWN = ("level", "f1", "iou", "f1_mean", "precision", "recall")


def options():
    """The parser of the command line."""
    parser = ArgumentParser(__doc__)
    add = parser.add_argument
    out = "file, or folder for web (default: in MODEL's folder, named after the format)"
    data = "labelled photos to check on (default: the validation images, or synthetic eyes)"
    calibration = "photos for 8 bits (default: the training images, or synthetic eyes)"
    count = "photos to check on, and to calibrate on, at most"
    drop = "how much pooled F1 a file may lose; one that loses more is not kept"
    add("weights", type=Path, metavar="MODEL", help="a run folder or its munet.weights.h5")
    add("--to", required=True, choices=(*SUFFIX, "web"), help="format")
    add("--out", type=Path, help=out)
    add("--data", type=Path, help=data)
    label_options.add_sclera_options(add)
    label_options.add_dataset_options(add)
    add("--calibration", type=Path, metavar="PHOTOS", help=calibration)
    add("--count", type=between(1, 10**6, int), default=200, help=count)
    add("--max-f1-drop", type=between(0, 1), default=0.01, help=drop)
    return parser


def parse(argv):
    """The command line as a namespace."""
    parser = options()
    args = parser.parse_args(argv)
    folder = args.weights.parent if args.weights.suffix == ".h5" else args.weights
    args.out = args.out or folder / ("web" if args.to == "web" else f"munet-{args.to}{SUFFIX[args.to]}")
    if args.to != "web" and args.out.suffix != SUFFIX[args.to]:
        parser.error(f"argument --out: {shown(args.out)} must end in {SUFFIX[args.to]} for {args.to}")
    if args.calibration and args.to != "litert-int8":
        parser.error(f"argument --calibration: {args.to} has no 8 bits to calibrate")
    label_options.refuse_contradictions(parser, args)
    for name in ("sclera_value", *label_options.DEFAULTS):
        if getattr(args, name) is not None and not args.data:
            parser.error(f"argument --{name.replace('_', '-')}: it is of --data, which is not given")
    return args


def main(argv):
    """The command line; returns the exit code."""
    args = parse(argv)
    trained_file(args.weights)
    read_settings(args.weights)
    web = args.to == "web"
    if web:
        website.require(args.out)
    elif args.out.exists():
        refuse_what_is_no_export(args.out)
    kind = "onnx" if web else args.to
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / website.MODEL if web else args.out
        checked_on = (args.data, args.sclera_value, args.calibration, args.count)
        photos = gather(args.weights, kind, scratch, *checked_on, label_options.as_settings(args))
        print(f"checked on {photos.words}, photos: {len(photos.samples)}", flush=True)
        before, after, failures = export(args.weights, kind, file, photos, args.max_f1_drop)
        if web:
            website.write(args.out, file)
    rows = [(name, *(found[key] for key in SHOWN)) for name, found in (("keras", before), (kind, after))]
    print_table(("", *SHOWN), rows)
    if not web and args.out.parent.resolve() != model_file(args.weights).parent.resolve():
        finder = copy_finder(args.out)
        print(f"{shown(finder)}: finds the eyes of a photo, before {args.out.name} sees each")
    size = website.size(args.out)
    print(f"{shown(args.out)}: {size / 1000:,.0f} kB")
    finish(failed=failures, bytes=size, out=str(args.out), **after)
    return 1 if failures else 0


def refuse_what_is_no_export(out):
    """Refuses to overwrite anything but an earlier export."""
    try:
        read_settings(out)
    except MunetError as error:
        remedy = "remove it, or give another --out"
        raise MunetError(f"{shown(out)} exists and is no model of ours; {remedy}") from error


if __name__ == "__main__":
    os.environ["KERAS_BACKEND"] = "tensorflow"  # the only one that exports to every format
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    run(main, resumes=False)
