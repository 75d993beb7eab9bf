// The sclera of a picture from an exported model, in Node.js, and with the same calls in a browser.
//
//     python export_model.py weights/NAME --to web --out site       # munet.onnx and munet.json, and a page around them
//     npm install onnxruntime-web
//     node run_onnx.mjs site PIXELS WIDTH HEIGHT MASK
//
// PIXELS holds raw RGB bytes, as a canvas or any decoder gives them; MASK becomes 0 or 255 a pixel, at the network's size.

import { readFileSync, writeFileSync } from "node:fs";
import { InferenceSession, Tensor } from "onnxruntime-web";

const [site, pixels, width, height, mask] = process.argv.slice(2);
const { architecture, level } = JSON.parse(readFileSync(`${site}/munet.json`, "utf8"));
const session = await InferenceSession.create(new Uint8Array(readFileSync(`${site}/munet.onnx`)));

const photo = readFileSync(pixels);
const size = architecture.size;
const small = new Uint8Array(size * size * 3);
for (let y = 0; y < size; y++) {
  for (let x = 0; x < size; x++) {
    // The nearest pixel, to be short: the mean over each new pixel's area (web/src/image.ts) gives better masks.
    const from = Math.floor(((y + 0.5) * height) / size) * width + Math.floor(((x + 0.5) * width) / size);
    small.set(photo.subarray(3 * from, 3 * from + 3), 3 * (y * size + x));
  }
}
const results = await session.run({ [session.inputNames[0]]: new Tensor("uint8", small, [1, size, size, 3]) });
const probability = results[session.outputNames[0]].data;
writeFileSync(mask, Uint8Array.from(probability, (p) => (Math.round(255 * p) >= level ? 255 : 0)));
