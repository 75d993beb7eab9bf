// Loads the model and runs it beside the page, so that the page never waits.

import type { InferenceSession, Tensor } from "onnxruntime-web";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import wasmForGpu from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url";
import { enlarge, shrink } from "./image";
import type { Answer, Found, Model, Question } from "./messages";

interface Loaded {
  model: Model;
  run(rgb: Uint8Array): Promise<Float32Array>;
}

const base = new URL("../", self.location.href);
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
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  context.fillStyle = "#fff"; // beneath transparent pictures
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  const rgb = shrink(context.getImageData(0, 0, width, height).data, width, height, model.size);
  const map = Float32Array.from(await run(rgb)); // a copy: the runtime's own memory may be used again
  const counts = new Uint32Array(256);
  for (const level of enlarge(map, model.size, width, height)) {
    counts[level]++;
  }
  return { width, height, size: model.size, map, counts, ms: performance.now() - started };
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
  if (!response.ok) {
    throw new Error(`${name} is missing from this site (${response.status}): export it with export_model.py --to web`);
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
  ort.env.wasm.wasmPaths = { wasm: new URL(url, self.location.href).href };
  ort.env.wasm.numThreads = 1; // more need headers that plain static hosts do not send
  ort.env.logLevel = "error";
  return ort.InferenceSession.create(bytes, { executionProviders: [provider] });
}
