"""Which photos a model was trained on, in a few kilobytes: so that nobody scores it on them unawares.

A photo's digest is of its file's bytes: a copy is known under any name, one that was saved anew is not. Of
many photos the smallest digests are kept (a bottom-k sketch: A. Broder, "On the resemblance and containment
of documents", 1997), which tell a leak as surely, though not each photo of it.
"""

import hashlib

TRAINED_ON = "trained_on"  # the setting of a model that holds its fingerprint
KEPT = 2048  # digests
DIGITS = 10  # of each, hexadecimal: two photos of a million are alike once in a million times


def digest(path):
    """The short digest of a file's bytes, `DIGITS` hexadecimal digits.

    Raises:
        OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:DIGITS]


def fingerprint(paths, earlier=None):
    """What a model keeps of the photos that it was trained on.

    Args:
        paths: of the photos.
        earlier: the fingerprint of the model that training started from. Default: None.

    Returns:
        dict: `photos`, how many; `digests`, text, the smallest `KEPT` of them in order.
    """
    digests = {digest(path) for path in paths}
    count = len(digests) + (earlier["photos"] if earlier else 0)
    kept = sorted(digests | set(_digests(earlier) if earlier else ()))[:KEPT]
    return {"photos": count, "digests": "".join(kept)}


def _digests(kept):
    text = kept["digests"]
    return [text[i : i + DIGITS] for i in range(0, len(text), DIGITS)]


def seen(paths, kept):
    """Those of some photos that are in a `fingerprint`; one that cannot be read is not."""
    known, found = set(_digests(kept)), []
    for path in paths:
        try:
            if digest(path) in known:
                found.append(path)
        except OSError:
            continue
    return found
