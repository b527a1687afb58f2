// Bundles the page: `node build.mjs <output directory>`.
import { cpSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const out = process.argv[2];
if (!out) throw new Error('usage: node build.mjs <output directory>');
const here = dirname(fileURLToPath(import.meta.url));
mkdirSync(out, { recursive: true });
cpSync(join(here, 'page'), out, { recursive: true });
await build({
  entryPoints: [join(here, 'src/app.js')], bundle: true, format: 'iife', target: 'es2021', minify: true,
  legalComments: 'inline', outfile: join(out, 'app.js'), logLevel: 'warning',
});
