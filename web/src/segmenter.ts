// The worker as promises, started when the page is kept for use without a network, if it can be.

import type { Followed } from "./finder";
import type { Answer, Found, Model, Question } from "./messages";
import address from "./worker.ts?worker&url";

export interface Segmenter {
  model: Model;
  /** Finds the eyes of a photo, or follows them from one frame of a camera to the next, and segments them. */
  segment(bitmap: ImageBitmap, followed?: Followed): Promise<Found>;
}

interface Waiting {
  resolve(found: Found): void;
  reject(error: Error): void;
}

/** Starts the worker; rejects, with what to tell the user, when the model cannot be had. */
export async function startSegmenter(): Promise<Segmenter> {
  await keepPage();
  const worker = startWorker();
  const waiting = new Map<number, Waiting>();
  let last = 0;
  const model = await new Promise<Model>((resolve, reject) => {
    worker.onerror = () => reject(new Error("the worker did not start; update this browser"));
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      if (data.kind === "ready") {
        resolve(data.model);
      } else if (data.kind === "found") {
        waiting.get(data.id)?.resolve(data.found);
        waiting.delete(data.id);
      } else {
        (waiting.get(data.id)?.reject ?? reject)(new Error(data.why));
        waiting.delete(data.id);
      }
    };
  });
  const segment = (bitmap: ImageBitmap, followed: Followed | null = null) =>
    new Promise<Found>((resolve, reject) => {
      const id = ++last;
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, bitmap, followed } satisfies Question, [bitmap]);
    });
  return { model, segment };
}

/** A worker takes its Content-Security-Policy from its own response, as the service worker sends it and static hosts do not: without
 *  the one it is started from a blob, which has the policy of the page. */
function startWorker() {
  const url = new URL(address, import.meta.url).href;
  const begin = new Blob([`import ${JSON.stringify(url)};`], { type: "text/javascript" });
  return new Worker(navigator.serviceWorker?.controller ? url : URL.createObjectURL(begin), { type: "module" });
}

/** Registers the service worker and waits until it serves this page, if it is about to: all that is loaded later is kept. */
async function keepPage() {
  if (!("serviceWorker" in navigator) || !import.meta.env.PROD) {
    return;
  }
  try {
    const registration = await navigator.serviceWorker.register("./sw.js");
    const coming = registration.installing;
    if (navigator.serviceWorker.controller || !coming) {
      return;
    }
    await new Promise<void>((resolve) => {
      navigator.serviceWorker.addEventListener("controllerchange", () => resolve());
      coming.addEventListener("statechange", () => coming.state === "redundant" && resolve()); // it could not be kept
    });
  } catch (error) {
    console.warn("this page is not kept for use without a network:", error);
  }
}
