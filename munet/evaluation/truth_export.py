"""The masks of a dataset as the competitions' toolkits want them: 1-bit PNGs in one flat folder."""

from munet.core.errors import BadInput, MunetError, shown
from munet.core.messages import failed
from munet.data.pairing import find_truths
from munet.images.masks import check_class, read_mask
from munet.images.writing import write_png


def export_truth(truth, out, sclera_value=None):
    """Writes the masks of a dataset as 1-bit PNGs of their own size, named as the toolkits pair them.

    Args:
        truth: a dataset in any known layout, or a folder of masks.
        out: a folder that is new, empty, or holds an earlier export of the same.
        sclera_value: class index of the sclera in the masks, if they are class-index masks.

    Returns:
        (written, failures): how many, and how many could not be read, each of which is named on stderr.

    Raises:
        MunetError: two masks have one name without their folders, or `out` is in the dataset or holds other
            PNGs.
    """
    flat = _flat_names(truth, out)
    check_class(flat.values(), sclera_value, shown(truth))
    failures = 0
    for name, path in flat.items():
        try:
            write_png(out / f"{name}.png", read_mask(path, sclera_value).pixels)
        except BadInput as problem:
            failed(problem)
            failures += 1
    return len(flat) - failures, failures


def _flat_names(truth, out):
    """dict from each mask's name without folders to its path; raises where `out` cannot hold them."""
    if truth.resolve() in (out.resolve(), *out.resolve().parents):
        raise MunetError(
            f"{shown(out)} lies in {shown(truth)}, where its masks would be taken for the dataset's; give "
            "another folder"
        )
    flat = {}
    for key, path in find_truths(truth).items():
        name = key.rsplit("/", 1)[-1]
        if name in flat:
            raise MunetError(
                f"{shown(path)} and {shown(flat[name])} would both be {shown(name)}.png in a flat folder; "
                "rename one"
            )
        flat[name] = path
    if others := [path.name for path in out.glob("[!.]*.png") if path.stem not in flat]:
        raise MunetError(
            f"{shown(out)} holds other PNGs, such as {shown(others[0])}, which would pass for masks; give a "
            "new folder"
        )
    return flat
