"""Errors that are told in one line: what is wrong, and what to do."""


class MunetError(Exception):
    """Something the user can fix. The message is one line: what is wrong, and the remedy."""


class BadInput(MunetError):
    """One bad file: where it is, what was found, what was expected, and the remedy."""

    def __init__(self, path, found, expected, remedy):
        super().__init__(str(path), found, expected, remedy)
        self.path, self.found, self.expected, self.remedy = self.args

    def __str__(self):
        return f"{shown(self.path)}: found {self.found}, expected {self.expected}; {self.remedy}"


def shown(path):
    """A path as it can be printed on one line: control characters and undecodable bytes escaped."""
    text = str(path).encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def one_line(error):
    """An error in one line: its message, and for what is not ours the remedy."""
    if isinstance(error, MunetError):
        return " ".join(str(error).splitlines())
    if isinstance(error, OSError) and error.strerror:
        where = f"{shown(error.filename)}: " if error.filename else ""
        missing = isinstance(error, FileNotFoundError)
        remedy = (
            "check the path" if missing else "free space or permission is needed there, or another folder"
        )
        return " ".join(f"{where}{error.strerror}; {remedy}".splitlines())
    if isinstance(error, MemoryError):
        return "out of memory; use a smaller --batch-size or fewer --workers"
    if (backend := _missing_backend(error)) is not None:
        return (
            f"Keras is to run on {backend} (KERAS_BACKEND, or backend in ~/.keras/keras.json), which is not "
            "installed; pip install -r requirements/backends.txt, or set KERAS_BACKEND=tensorflow"
        )
    if isinstance(error, ModuleNotFoundError):
        return f"the package {error.name} is not installed; pip install -r requirements.txt"
    return f"unexpected {type(error).__name__}: {shown(error)}; MUNET_DEBUG=1 shows where, please report it"


def _missing_backend(error):
    """The backend that an error of importing Keras is about, one that is not installed or not known."""
    if isinstance(error, ModuleNotFoundError) and error.name in ("jax", "torch", "openvino"):
        return error.name
    unknown = isinstance(error, ValueError) and str(error).startswith("Unable to import backend")
    return shown(str(error).rpartition(":")[2].strip()) if unknown else None
