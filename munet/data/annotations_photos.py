"""Which photo an annotation is of: tools keep names, paths of other machines, or only a file beside it."""

import os
import unicodedata
from pathlib import PurePosixPath

from munet.core.errors import BadInput


class PhotoIndex:
    """The photos of a folder, found by what an annotation says of them.

    Args:
        root: the folder.
        photos: paths below it.
    """

    def __init__(self, root, photos):
        self._root, self._by_stem = root, {}
        for path in photos:
            self._by_stem.setdefault(_folded(path.stem), []).append(path)

    def find(self, name, source):
        """The photo that a file of annotations names.

        The longest end of the path that fits decides; then the same suffix; then how alike the folders are,
        from their beginning and from their end.

        Args:
            name: as it stands in the file: a name, or a path of any machine.
            source: the path of the file.

        Returns:
            A path; None where there is none.

        Raises:
            BadInput: several photos fit equally well.
        """
        parts = PurePosixPath(name.replace("\\", "/")).parts
        wanted = [_folded(part) for part in parts if part not in ("/", ".", "..")]
        if not wanted:
            return None
        fitting = self._by_stem.get(_folded(PurePosixPath(wanted[-1]).stem), [])
        ranked = sorted(((self._rank(path, wanted, source), path) for path in fitting), reverse=True)
        if len(ranked) > 1 and ranked[0][0] == ranked[1][0]:
            both = " and ".join(os.path.relpath(path, self._root) for _, path in ranked[:2])
            raise BadInput(source, f"the photo {name!r}, which may be {both}", "one", "rename one of them")
        return ranked[0][1] if ranked else None

    def find_beside(self, source):
        """The photo that has the name of a file of annotations, whatever its suffix; as `find`."""
        return self.find(os.path.relpath(source, self._root).removesuffix(source.suffix) + ".jpg", source)

    def _rank(self, path, wanted, source):
        own = [_folded(part) for part in path.relative_to(self._root).parts]
        folders = [_folded(part) for part in source.relative_to(self._root).parts[:-1]]
        named = _common(wanted[-2::-1], own[-2::-1])
        alike = _common(folders, own[:-1]) + _common(folders[::-1], own[-2::-1])
        return named, own[-1] == wanted[-1], alike


def _common(first, second):
    """How many parts two paths have in common from the start."""
    same = [a == b for a, b in zip(first, second, strict=False)]
    return same.index(False) if False in same else len(same)


def _folded(text):
    return unicodedata.normalize("NFC", text).casefold()
