import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import solid from "vite-plugin-solid";

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  plugins: [solid()],
  // The address that tauri.conf.json names.
  server: { port: 1420, strictPort: true },
  build: {
    target: "es2022",
    // The content security policy allows no inline data but images; preloading needs none.
    modulePreload: false,
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: {
        // By its name a check knows what is a language: a window loads one.
        chunkFileNames: ({ facadeModuleId }) => {
          const language = /text\/(\w+)\/index\.ts$/.exec(facadeModuleId ?? "")?.[1];
          return language === undefined ? "assets/[name]-[hash].js" : `assets/language-${language}-[hash].js`;
        },
      },
    },
  },
  test: {
    environment: "jsdom",
    include: ["tests/**/*.test.{ts,tsx}"],
    setupFiles: ["tests/setup.ts"],
    restoreMocks: true,
    // A machine that is busy types slowly.
    testTimeout: 30_000,
  },
});
