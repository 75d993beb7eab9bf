import { defineConfig } from "vite";

// Relative addresses, so that the page works from any folder of any static host.
export default defineConfig({
  base: "./",
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  worker: { format: "es" },
});
