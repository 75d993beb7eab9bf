// The page: photos or camera in, masks and figures out.

import { openCamera, type Camera } from "./camera";
import type { Found } from "./messages";
import { startSegmenter, type Segmenter } from "./segmenter";
import { Tracker } from "./tracking";
import { area, draw, LARGEST, png, save, type Look, type Show } from "./view";

interface Item {
  name: string;
  photo: ImageBitmap | null; // for the page, no larger than it shows; only of the one that is shown
  whole(): Promise<ImageBitmap>;
  found: Found;
  numbers: number[]; // of its eyes
}

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const view = element<HTMLCanvasElement>("view");
const opacity = element<HTMLInputElement>("opacity");
const level = element<HTMLInputElement>("level");
const cameraButton = element<HTMLButtonElement>("camera");

let segmenter: Segmenter;
let camera: Promise<Camera | null> | null = null;
let tracker = new Tracker(); // of the camera's eyes
let shown: Item | null = null;
let wanted: Item | null = null; // what is to be shown once it is open
let picked = false; // the user looks at something: photos that are done later do not take its place
let opening: Promise<void> = Promise.resolve();

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
  const { found, numbers } = shown;
  const share = area(found, Number(level.value));
  const percent = `${share.toFixed(share < 1 ? 2 : 1)} %`; // of a face the sclera is little
  const eyes = `${found.eyes.length} ${found.eyes.length === 1 ? "eye" : "eyes"}`;
  draw(view, shown.photo!, found, numbers, look());
  view.setAttribute("aria-label", `${shown.name}, ${look().show}: ${eyes}, ${percent} sclera`);
  element("none").hidden = found.eyes.length > 0;
  element("eyes").textContent = eyes;
  element("name").textContent = shown.name;
  element("area").textContent = percent;
  element("time").textContent = `${found.ms.toFixed(0)} ms`;
}

/** Shows an item, opened again if need be: of the others only thumbnail and map are kept, so that many fit into a phone's memory. */
async function show(item: Item) {
  wanted = item;
  if (!item.photo) {
    const whole = await item.whole();
    const photo = await small(whole);
    whole.close();
    if (wanted !== item || item.photo) {
      photo.close(); // something else is wanted by now, or it was asked for twice
      return;
    }
    item.photo = photo;
  }
  if (shown && shown !== item) {
    release(shown);
  }
  shown = item;
  element("result").hidden = false;
  refresh();
}

function release(item: Item) {
  item.photo?.close();
  item.photo = null;
}

/** A copy no larger than the page shows. */
function small(bitmap: ImageBitmap) {
  const scale = Math.min(1, LARGEST / Math.max(bitmap.width, bitmap.height));
  const [resizeWidth, resizeHeight] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
  return createImageBitmap(bitmap, { resizeWidth, resizeHeight, resizeQuality: "high" });
}

/** Segments a photo; `whole` opens it again, when it is to be saved or shown once more. */
async function segmentPhoto(name: string, whole: () => Promise<ImageBitmap>): Promise<Item> {
  const bitmap = await whole();
  const photo = await small(bitmap);
  const found = await segmenter.segment(bitmap);
  return { name, photo, whole, found, numbers: found.eyes.map((_, i) => i + 1) };
}

/** A file's pixels as they are stored, upright: a colour profile would change what the network was trained on. */
function decode(file: File) {
  return createImageBitmap(file, { imageOrientation: "from-image", colorSpaceConversion: "none" }).catch(() => {
    throw new Error("not an image that this browser reads");
  });
}

async function openFiles(files: File[]) {
  await stopCamera();
  picked = false;
  const failed: string[] = [];
  for (const [number, file] of files.entries()) {
    tell(`${number + 1} of ${files.length}: ${file.name}`);
    try {
      const item = await segmentPhoto(file.name, () => decode(file));
      const button = list(item);
      if (picked) {
        release(item);
      } else {
        choose(button);
        await show(item);
      }
    } catch (error) {
      failed.push(`${file.name}: ${(error as Error).message}`);
    }
  }
  const done = files.length - failed.length;
  tell([`${done} of ${files.length} done.`, ...(camera ? ["The camera is on."] : []), ...failed].join(" "), failed.length > 0);
}

