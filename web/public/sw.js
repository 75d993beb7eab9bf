// Keeps the page on the device, so that it opens without a network, and lets nothing out to other origins.
// The export writes the digest of the page and the names of its files into the next two lines.
const DIGEST = "__DIGEST__";
const FILES = ["__FILES__"];

const PREFIX = `munet ${self.registration.scope} `; // other pages of this host have caches of their own
const CACHE = PREFIX + DIGEST;
const ADDRESSES = new Set(FILES.map((name) => new URL(name, self.registration.scope).href));
const LARGE = /-[^-]*\.wasm$/; // of several one is needed: it is kept when it is first asked for
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; connect-src 'self'; style-src 'self'; " +
  "img-src 'self' blob: data:; media-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'none'";

// A newer page waits until no window shows the older one, so that no window gets parts of both.
self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));

async function install() {
  const needed = FILES.filter((name) => !LARGE.test(name));
  const kept = (await olderFiles()).map((url) => url.replace(LARGE, ""));
  const large = FILES.filter((name) => LARGE.test(name) && kept.some((url) => url.endsWith(name.replace(LARGE, ""))));
  const cache = await caches.open(CACHE);
  await cache.addAll([...needed, ...large].map((name) => new Request(name, { cache: "no-cache" })));
}

async function olderFiles() {
  const names = (await caches.keys()).filter((name) => name.startsWith(PREFIX));
  const requests = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
  return requests.flat().map((request) => request.url);
}

async function activate() {
  const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
}

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (url.origin !== self.location.origin) {
    event.respondWith(Response.error());
  } else if (event.request.method === "GET" && ADDRESSES.has(url.origin + url.pathname)) {
    event.respondWith(answer(event));
  }
});

async function answer(event) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(event.request, { ignoreSearch: true });
  const response = kept ?? (await fetch(event.request));
  if (!response.ok) {
    return response;
  }
  if (!kept) {
    event.waitUntil(cache.put(event.request, response.clone()).catch(() => {})); // no room: it works, with a network
  }
  const headers = new Headers(response.headers);
  headers.set("Content-Security-Policy", POLICY);
  return new Response(response.body, { status: response.status, headers });
}
