"""What computes a network's output: Keras, LiteRT or ONNX Runtime behind one call, which any number of
threads may make.

    engine = open_engine("weights/NAME", "litert")
    probability = engine.infer(image)          # (size, size, 3) uint8 to (size, size) float32

LiteRT and ONNX Runtime compute each call in the thread that makes it, so that as many threads as there are
cores keep them all busy. Keras gathers the calls that wait into one batch, which is what keeps a GPU busy.
"""

import importlib.util
import os
import queue
import threading
from concurrent.futures import Future
from pathlib import Path

import numpy as np

from munet.core.errors import MunetError, shown
from munet.core.loading import quiet_stderr
from munet.core.messages import warn
from munet.core.paths import SUITE
from munet.inference.conversion import SUFFIX, converted
from munet.network.model_files import first_line, model_file

RUNTIMES = ("auto", "keras", "litert", "onnx")
GPU_BATCH = 16
_PACKAGE = {"litert": "ai_edge_litert", "onnx": "onnxruntime", "keras": "keras"}


def open_engine(path, runtime="auto", threads=1):
    """Loads a model.

    Args:
        path: a run folder, a `munet.weights.h5`, or a `.tflite` or `.onnx` file that was made of one.
        runtime: one of `RUNTIMES`. Default: "auto", LiteRT, or Keras where there is a GPU.
        threads: that one call may use, of LiteRT and ONNX Runtime.

    Raises:
        MunetError: the model cannot be loaded, or the runtime is not installed or does not read this file.
    """
    kind = next((kind for kind, suffix in SUFFIX.items() if model_file(path).suffix == suffix), None)
    if kind:
        if runtime not in ("auto", kind):
            remedy = f"leave --runtime {runtime} away, or give the weights it was made of"
            raise MunetError(f"{shown(path)} runs on {kind} alone; {remedy}")
        return _open_file(path, kind, threads)
    return _open_auto(path, threads) if runtime == "auto" else _open_as(path, runtime, threads)


def open_finder(path=None, threads=1):
    """Loads a finder of eyes.

    Args:
        path: a `.tflite` or `.onnx` file. Default: None, the bundled one, on LiteRT, or on ONNX Runtime where
            that alone is installed.
        threads: that one call may use.

    Raises:
        MunetError: the file is missing or damaged, or what runs it is not installed.
    """
    if path is None:
        path = bundled_finder("onnx" if _installed("onnx") and not _installed("litert") else "litert")
    return _open_file(path, "onnx" if Path(path).suffix == ".onnx" else "litert", threads)


def bundled_finder(kind):
    """The path of the bundled finder, "litert" or "onnx".

    Raises:
        MunetError: it is missing.
    """
    path = SUITE / "weights" / "finder" / f"finder{SUFFIX[kind]}"
    if not path.exists():
        remedy = "copy it again, or give --eyes whole where every photo is a close-up of one eye"
        raise MunetError(f"the finder of eyes {shown(path)} is missing; {remedy}")
    return path


def _open_auto(path, threads):
    """Keras where there is a GPU, else LiteRT, else Keras."""
    if not _installed("keras"):
        return _open_as(path, "litert", threads)
    if not _installed("litert"):
        return KerasEngine(path)
    if has_gpu():
        engine = KerasEngine(path)
        if engine.batch > 1:
            return engine
        install = 'pip install "tensorflow[and-cuda]"?'
        warn(f"Keras finds no GPU, though there is one ({install}): LiteRT runs on the CPU instead")
    try:
        return _open_as(path, "litert", threads)
    except MunetError as error:
        warn(f"{error}: Keras runs instead")
        return KerasEngine(path)


def _open_as(path, kind, threads):
    """Opens weights on a runtime, converted if it is not Keras."""
    _require(kind)  # before it is converted, which takes a while
    return KerasEngine(path) if kind == "keras" else _open_converted(path, kind, threads)


def _open_converted(path, kind, threads):
    file = converted(path, kind)
    try:
        return _open_file(file, kind, threads)
    except MunetError as error:
        warn(f"{error}: another conversion is taken")
        return _open_file(converted(path, kind, broken=file), kind, threads)