function list(item: Item) {
  const button = document.createElement("button");
  const thumbnail = document.createElement("canvas");
  const label = document.createElement("span");
  Object.assign(thumbnail, { width: 224, height: Math.max(1, Math.round((224 * item.found.height) / item.found.width)) });
  thumbnail.getContext("2d")!.drawImage(item.photo!, 0, 0, thumbnail.width, thumbnail.height);
  label.textContent = item.name;
  button.type = "button";
  button.append(thumbnail, label);
  button.addEventListener("click", async () => {
    picked = true;
    await stopCamera();
    choose(button);
    await show(item).catch((error: Error) => tell(`${item.name}: ${error.message}.`, true));
  });
  element("photos").append(button);
  return button;
}

function choose(button: HTMLElement | null) {
  document.querySelectorAll("#photos button").forEach((other) => other.removeAttribute("aria-current"));
  button?.setAttribute("aria-current", "true");
}

function startCamera() {
  const over = (why: string) => {
    if (camera === mine) {
      camera = null;
      cameraButton.textContent = "Use the camera";
      tell(why, true);
    }
    return null;
  };
  const mine: Promise<Camera | null> = openCamera(
    element<HTMLVideoElement>("video"),
    cameraFrame,
    () => camera === mine,
    (why) => over(`The camera stopped: ${why}.`),
  ).catch((error: Error) => over(`No camera: ${error.message}.`));
  camera = mine;
  tracker = new Tracker();
  picked = true;
  cameraButton.textContent = "Stop the camera";
  choose(null);
  void mine.then((opened) => opened && camera === mine && tell("The camera is on; its pictures stay on this device."));
}

async function cameraFrame(bitmap: ImageBitmap) {
  const photo = await small(bitmap);
  const found = await segmenter.segment(bitmap, tracker.next());
  const item = { name: "camera", photo, whole: () => createImageBitmap(photo), found, numbers: tracker.number(found.eyes) };
  if (camera) {
    await show(item);
  } else {
    release(item);
  }
}

/** Stops the camera, also one that is still asking for permission. */
async function stopCamera() {
  const opened = camera;
  if (opened) {
    camera = null;
    cameraButton.textContent = "Use the camera";
    tell("The camera is off.");
    const stop = opened.then((found) => found?.stop());
    await Promise.race([stop, new Promise((resolve) => setTimeout(resolve))]); // a question that is never answered holds up nothing
  }
}

async function saveAs(kind: Show) {
  const item = wanted; // another may be wanted before this one is decoded
  if (!item) {
    return;
  }
  try {
    const photo = await item.whole();
    save(await png(photo, item.found, { ...look(), show: kind }), `${item.name.replace(/\.[^.]*$/, "")}-${kind}.png`);
    photo.close();
  } catch (error) {
    tell(`Not saved: ${(error as Error).message}.`, true);
  }
}

function listen(ready: Promise<void>) {
  const files = element<HTMLInputElement>("files");
  // One lot after the other, and none before the model is there.
  const open = (chosen: File[]) => {
    if (chosen.length) {
      opening = Promise.all([opening, ready]).then(() => openFiles(chosen)).catch(() => {}); // without a model it is told already
    }
  };
  files.addEventListener("change", () => {
    const chosen = [...files.files!];
    files.value = ""; // the same photo may be opened again
    open(chosen);
  });
  cameraButton.addEventListener("click", () => void ready.then(() => (camera ? stopCamera() : startCamera())));
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
    open([...event.dataTransfer!.files]);
  });
}

async function load() {
  segmenter = await startSegmenter();
  const { model } = segmenter;
  level.value = String(model.level);
  element("backend").textContent = model.backend;
  refresh();
  document.body.dataset.ready = model.backend;
  tell(`Ready: ${model.size}x${model.size} pixels, threshold ${model.level}, on ${model.backend}.`);
}

const ready = load();
listen(ready);
ready.catch((error: Error) => {
  tell(`The model could not be loaded: ${error.message}.`, true);
  document.querySelectorAll<HTMLInputElement | HTMLButtonElement>("input, button").forEach((control) => (control.disabled = true));
});
