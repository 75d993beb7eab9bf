"""What pairing chooses between, and what it says where there is nothing to choose."""

from collections import Counter

from munet.core.errors import shown
from munet.core.files import walk_files
from munet.core.messages import counted, warn
from munet.data.layouts import list_files
from munet.images import reading

_ANNOTATIONS = {
    ".json": "the tool that made it, which exports masks",
    ".xml": "the tool that made it, which exports masks",
    ".txt": "the tool that made it, which exports polygons as masks",
    ".npy": "PIL.Image.fromarray(numpy.load(FILE)).save(FILE.png)",
    ".npz": "PIL.Image.fromarray of the array in it",
    ".mat": "PIL.Image.fromarray of scipy.io.loadmat(FILE)",
    ".csv": "the tool that made it, which exports masks",
}
_RULE = (
    "a mask is called like its photo, in the same folder below, perhaps with an ending (_mask -label _gt "
    "_seg _sclera, or a number for each part)"
)


def one_a_name(keyed):
    """Leaves one photo of those that are called the same but for their format, and warns of the others.

    Args:
        keyed: lists of paths by name, see `layouts.by_key`.

    Returns:
        The same; photos whose names differ in more stay together.
    """
    chosen, left = {}, []
    for key, paths in keyed.items():
        first, *others = sorted(paths, key=lambda path: reading.preference(path.name))
        if others and len({path.with_suffix("") for path in paths}) == 1:
            left.append((first, others[0]))
            chosen[key] = [first]
        else:
            chosen[key] = paths
    if left:
        first, other = left[0]
        warn(
            f"photos of one name in two formats: {len(left)}, such as {shown(first)}, which is taken, and "
            f"{shown(other.name)}, which is left out; rename one where they are two photos"
        )
    return chosen


def examples(layout):
    """What was found on both sides of a dataset without pairs, an example of each, and the rule."""
    photos, truths = list_files(layout)
    sides = []
    for files, root, what in ((photos, layout.image_root, "image"), (truths, layout.mask_root, "mask")):
        example = f" such as {shown(files[0].relative_to(root))}" if files else ""
        sides.append(f"{counted(len(files), what)}{example} in {shown(root.name)}/")
    remedy = annotations(layout.mask_root) if not truths else "rename one side"
    return f"{', '.join(sides)}; {_RULE}; {remedy}"


def annotations(*folders):
    """A remedy for annotations in files that are no pictures, in words."""
    found = Counter()
    for folder in folders:
        found.update(path[path.rindex(".") :].lower() for path in walk_files(folder, tuple(_ANNOTATIONS)))
    if not found:
        return "add masks as PNG"
    suffix, count = found.most_common(1)[0]
    files = counted(count, f"{suffix} file")
    return f"{files} there cannot be read: convert to PNG, with {_ANNOTATIONS[suffix]}"


def remedy(root):
    """What to do with a folder in no known layout."""
    found = annotations(root)
    if "cannot be read" not in found:
        return "; name its folders with --images DIR --masks DIR"
    return f"; {found}"


def named(paths):
    """Names of files in words: the first three."""
    names = [shown(path.name) for path in paths]
    return " + ".join(names[:3]) + (" + ..." if len(names) > 3 else "")
