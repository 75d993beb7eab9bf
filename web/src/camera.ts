// The camera as a stream of frames, each taken when the one before is done.

export interface Camera {
  stop(): void;
}

/** Opens a camera, the back one of a phone, and calls `frame` with its pictures until it is stopped, or fails and calls `ended`.
 *  Rejects with what to tell the user, also where it is no longer `wanted` by the time that it is allowed. */
export async function openCamera(
  video: HTMLVideoElement,
  frame: (bitmap: ImageBitmap) => Promise<void>,
  wanted: () => boolean,
  ended: (why: string) => void,
): Promise<Camera> {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new Error("the camera needs a secure page (https, or this very computer) and a browser that has one");
  }
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: { ideal: "environment" } }, audio: false }).catch(explain);
  let running = true;
  const stop = () => {
    running = false;
    stream.getTracks().forEach((track) => track.stop());
    if (video.srcObject === stream) {
      video.srcObject = null;
    }
  };
  const fail = (why: string) => {
    if (running) {
      stop();
      ended(why);
    }
  };
  const next = async () => {
    try {
      if (running && video.videoWidth) {
        await frame(await createImageBitmap(video));
      }
    } catch (error) {
      fail((error as Error).message);
    }
    if (running) {
      requestAnimationFrame(() => void next());
    }
  };
  stream.getTracks().forEach((track) => track.addEventListener("ended", () => fail("it was unplugged, or is allowed no longer")));
  try {
    if (!wanted()) {
      throw new Error("it was stopped");
    }
    video.srcObject = stream;
    await video.play();
  } catch (error) {
    stop();
    throw error;
  }
  void next();
  return { stop };
}

function explain(error: DOMException): never {
  const told: Record<string, string> = {
    NotAllowedError: "the camera was refused; allow it in the browser's settings for this page",
    NotFoundError: "there is no camera; open photos instead",
    NotReadableError: "the camera is in use by another program; close that one first",
  };
  throw new Error(told[error.name] ?? `the camera did not start (${error.message})`);
}
