"""The sclera mask of a photo from an exported `.tflite` file: python run_litert.py MODEL PHOTO MASK

Needs ai-edge-litert, numpy and pillow alone; takes float and 8-bit files.
"""

import json
import sys
import zipfile

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image, ImageOps

model, photo, mask = sys.argv[1:]
settings = json.loads(zipfile.ZipFile(model).read("munet.json"))
interpreter = Interpreter(model)
interpreter.allocate_tensors()
(source,), (target,) = interpreter.get_input_details(), interpreter.get_output_details()

image = ImageOps.exif_transpose(Image.open(photo)).convert("RGB")
height, width = source["shape"][1:3]
interpreter.set_tensor(source["index"], np.asarray(image.resize((width, height), Image.Resampling.BOX))[None])
interpreter.invoke()
probability = interpreter.get_tensor(target["index"])[0, ..., 0] * (target["quantization"][0] or 1.0)

levels = (
    np.asarray(Image.fromarray(probability.astype(np.float32)).resize(image.size, Image.Resampling.BILINEAR))
    * 255
)
Image.fromarray(np.rint(levels) >= settings["level"]).save(mask)
