// What the page and its worker say to each other.

export interface Model {
  name: string;
  size: number;
  level: number;
  backend: "WebGPU" | "WASM";
}

/** A probability map at the picture's own size, 0..255. */
export interface Found {
  width: number;
  height: number;
  levels: Uint8Array<ArrayBuffer>;
  ms: number;
}

export type Answer = { kind: "ready"; model: Model } | { kind: "found"; id: number; found: Found } | { kind: "failed"; id: number; why: string };

export interface Question {
  id: number;
  bitmap: ImageBitmap;
}