def _open_file(path, kind, threads):
    _require(kind)
    try:
        return {"litert": LiteRTEngine, "onnx": OnnxEngine}[kind](path, threads)
    except Exception as error:  # those of ONNX Runtime have no other base
        raise MunetError(
            f"{shown(path)} cannot be run by {kind} ({first_line(error)}); convert or copy it again"
        ) from error


def _require(kind):
    if not _installed(kind):
        package = _PACKAGE[kind].replace("_", "-")
        raise MunetError(f"--runtime {kind} needs a package that is not installed: pip install {package}")


def _installed(kind):
    return importlib.util.find_spec(_PACKAGE[kind]) is not None


def has_gpu():
    """Whether an NVIDIA GPU is there and not hidden; costs nothing, since nothing is loaded for it."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    return not hidden and Path("/proc/driver/nvidia/version").exists()


class LiteRTEngine:
    """A `.tflite` file on the CPU, with an interpreter a thread."""

    runtime, batch = "litert", 1

    def __init__(self, path, threads=1):
        with quiet_stderr():
            from ai_edge_litert.interpreter import Interpreter

        self.file = Path(path)
        self._make = lambda: Interpreter(str(path), num_threads=threads)
        self._local = threading.local()
        with quiet_stderr():  # the first of a process says hello
            self._interpreter()  # what is wrong with the file shows now

    def _interpreter(self):
        if not hasattr(self._local, "interpreter"):
            interpreter = self._make()
            interpreter.allocate_tensors()
            first, last = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
            self._local.interpreter = interpreter
            self._local.ends = first["index"], last["index"]
            self._scale = last["quantization"][0]  # 0 of floating point
        return self._local.interpreter, *self._local.ends

    def infer(self, image):
        """Probabilities (size, size) float32 of one (size, size, 3) uint8 RGB image."""
        found = self.run(image)[..., 0]
        return found * np.float32(self._scale) if self._scale else found

    def run(self, image):
        """The network's answer (H, W, C) to one (size, size, 3) uint8 RGB image, as it is stored."""
        interpreter, first, last = self._interpreter()
        interpreter.set_tensor(first, image[None])
        interpreter.invoke()
        return interpreter.get_tensor(last)[0]


class OnnxEngine:
    """An `.onnx` file on the CPU."""

    runtime, batch = "onnx", 1

    def __init__(self, path, threads=1):
        import onnxruntime

        self.file = Path(path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def infer(self, image):
        """Probabilities (size, size) float32 of one (size, size, 3) uint8 RGB image."""
        return self.run(image)[..., 0]

    def run(self, image):
        """The network's answer (H, W, C) to one (size, size, 3) uint8 RGB image."""
        return self._session.run(None, {self._input: image[None]})[0][0]


class KerasEngine:
    """The Keras network itself, on whatever its backend computes; `batch` images at once.

    A batch is always full, with black images where fewer wait, so that an image gives the same whoever waits
    with it.
    """

    runtime = "keras"

    def __init__(self, path, batch=None):
        with quiet_stderr():
            import model
            from munet.network import devices
        self.file, (self.network, _) = model_file(path), model.load_munet(path)
        self.batch = batch or (1 if devices.device() == "cpu" else GPU_BATCH)
        self._waiting = queue.SimpleQueue()
        threading.Thread(target=self._serve, daemon=True).start()

    def infer(self, image):
        """Probabilities (size, size) float32 of one (size, size, 3) uint8 RGB image."""
        answer = Future()
        self._waiting.put((image, answer))
        return answer.result()

    def _serve(self):
        while True:
            taken = [self._waiting.get()]
            while len(taken) < self.batch and not self._waiting.empty():
                taken.append(self._waiting.get())
            try:
                images = np.zeros((self.batch, *taken[0][0].shape), np.uint8)
                images[: len(taken)] = [image for image, _ in taken]
                maps = np.asarray(self.network.predict_on_batch(images))[..., 0]
            except Exception as error:  # it belongs to those who wait
                for _, answer in taken:
                    answer.set_exception(error)
            else:
                for (_, answer), probability in zip(taken, maps, strict=False):
                    answer.set_result(probability)
