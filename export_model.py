"""Exports a trained model for phones, other runtimes and browsers, and keeps the file only if it is as good.

    python export_model.py weights/NAME --to litert-int8 --out munet.tflite
    python export_model.py weights/NAME --to onnx --out munet.onnx --data data/MASD
    python export_model.py weights/NAME --to web --out site          # after `make web`; then: python -m http.server -d site

Every export is run in its own runtime on labelled photos beside the Keras model: those that it was validated
on where they are still there, those of --data, or eyes drawn for it. The file takes the network's input as
uint8 RGB, and carries its settings: predict_test_images.py takes it as it takes a run.
"""

import os
import tempfile
from pathlib import Path

from munet.core.command_line import ArgumentParser, between, finish, print_table, run
from munet.core.errors import MunetError, shown
from munet.export import website
from munet.export.exporter import export, gather
from munet.inference.conversion import SUFFIX
from munet.network.model_files import read_settings, trained_file

SHOWN = ("level", "f1", "iou", "f1_mean", "precision", "recall")


def parse(argv):
    """The command line as a namespace."""
    parser = ArgumentParser(__doc__)
    parser.add_argument("weights", type=Path, metavar="MODEL", help="a run folder or its munet.weights.h5")
    parser.add_argument("--to", required=True, choices=(*SUFFIX, "web"), help="format")
    parser.add_argument(
        "--out", type=Path, help="file, of web: folder (default: in MODEL's folder, named after the format)"
    )
    parser.add_argument(
        "--data",
        type=Path,
        help="labelled photos to check on (default: the validation images, or drawn eyes)",
    )
    parser.add_argument(
        "--sclera-value", type=between(0, 255, int), help="class index of the sclera in the masks of --data"
    )
    parser.add_argument(
        "--calibration",
        type=Path,
        metavar="PHOTOS",
        help="photos for 8 bits (default: the training images, or drawn eyes)",
    )
    parser.add_argument(
        "--count",
        type=between(1, 10**6, int),
        default=200,
        help="photos to check on, and to calibrate on, at most",
    )
    parser.add_argument(
        "--max-f1-drop", type=between(0, 1), default=0.01, help="a file that loses more is not kept"
    )
    args = parser.parse_args(argv)
    folder = args.weights.parent if args.weights.suffix == ".h5" else args.weights
    args.out = args.out or folder / ("web" if args.to == "web" else f"munet-{args.to}{SUFFIX[args.to]}")
    if args.to != "web" and args.out.suffix != SUFFIX[args.to]:
        parser.error(f"argument --out: {shown(args.out)} must end in {SUFFIX[args.to]} for {args.to}")
    if args.calibration and args.to != "litert-int8":
        parser.error(f"argument --calibration: {args.to} has no 8 bits to calibrate")
    if args.sclera_value is not None and not args.data:
        parser.error("argument --sclera-value: it is of --data, which is not given")
    return args


def main(argv):
    """The command line; returns the exit code."""
    args = parse(argv)
    trained_file(args.weights)
    read_settings(args.weights)
    if args.to == "web":
        website.require(args.out)
    elif args.out.exists():
        refuse_what_is_no_export(args.out)
    kind = "onnx" if args.to == "web" else args.to
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / website.MODEL if args.to == "web" else args.out
        photos = gather(
            args.weights, kind, scratch, args.data, args.sclera_value, args.calibration, args.count
        )
        print(f"checked on {len(photos.samples)} photos: {photos.words}", flush=True)
        before, after, failures = export(args.weights, kind, file, photos, args.max_f1_drop)
        if args.to == "web":
            website.write(args.out, file)
    print_table(
        ("", *SHOWN),
        [(name, *(figures[key] for key in SHOWN)) for name, figures in (("keras", before), (kind, after))],
    )
    size = website.size(args.out)
    print(f"{shown(args.out)}: {size / 1000:,.0f} kB")
    finish(failed=failures, bytes=size, out=str(args.out), **after)
    return 1 if failures else 0


def refuse_what_is_no_export(out):
    """Refuses to write over anything else than an earlier export."""
    try:
        read_settings(out)
    except MunetError as error:
        raise MunetError(
            f"{shown(out)} exists and is no model of ours; remove it, or give another --out"
        ) from error


if __name__ == "__main__":
    os.environ["KERAS_BACKEND"] = "tensorflow"  # the one that exports to every format
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    run(main, resumes=False)
