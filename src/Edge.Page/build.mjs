// Bundles the page into artifacts/page: index.html and assets with a hash of their content in the name, each compressed.
// Edge embeds what it finds there. Prints what every file weighs; too much is an error.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import zopfli from '@gfx/zopfli';
import { build } from 'esbuild';

const limitBytes = 80 * 1024;
const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(here, '../../artifacts/page');

/** uPlot without the shapes of lines that no chart has, and without what joins series of different times. */
const plainLines = {
  name: 'plain-lines',
  setup: ({ onLoad }) =>
    onLoad({ filter: /uPlot\.esm\.js$/ }, async ({ path }) => {
      const unused = /^\t(?:\(paths\.(?:stepped|bars|spline)\s+= \w+\)|uPlot\.join = join);$/gm;
      const source = await readFile(path, 'utf8');
      if (source.match(unused)?.length !== 4) {
        throw new Error(`${path} is not as it was: look for what is not used anew`);
      }
      return { contents: source.replace(unused, '') };
    }),
};

/** The stylesheet of uPlot without legend and title, which no chart has. */
const plainCharts = {
  name: 'plain-charts',
  setup: ({ onLoad }) =>
    onLoad({ filter: /uPlot\.min\.css$/ }, async ({ path }) => {
      const unused = /[^{}]*\.u-(?:legend|title|inline|series)\b[^{}]*\{[^{}]*\}|font-family:[^;]*;/g;
      return { contents: (await readFile(path, 'utf8')).replace(unused, ''), loader: 'css' };
    }),
};

const bundle = await build({
  absWorkingDir: here,
  entryPoints: { page: 'src/main.tsx' },
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
  outdir: join(out, 'assets'),
  metafile: true,
  plugins: [plainLines, plainCharts],
  write: false,
});

const entry = Object.entries(bundle.metafile.outputs).find(([, output]) => output.entryPoint === 'src/main.tsx');
const html = (await readFile(join(here, 'src/index.html'), 'utf8'))
  .replace('page.js', `assets/${basename(entry[0])}`)
  .replace('page.css', `assets/${basename(entry[1].cssBundle)}`);

let total = 0;
const store = async (path, bytes) => {
  const packed = await zopfli.gzipAsync(bytes, { numiterations: 15 });
  total += packed.length;
  console.log(`${String(packed.length).padStart(6)} ${basename(path)}`);
  return writeFile(`${path}.gz`, packed);
};
await rm(out, { recursive: true, force: true });
await mkdir(join(out, 'assets'), { recursive: true });
await store(join(out, 'index.html'), Buffer.from(html));
await Promise.all(bundle.outputFiles.map((file) => store(file.path, file.contents)));
console.log(`${String(total).padStart(6)} bytes in all`);
if (total > limitBytes) {
  throw new Error(`the page may have ${limitBytes} bytes compressed`);
}
