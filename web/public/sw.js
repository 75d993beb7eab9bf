// Keeps the page on the device, so that it opens without a network, and lets nothing out to other origins.
// The export writes the names of the files and the digest of their contents into the next two lines.
const CACHE = "munet-__DIGEST__";
const FILES = "__FILES__";
const LARGE = /\.wasm$/; // one of two is needed: it is kept when it is first asked for

const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; style-src 'self'; " +
  "img-src 'self' blob: data:; media-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'none'";

self.addEventListener("install", (event) => {
  const wanted = Array.isArray(FILES) ? FILES.filter((name) => !LARGE.test(name)) : [];
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(wanted.map((name) => new Request(name, { cache: "reload" }))))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (new URL(request.url).origin !== self.location.origin) {
    event.respondWith(Response.error());
  } else if (request.method === "GET") {
    event.respondWith(answer(request));
  }
});

async function answer(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request, { ignoreSearch: true });
  const response = kept ?? (await fetch(request));
  if (!kept && response.ok) {
    await cache.put(request, response.clone());
  }
  const headers = new Headers(response.headers);
  headers.set("Content-Security-Policy", POLICY);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
