/**
 * Shows the built pages outside a shop, on WordPress's own scripts and styles.
 *
 *     node assets/dev/preview.mjs <folder of an unpacked WordPress> [port]
 *
 * `/?page=inbox&state=data` (also empty, away, lost, error, slow, unpaired; `&rtl=1` for right to left) answers from
 * fixtures.mjs; what is approved stays approved until the preview ends. `&returned=ok` or `denied` is Connections after a way to a service.
 */
import { execFileSync } from 'node:child_process';
import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { returned } from './connections.mjs';
import { actions, groups } from './people.mjs';
import { answer } from './shop.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const [wordpress, port = '0'] = process.argv.slice(2);
const TYPES = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2', '.ttf': 'font/ttf', '.eot': 'application/octet-stream' };
const VENDOR = {
  react: [], 'react-dom': ['react'], 'react-jsx-runtime': ['react'], moment: [], lodash: [], 'wp-polyfill': [], 'wp-polyfill-inert': [],
};
const packages = JSON.parse(execFileSync('php', ['-r', `echo json_encode(include '${wordpress}/wp-includes/assets/script-loader-packages.php');`]));

/** The host's scripts in the order they load in. */
function scripts(handle, seen = new Set()) {
  if (seen.has(handle)) return seen;
  const needs = VENDOR[handle] ?? packages[`${handle.slice(3)}.js`]?.dependencies ?? [];
  for (const need of needs) scripts(need, seen);
  seen.add(handle);
  return seen;
}

const file = (handle) => (handle in VENDOR ? `/wp-includes/js/dist/vendor/${handle}.js` : `/wp-includes/js/dist/${handle.slice(3)}.js`);
const SETUP = {
  'wp-date': `wp.date.setSettings({l10n:{locale:'en',months:['January','February','March','April','May','June','July','August','September','October','November','December'],monthsShort:['Jan','Feb','Mar','Apr','May','Jun','Jul','Aug','Sep','Oct','Nov','Dec'],weekdays:['Sunday','Monday','Tuesday','Wednesday','Thursday','Friday','Saturday'],weekdaysShort:['Sun','Mon','Tue','Wed','Thu','Fri','Sat'],meridiem:{am:'am',pm:'pm',AM:'AM',PM:'PM'},relative:{future:'%s from now',past:'%s ago'},startOfWeek:1},formats:{time:'g:i a',date:'F j, Y',datetime:'F j, Y g:i a',datetimeAbbreviated:'M j, Y g:i a'},timezone:{offset:1,offsetFormatted:'1',string:'Europe/Berlin',abbr:'CET'}});`,
  'wp-api-fetch': `wp.apiFetch.use(wp.apiFetch.createRootURLMiddleware(location.origin + '/api/' + (new URLSearchParams(location.search).get('state') || 'data') + '/'));`,
};

function page(query) {
  const name = query.get('page') ?? 'inbox';
  const state = query.get('state') ?? 'data';
  const rtl = query.get('rtl') ? '-rtl' : '';
  const handles = new Set();
  for (const need of ['wp-a11y', 'wp-api-fetch', 'wp-components', 'wp-compose', 'wp-date', 'wp-element', 'wp-i18n']) scripts(need, handles);
  const styles = ['wp-includes/css/dashicons', `wp-includes/css/admin-bar${rtl}`, 'wp-includes/css/buttons', 'wp-admin/css/common', 'wp-admin/css/forms', 'wp-admin/css/admin-menu', 'wp-admin/css/list-tables', `wp-includes/css/dist/theme/design-tokens${rtl}`, `wp-includes/css/dist/components/style${rtl}`].map((path) => (path.startsWith('wp-admin') ? path + rtl : path));
  const url = (other) => `/?page=${other}&state=${state}${rtl && '&rtl=1'}`;
  const given = { page: name, paired: state !== 'unpaired', version: '0.1.0', locale: 'en_US', timezone: 'Europe/Berlin', can: { pair: true }, urls: { inbox: url('inbox'), stock: url('stock'), agents: url('agents'), runs: url('runs'), status: url('status'), activity: url('activity'), access: url('access'), connections: url('connections'), settings: '#settings' }, currency: { code: 'USD', symbol: '&#36;', position: 'left', decimals: 2, thousand: ',', decimal: '.' }, actions, groups, most: 10_000, redirect: 'https://shop.test/wp-admin/admin.php?page=devskyy-connections', returned: returned(query.get('returned')) };
  return `<!doctype html><html lang="en" ${rtl && 'dir="rtl"'} class="wp-toolbar"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>Preview</title><link rel="icon" href="data:,">
${styles.map((path) => `<link rel="stylesheet" href="/${path}.css">`).join('\n')}<link rel="stylesheet" href="/build/style${rtl}.css"></head>
<body class="wp-admin wp-core-ui admin-bar ${rtl && 'rtl'} admin-color-modern" style="--wp-admin-theme-color:#3858e9;--wp-admin-theme-color-darker-10:#2145e6;--wp-admin-theme-color-darker-20:#183ad6;--wp-admin-border-width-focus:1.5px"><div id="wpwrap">
<div id="adminmenumain"><div id="adminmenuback"></div><div id="adminmenuwrap"></div></div><div id="wpcontent"><div id="wpadminbar" class="nojq"></div><div id="wpbody"><div id="wpbody-content"><div class="wrap"><div id="devskyy-root"></div></div></div></div></div></div>
<script>window.devskyy=${JSON.stringify(given)};window.ajaxurl='';</script>
${[...handles].map((handle) => `<script src="${file(handle)}"></script>${SETUP[handle] ? `<script>${SETUP[handle]}</script>` : ''}`).join('\n')}
<script src="/build/${name}.js"></script></body></html>`;
}

function send(path, response) {
  const root = path.startsWith('/build/') ? join(here, '../..') : wordpress;
  const full = join(root, normalize(path));
  if (!full.startsWith(normalize(root)) || !existsSync(full)) return response.writeHead(404).end();
  response.writeHead(200, { 'content-type': TYPES[extname(full)] ?? 'application/octet-stream' });
  return createReadStream(full).pipe(response);
}

createServer((request, response) => {
  const url = new URL(request.url, 'http://preview');
  const api = /^\/api\/(\w+)(\/.*)$/.exec(url.pathname);
  if (api) {
    let body = '';
    request.on('data', (part) => { body += part; });
    request.on('end', () => answer(api[1], request.headers['x-http-method-override'] ?? request.method, api[2], url.searchParams, body ? JSON.parse(body) : {}, (code, data) => response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(data))));
  } else if (url.pathname === '/') {
    response.writeHead(200, { 'content-type': 'text/html' }).end(page(url.searchParams));
  } else {
    send(url.pathname, response);
  }
}).listen(Number(port), '127.0.0.1', function ready() {
  console.log(`http://127.0.0.1:${this.address().port}/?page=inbox&state=data`);
});
