// Loads the model and runs it beside the page, so that the page never waits.

import type { InferenceSession, Tensor } from "onnxruntime-web";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import wasmForGpu from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url";
import { AROUND, SIZE, UPRIGHT } from "./constants";
import { Pyramid, square, type Crop } from "./crops";
import type { Eye } from "./eyes";
import { EyeFinder, type Followed } from "./finder";
import { shrink, type Picture } from "./image";
import { TOO_LARGE, type Answer, type Found, type Model, type Question } from "./messages";
import { closeUp, compose, keepReach, noEyes, worthAMap, type Parts } from "./segmentation";

interface Loaded {
  model: Model;
  run: Run;
  finder: EyeFinder;
}

/** A network's answer to the RGB pixels of its input. */
type Run = (rgb: Uint8Array) => Promise<Float32Array<ArrayBuffer>>;

const BAND = 256; // rows
const base = new URL("../", import.meta.url); // the worker's own address may be a blob's
const loading = load();
loading.then(
  ({ model }) => say({ kind: "ready", model }),
  (error) => say({ kind: "failed", id: -1, why: String(error?.message ?? error) }),
);

let turn: Promise<void> = Promise.resolve();
self.onmessage = (event: MessageEvent<Question>) => {
  turn = turn.then(() => answer(event.data)); // a session computes one picture at a time
};

async function answer({ id, bitmap, followed }: Question) {
  try {
    const found = await segment(await loading, bitmap, followed);
    say({ kind: "found", id, found }, [found.counts.buffer, ...found.crops.map(({ map }) => map.buffer)]);
  } catch (error) {
    say({ kind: "failed", id, why: error instanceof Error ? error.message : String(error) });
  } finally {
    bitmap.close();
  }
}

function say(message: Answer, transfer: Transferable[] = []) {
  self.postMessage(message, { transfer });
}

async function segment(loaded: Loaded, bitmap: ImageBitmap, followed: Followed | null): Promise<Found> {
  const started = performance.now();
  const seen = new Pyramid(pixels(bitmap));
  const candidates = await (followed ? loaded.finder.follow(seen, followed) : loaded.finder.find(seen));
  const { eyes, ...parts } = await segmentAbout(loaded, seen, candidates);
  const levels = compose(parts, parts.width, parts.height);
  const without = noEyes(eyes, levels, parts, loaded.model.level);
  const all = { ...parts, without, eyes: eyes.filter((eye) => !without.includes(eye)) };
  const counts = counted(without.length ? compose(all, all.width, all.height) : levels);
  return { ...all, counts, ms: performance.now() - started };
}

/** The networks' maps about what may be eyes. */
async function segmentAbout(loaded: Loaded, seen: Pyramid, candidates: Eye[]): Promise<Parts & { eyes: Eye[] }> {
  const { width, height } = seen.photo;
  const close = closeUp(candidates, width);
  const eyes = close ? [close] : worthAMap(candidates, Math.max(width, height));
  const crops = close ? [await segmentWhole(loaded, seen.photo)] : await segmentEyes(loaded, seen, eyes);
  return { width, height, eyes, crops, close, without: [] };
}

/** How many pixels have each level. */
function counted(levels: Uint8Array): Uint32Array<ArrayBuffer> {
  const counts = new Uint32Array(256);
  for (const level of levels) {
    counts[level]++;
  }
  return counts;
}

/** A close-up as a whole: MU-Net was trained on such photos. */
async function segmentWhole({ model, run }: Loaded, photo: Picture): Promise<Crop> {
  return { map: await run(shrink(photo, model.size)), size: model.size, matrix: null };
}

async function segmentEyes({ model, run }: Loaded, seen: Pyramid, eyes: Eye[]): Promise<Crop[]> {
  const crops: Crop[] = [];
  for (const eye of eyes) {
    const angle = Math.abs(eye.angle) > UPRIGHT ? eye.angle : 0;
    const matrix = square(eye.x, eye.y, AROUND * eye.width, angle, model.size);
    const map = await run(seen.warp(matrix, model.size, true));
    keepReach(map, model.size);
    crops.push({ map, size: model.size, matrix });
  }
  return crops;
}

