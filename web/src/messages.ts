// What the page and its worker say to each other.

import type { Eye } from "./eyes";
import type { Followed } from "./finder";
import type { Parts } from "./segmentation";

/** A canvas too large for the browser holds nothing, without an error. */
export const TOO_LARGE = "this browser cannot hold a picture so large";

export interface Model {
  size: number;
  level: number;
  backend: "WebGPU" | "WASM";
}

/** What was found in a picture: the network's own maps, and of the map at the picture's size how many pixels have each level. */
export interface Found extends Parts {
  eyes: Eye[]; // from left to right
  counts: Uint32Array<ArrayBuffer>; // 256
  ms: number;
}

export type Answer = { kind: "ready"; model: Model } | { kind: "found"; id: number; found: Found } | { kind: "failed"; id: number; why: string };

export interface Question {
  id: number;
  bitmap: ImageBitmap;
  followed: Followed | null; // of a camera's frame
}
