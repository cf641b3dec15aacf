/**
 * Bundles the wp-admin pages into ../build: <page>.js, <page>.asset.php and style.css.
 *
 * `@wordpress/*` is never bundled: it is the host's own script, named as a dependency in the asset file.
 */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, context } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, '../build');
const PAGES = ['inbox', 'stock', 'agents', 'runs', 'status', 'activity', 'access', 'connections'];
// Plugin Check complains above this size; a page that reaches it has taken in something it should not.
const LIMIT = 293_000;

/** Turns `@wordpress/api-fetch` into `window.wp.apiFetch` and notes the handle `wp-api-fetch`. */
function hostScripts(handles) {
  const camel = (name) => name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
  return {
    name: 'host-scripts',
    setup(bundle) {
      bundle.onResolve({ filter: /^@wordpress\// }, ({ path }) => {
        const name = path.slice('@wordpress/'.length);
        handles.add(`wp-${name}`);
        return { path: name, namespace: 'host' };
      });
      bundle.onLoad({ filter: /.*/, namespace: 'host' }, ({ path }) => ({
        contents: `module.exports = window.wp.${camel(path)};`,
      }));
    },
  };
}

/** Writes the asset file that WordPress reads for dependencies and version once the script is there. */
function assetFile(page, handles) {
  return {
    name: 'asset-file',
    setup(bundle) {
      bundle.onEnd(async (result) => {
        if (result.errors.length) return;
        const script = await readFile(join(out, `${page}.js`));
        const version = createHash('sha256').update(script).digest('hex').slice(0, 20);
        const list = [...handles].sort().map((handle) => `'${handle}'`).join(', ');
        const php = `<?php return array( 'dependencies' => array( ${list} ), 'version' => '${version}' );\n`;
        await writeFile(join(out, `${page}.asset.php`), php);
        console.log(`${page}.js ${(script.length / 1000).toFixed(1)} kB`);
        if (script.length > LIMIT) throw new Error(`${page}.js is larger than ${LIMIT} bytes`);
      });
    },
  };
}

function script(page) {
  const handles = new Set();
  return {
    entryPoints: [join(here, `src/${page}.jsx`)],
    outfile: join(out, `${page}.js`),
    bundle: true,
    format: 'iife',
    target: 'es2020',
    charset: 'utf8',
    minify: true,
    legalComments: 'none',
    jsx: 'transform',
    jsxFactory: 'createElement',
    jsxFragment: 'Fragment',
    inject: [join(here, 'src/lib/jsx.js')],
    plugins: [hostScripts(handles), assetFile(page, handles)],
  };
}

const style = {
  entryPoints: [join(here, 'style/style.css')],
  outfile: join(out, 'style.css'),
  bundle: true,
  minify: true,
  target: 'es2022',
  plugins: [{
    name: 'right-to-left',
    setup(bundle) {
      // The sheet uses logical properties only, so the same file serves both directions.
      bundle.onEnd(() => copyFile(join(out, 'style.css'), join(out, 'style-rtl.css')));
    },
  }],
};

const jobs = [...PAGES.map(script), style];
if (process.argv.includes('--watch')) {
  await mkdir(out, { recursive: true });
  for (const job of jobs) await (await context(job)).watch();
} else {
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  await Promise.all(jobs.map((job) => build(job)));
}
