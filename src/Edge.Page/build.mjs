// Bundles the page into artifacts/page: index.html and assets with a hash of their content in the name, each compressed.
// Edge embeds what it finds there.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(here, '../../artifacts/page');

const bundle = await build({
  absWorkingDir: here,
  entryPoints: { app: 'src/app.ts' },
  entryNames: '[name]-[hash]',
  assetNames: '[name]-[hash]',
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  legalComments: 'none',
  outdir: join(out, 'assets'),
  write: false,
});

const named = (extension) => basename(bundle.outputFiles.find((file) => file.path.endsWith(extension)).path);
const html = (await readFile(join(here, 'src/index.html'), 'utf8'))
  .replace('app.js', `assets/${named('.js')}`)
  .replace('app.css', `assets/${named('.css')}`);

await rm(out, { recursive: true, force: true });
await mkdir(join(out, 'assets'), { recursive: true });
const store = (path, bytes) => writeFile(`${path}.gz`, gzipSync(bytes, { level: 9 }));
await store(join(out, 'index.html'), html);
await Promise.all(bundle.outputFiles.map((file) => store(file.path, file.contents)));