/** The pixels of a picture, on white, RGBA; read in bands, as phones give a canvas fewer pixels than their cameras take. */
function pixels(bitmap: ImageBitmap): Picture {
  const { width, height } = bitmap;
  const rows = Math.min(BAND, height);
  const context = new OffscreenCanvas(width, rows).getContext("2d", { willReadFrequently: true })!;
  context.fillStyle = "#fff"; // beneath transparent pictures
  const rgba = new Uint8ClampedArray(4 * width * height);
  for (let top = 0; top < height; top += BAND) {
    context.fillRect(0, 0, width, rows);
    context.drawImage(bitmap, 0, -top);
    const part = context.getImageData(0, 0, width, Math.min(rows, height - top)).data;
    if (part[3] !== 255) {
      throw new Error(TOO_LARGE);
    }
    rgba.set(part, 4 * width * top);
  }
  return { rgba, width, height };
}

async function load(): Promise<Loaded> {
  const settings = await (await fetched("munet.json")).json();
  const files = [await bytes("munet.onnx"), await bytes("finder.onnx")];
  const { ort, sessions, backend } = await open(files);
  const size: number = settings.architecture.size;
  const [run, look] = [runner(ort, sessions[0], size), runner(ort, sessions[1], SIZE)];
  await run(new Uint8Array(size * size * 3)); // the first run is slow
  await look(new Uint8Array(SIZE * SIZE * 3));
  return { model: { size, level: settings.level, backend }, run, finder: new EyeFinder(look) };
}

function runner(ort: typeof import("onnxruntime-web"), session: InferenceSession, size: number): Run {
  return async (rgb) => {
    const results = await session.run({ [session.inputNames[0]]: new ort.Tensor("uint8", rgb, [1, size, size, 3]) });
    const data = await (results[session.outputNames[0]] as Tensor).getData();
    return Float32Array.from(data as Float32Array); // a copy: the runtime's own memory may be used again
  };
}

async function bytes(name: string) {
  return new Uint8Array(await (await fetched(name)).arrayBuffer());
}

async function fetched(name: string) {
  const response = await fetch(new URL(name, base));
  const page = response.headers.get("content-type")?.startsWith("text/html"); // some hosts send one for whatever is missing
  if (!response.ok || page) {
    const found = response.ok ? "a page came instead" : response.status;
    throw new Error(`${name} is missing from this site (${found}): export it with export_model.py --to web`);
  }
  return response;
}

/** The GPU where there is one that the networks run on, else the processor. */
async function open(files: Uint8Array[]) {
  const gpu = (navigator as Navigator & { gpu?: { requestAdapter(): Promise<unknown> } }).gpu;
  if (await gpu?.requestAdapter().catch(() => null)) {
    try {
      const ort = await import("onnxruntime-web/webgpu");
      return { ort, sessions: await start(ort, files, wasmForGpu, "webgpu"), backend: "WebGPU" as const };
    } catch (error) {
      console.warn("WebGPU did not start, the processor runs instead:", error);
    }
  }
  const ort = await import("onnxruntime-web/wasm");
  return { ort, sessions: await start(ort, files, wasm, "wasm"), backend: "WASM" as const };
}

async function start(ort: typeof import("onnxruntime-web"), files: Uint8Array[], url: string, provider: string) {
  ort.env.wasm.wasmPaths = { wasm: new URL(url, import.meta.url).href };
  ort.env.wasm.numThreads = 1; // more need headers that plain static hosts do not send
  ort.env.logLevel = "error";
  const sessions: InferenceSession[] = [];
  for (const file of files) {
    sessions.push(await ort.InferenceSession.create(file, { executionProviders: [provider] }));
  }
  return sessions;
}
