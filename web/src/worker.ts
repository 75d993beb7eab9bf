// Loads the model and runs it beside the page, so that the page never waits.

import type { InferenceSession, Tensor } from "onnxruntime-web";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import wasmForGpu from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url";
import { enlarge, shrink } from "./image";
import { TOO_LARGE, type Answer, type Found, type Model, type Question } from "./messages";

interface Loaded {
  model: Model;
  run(rgb: Uint8Array): Promise<Float32Array>;
}

const BAND = 256; // rows
const base = new URL("../", import.meta.url); // the worker's own address may be a blob's
const loading = load();
loading.then(
  ({ model }) => say({ kind: "ready", model }),
  (error) => say({ kind: "failed", id: -1, why: String(error?.message ?? error) }),
);

let turn: Promise<void> = Promise.resolve();
self.onmessage = (event: MessageEvent<Question>) => {
  const { id, bitmap } = event.data;
  turn = turn.then(() => answer(id, bitmap)); // a session computes one picture at a time
};

async function answer(id: number, bitmap: ImageBitmap) {
  try {
    const found = await segment(await loading, bitmap);
    say({ kind: "found", id, found }, [found.map.buffer, found.counts.buffer]);
  } catch (error) {
    say({ kind: "failed", id, why: error instanceof Error ? error.message : String(error) });
  } finally {
    bitmap.close();
  }
}

function say(message: Answer, transfer: Transferable[] = []) {
  self.postMessage(message, { transfer });
}

async function segment({ model, run }: Loaded, bitmap: ImageBitmap): Promise<Found> {
  const started = performance.now();
  const { width, height } = bitmap;
  const rgb = shrink(pixels(bitmap), width, height, model.size);
  const map = Float32Array.from(await run(rgb)); // a copy: the runtime's own memory may be used again
  const counts = new Uint32Array(256);
  for (const level of enlarge(map, model.size, width, height)) {
    counts[level]++;
  }
  return { width, height, size: model.size, map, counts, ms: performance.now() - started };
}

/** The pixels of a picture, on white, RGBA; read in bands, as phones give a canvas fewer pixels than their cameras take. */
function pixels(bitmap: ImageBitmap): Uint8ClampedArray {
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
  return rgba;
}

async function load(): Promise<Loaded> {
  const settings = await (await fetched("munet.json")).json();
  const bytes = new Uint8Array(await (await fetched("munet.onnx")).arrayBuffer());
  const { ort, session, backend } = await open(bytes);
  const size: number = settings.architecture.size;
  const run = async (rgb: Uint8Array) => {
    const input = new ort.Tensor("uint8", rgb, [1, size, size, 3]);
    const results = await session.run({ [session.inputNames[0]]: input });
    return (results[session.outputNames[0]] as Tensor).getData() as Promise<Float32Array>;
  };
  await run(new Uint8Array(size * size * 3)); // the first run is slow
  return { model: { size, level: settings.level, backend }, run };
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

/** The GPU where there is one that the model runs on, else the processor. */
async function open(bytes: Uint8Array) {
  const gpu = (navigator as Navigator & { gpu?: { requestAdapter(): Promise<unknown> } }).gpu;
  if (await gpu?.requestAdapter().catch(() => null)) {
    try {
      const ort = await import("onnxruntime-web/webgpu");
      return { ort, session: await start(ort, bytes, wasmForGpu, "webgpu"), backend: "WebGPU" as const };
    } catch (error) {
      console.warn("WebGPU did not start, the processor runs instead:", error);
    }
  }
  const ort = await import("onnxruntime-web/wasm");
  return { ort, session: await start(ort, bytes, wasm, "wasm"), backend: "WASM" as const };
}

function start(ort: typeof import("onnxruntime-web"), bytes: Uint8Array, url: string, provider: string): Promise<InferenceSession> {
  ort.env.wasm.wasmPaths = { wasm: new URL(url, import.meta.url).href };
  ort.env.wasm.numThreads = 1; // more need headers that plain static hosts do not send
  ort.env.logLevel = "error";
  return ort.InferenceSession.create(bytes, { executionProviders: [provider] });
}
