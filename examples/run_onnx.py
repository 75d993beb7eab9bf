"""The sclera mask of a photo from an exported `.onnx` file: python run_onnx.py MODEL PHOTO MASK

Needs onnxruntime, numpy and pillow alone.
"""

import json
import sys

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

model, photo, mask = sys.argv[1:]
session = onnxruntime.InferenceSession(model)
settings = json.loads(session.get_modelmeta().custom_metadata_map["munet.json"])
(source,) = session.get_inputs()

image = ImageOps.exif_transpose(Image.open(photo)).convert("RGB")
small = np.asarray(image.resize(source.shape[2:0:-1], Image.Resampling.BOX))
probability = session.run(None, {source.name: small[None]})[0][0, ..., 0]

levels = np.asarray(Image.fromarray(probability).resize(image.size, Image.Resampling.BILINEAR)) * 255
Image.fromarray(np.rint(levels) >= settings["level"]).save(mask)
