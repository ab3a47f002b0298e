import { resolve } from "node:path";
import license from "rollup-plugin-license";
import { defineConfig, type Plugin } from "vite";
import { licenceTexts } from "./licences.ts";

const assets = resolve(import.meta.dirname, process.env.SEQDSL_ASSETS ?? "../seqdsl/page/assets");

/** The bundle stands inside a `<script>`, which the first `</script` would end. */
const fitsInScript: Plugin = {
  name: "fits-in-script",
  generateBundle(_, bundle) {
    for (const file of Object.values(bundle)) {
      if (file.type === "chunk" && /<\/script|<!--/i.test(file.code)) {
        this.error(`${file.fileName} has text that ends or hides a script element`);
      }
    }
  },
};

export default defineConfig({
  define: { "process.env.NODE_ENV": '"production"' },
  build: {
    target: "es2022",
    outDir: assets,
    emptyOutDir: false,
    copyPublicDir: false,
    reportCompressedSize: false,
    lib: {
      entry: resolve(import.meta.dirname, "src/main.tsx"),
      formats: ["iife"],
      name: "seqdslPage",
      fileName: () => "report.js",
      cssFileName: "report",
    },
  },
  plugins: [
    fitsInScript,
    license({
      thirdParty: { output: { file: resolve(assets, "LICENSES.txt"), template: licenceTexts } },
    }),
  ],
});
