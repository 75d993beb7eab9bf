// The page: photos or camera in, masks and figures out.

import { openCamera, type Camera } from "./camera";
import type { Found } from "./messages";
import { startSegmenter, type Segmenter } from "./segmenter";
import { area, draw, histogram, LARGEST, png, save, type Look, type Show } from "./view";

interface Item {
  name: string;
  photo: ImageBitmap; // for the page; no larger than it shows
  whole(): Promise<ImageBitmap>;
  found: Found;
  counts: Float64Array;
}

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const view = element<HTMLCanvasElement>("view");
const opacity = element<HTMLInputElement>("opacity");
const level = element<HTMLInputElement>("level");
const cameraButton = element<HTMLButtonElement>("camera");

let segmenter: Segmenter;
let camera: Camera | null = null;
let shown: Item | null = null;

function tell(text: string, bad = false) {
  const status = element("status");
  status.textContent = text;
  status.classList.toggle("bad", bad);
}

function look(): Look {
  const show = document.querySelector<HTMLInputElement>("input[name=show]:checked")!.value as Show;
  return { show, opacity: Number(opacity.value) / 100, level: Number(level.value) };
}

function refresh() {
  element("opacity-value").textContent = `${opacity.value} %`;
  element("level-value").textContent = level.value;
  if (!shown) {
    return;
  }
  const percent = `${area(shown.counts, Number(level.value)).toFixed(1)} %`;
  draw(view, shown.photo, shown.found, look());
  view.setAttribute("aria-label", `${shown.name}, ${look().show}: ${percent} sclera`);
  element("name").textContent = shown.name;
  element("area").textContent = percent;
  element("time").textContent = `${shown.found.ms.toFixed(0)} ms`;
}

function show(item: Item) {
  shown = item;
  element("result").hidden = false;
  refresh();
}

/** Segments a picture and keeps a small copy; `whole` opens it again when it is to be saved, so that many fit into memory. */
async function segment(name: string, bitmap: ImageBitmap, whole?: () => Promise<ImageBitmap>): Promise<Item> {
  const photo = await small(bitmap, LARGEST);
  const found = await segmenter.segment(bitmap);
  return { name, photo, whole: whole ?? (() => createImageBitmap(photo)), found, counts: histogram(found.levels) };
}

function small(bitmap: ImageBitmap, side: number) {
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
  const [resizeWidth, resizeHeight] = [bitmap.width, bitmap.height].map((length) => Math.max(1, Math.round(length * scale)));
  return createImageBitmap(bitmap, { resizeWidth, resizeHeight, resizeQuality: "high" });
}

/** A file's pixels as they are stored, upright: a colour profile would change what the network was trained on. */
function decode(file: File) {
  return createImageBitmap(file, { imageOrientation: "from-image", colorSpaceConversion: "none" }).catch(() => {
    throw new Error("not an image that this browser reads");
  });
}

async function openFiles(files: File[]) {
  stopCamera();
  const failed: string[] = [];
  for (const [number, file] of files.entries()) {
    tell(`${number + 1} of ${files.length}: ${file.name}`);
    try {
      const item = await segment(file.name, await decode(file), () => decode(file));
      list(item);
      show(item);
    } catch (error) {
      failed.push(`${file.name}: ${(error as Error).message}`);
    }
  }
  const done = files.length - failed.length;
  tell([`${done} of ${files.length} done.`, ...failed].join(" "), failed.length > 0);
}

function list(item: Item) {
  const button = document.createElement("button");
  const thumbnail = document.createElement("canvas");
  const label = document.createElement("span");
  Object.assign(thumbnail, { width: 224, height: Math.max(1, Math.round((224 * item.photo.height) / item.photo.width)) });
  thumbnail.getContext("2d")!.drawImage(item.photo, 0, 0, thumbnail.width, thumbnail.height);
  label.textContent = item.name;
  button.type = "button";
  button.append(thumbnail, label);
  const choose = () => {
    document.querySelectorAll("#photos button").forEach((other) => other.removeAttribute("aria-current"));
    button.setAttribute("aria-current", "true");
  };
  button.addEventListener("click", () => {
    stopCamera();
    choose();
    show(item);
  });
  element("photos").append(button);
  choose();
}

async function toggleCamera() {
  if (camera) {
    stopCamera();
    return;
  }
  try {
    camera = await openCamera(element<HTMLVideoElement>("video"), async (bitmap) => {
      const item = await segment("camera", bitmap);
      if (camera) {
        const before = shown;
        show(item);
        if (before?.name === "camera") {
          before.photo.close();
        }
      }
    });
    cameraButton.textContent = "Stop the camera";
    tell("The camera is on; its pictures stay on this device.");
  } catch (error) {
    tell(`No camera: ${(error as Error).message}.`, true);
  }
}

function stopCamera() {
  if (camera) {
    camera.stop();
    camera = null;
    cameraButton.textContent = "Use the camera";
    tell("The camera is off.");
  }
}

async function saveAs(show: Show) {
  if (!shown) {
    return;
  }
  try {
    const stem = shown.name.replace(/\.[^.]*$/, "");
    save(await png(await shown.whole(), shown.found, { ...look(), show }), `${stem}-${show}.png`);
  } catch (error) {
    tell(`Not saved: ${(error as Error).message}.`, true);
  }
}

function listen() {
  const files = element<HTMLInputElement>("files");
  files.addEventListener("change", () => {
    const chosen = [...files.files!];
    files.value = ""; // the same photo may be opened again
    void openFiles(chosen);
  });
  cameraButton.addEventListener("click", () => void toggleCamera());
  for (const input of document.querySelectorAll("input[name=show], #opacity, #level")) {
    input.addEventListener("input", refresh);
  }
  element("own-level").addEventListener("click", () => {
    level.value = String(segmenter.model.level);
    refresh();
  });
  element("save-mask").addEventListener("click", () => void saveAs("mask"));
  element("save-overlay").addEventListener("click", () => void saveAs("overlay"));
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  document.addEventListener("dragleave", () => document.body.classList.remove("dropping"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    void openFiles([...event.dataTransfer!.files]);
  });
}

try {
  segmenter = await startSegmenter();
  const { model } = segmenter;
  level.value = String(model.level);
  element("backend").textContent = model.backend;
  listen();
  refresh();
  document.body.dataset.ready = model.backend;
  tell(`Ready: ${model.size}x${model.size} pixels, threshold ${model.level}, on ${model.backend}.`);
} catch (error) {
  tell(`The model could not be loaded: ${(error as Error).message}.`, true);
  document.querySelectorAll<HTMLInputElement | HTMLButtonElement>("input, button").forEach((control) => (control.disabled = true));
}
