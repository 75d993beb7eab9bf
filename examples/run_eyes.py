"""The sclera mask of a photo of people, from two `.tflite` files: python run_eyes.py MODEL FINDER PHOTO MASK

One look of the finder at the whole photo, then the network at each eye, upright. `munet/finder/finder.py`
looks at parts of the photo too, and twice at each eye. Needs ai-edge-litert, numpy and pillow alone; takes
float files.
"""

import json
import sys
import zipfile

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image, ImageOps

SURE, AROUND = 0.5, 2.0  # the lowest score of an eye; a crop is so many times as wide as the eye


def opened(path):
    """A function from an image, resized to what the network takes, to the network's answer."""
    interpreter = Interpreter(path)
    interpreter.allocate_tensors()
    (source,), (target,) = interpreter.get_input_details(), interpreter.get_output_details()

    def run(image):
        size = tuple(map(int, source["shape"][2:0:-1]))
        interpreter.set_tensor(source["index"], np.asarray(image.resize(size, Image.Resampling.BOX))[None])
        interpreter.invoke()
        return interpreter.get_tensor(target["index"])[0]

    return run


model, finder, photo, mask = sys.argv[1:]
level = json.loads(zipfile.ZipFile(model).read("munet.json"))["level"]
segment, find = opened(model), opened(finder)
image = ImageOps.exif_transpose(Image.open(photo)).convert("RGB")
side = max(image.size)  # a square that holds the photo, black beside it
left, top = ((side - length) // 2 for length in image.size)
answer = find(image.crop((-left, -top, side - left, side - top)))

levels = Image.new("L", image.size)
place = side / len(answer)  # pixels of the photo to a place of the answer
for row, column in zip(*np.nonzero(answer[..., 0] >= SURE), strict=True):
    heat = answer[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2, 0]
    score, width, _, dx, dy = answer[row, column, :5]
    if score < heat.max():  # a neighbour is surer
        continue
    x, y = (column + 0.5 + dx) * place - left, (row + 0.5 + dy) * place - top
    reach = round(float(np.exp(width)) * place * AROUND / 2)
    x, y = round(float(x)), round(float(y))
    crop = image.crop((x - reach, y - reach, x + reach, y + reach))
    found = Image.fromarray(segment(crop)[..., 0]).resize(crop.size, Image.Resampling.BILINEAR)
    levels.paste(Image.fromarray(np.rint(np.asarray(found) * 255).astype(np.uint8)), (x - reach, y - reach))
levels.point(lambda value: 255 * (value >= level)).convert("1").save(mask)
