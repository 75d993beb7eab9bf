import { defineConfig } from "vite";

const output = { hashCharacters: "hex" } as const; // the service worker tells a name from its hash by the dash

// Relative addresses, so that the page works from any folder of any static host.
export default defineConfig({
  base: "./",
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false }, rollupOptions: { output } },
  worker: { format: "es", rollupOptions: { output } },
});
