/** A shop's worth of made-up answers of devskyy/v1, for the preview and the tests of the admin pages. */
const NOW = Date.now();
const iso = (ms) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
const back = (hours) => iso(NOW - hours * 3_600_000);
const dayAt = (days) => new Date(NOW + days * 86_400_000).toISOString().slice(0, 10);
const hex = (n) => n.toString(16).padStart(32, '0');
const picture = (hue) => `data:image/svg+xml,${encodeURIComponent(`<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 64 64'><rect width='64' height='64' fill='hsl(${hue} 30% 88%)'/><path d='M22 14l10 5 10-5 9 9-6 6v21H19V29l-6-6z' fill='hsl(${hue} 45% 45%)'/></svg>`)}`;
const text = (value) => ({ type: 'text', value });
const money = (value) => ({ type: 'money', value });
const say = (template, params = {}) => ({ template, params });

const weeks = Array.from({ length: 26 }, (_, n) => n - 25);
const wave = (n, base) => Math.max(0, Math.round(base + base * 0.5 * Math.sin(n / 3) + ((n * 7919) % 5) - 2));

function forecastChart(base) {
  return {
    title: 'Pieces sold per week, and what is expected', x_label: 'Week', y_label: 'Pieces a week', unit: 'pieces', x_type: 'date',
    series: [
      { name: 'Sold', kind: 'line', style: 'solid', points: weeks.map((n) => [dayAt(n * 7), n > -12 && n < -8 ? null : wave(n, base)]) },
      { name: 'Expected', kind: 'line', style: 'dashed', points: [0, 1, 2, 3, 4, 5].map((n) => [dayAt(n * 7), base + n]) },
    ],
    band: { name: 'Range in 8 of 10 cases', points: [0, 1, 2, 3, 4, 5].map((n) => [dayAt(n * 7), Math.max(0, base - 2 - n), base + 3 + n * 2]) },
    marks: [{ x: dayAt(0), label: 'Today' }],
    shade: [{ from: dayAt(-84), to: dayAt(-56), label: 'Out of stock' }],
  };
}

const priceChart = {
  title: 'Price and pieces sold, last 26 weeks', x_label: 'Week', y_label: 'Pieces a week', unit: 'pieces', x_type: 'date',
  series: [{ name: 'Sold', kind: 'bar', style: 'solid', points: weeks.map((n) => [dayAt(n * 7), Math.max(0, 6 + Math.round(n / 5) + ((n * n) % 3))]) }],
  marks: [{ x: dayAt(0), label: 'Today' }],
};

const gapChart = {
  title: 'Products with gaps, by field', x_label: 'Field', y_label: 'Products', unit: 'products', x_type: 'category',
  series: [{ name: 'Products', kind: 'bar', style: 'solid', points: [['Weight', 34], ['Alt text', 61], ['Short description', 18], ['GTIN', 120]] }],
  marks: [],
};

const PRODUCTS = [
  ['Silk scarf, red', 12, 350], ['Wool coat, camel', 15, 35], ['Linen shirt', 21, 200], ['Pleated midi skirt in recycled satin with hidden side pockets', 24, 280],
  ['Leather belt', 31, 25], ['Cotton socks, three pairs', 33, 150], ['Denim jacket', 36, 220], ['Rain boots', 41, 50], ['Cashmere beanie', 44, 320], ['Canvas tote', 52, 90],
];

function markdown(n, [name, id, hue], extra = {}) {
  const old = (40 + n * 7).toFixed(2);
  const low = (Number(old) * 0.85).toFixed(2);
  return {
    id: hex(1000 + n), agent: 'slow-stock-markdown', family: 'pricing', title: `Lower ${name}`, state: 'pending', risk: 'medium', run_id: hex(77), created_at: back(2 + n * 5),
    expires_at: iso(NOW + 20 * 86_400_000), digest: 'd'.repeat(64), undoable: true, thumbnail: n % 4 === 3 ? undefined : picture(hue),
    subject: { resource: 'products', id, name, permalink: `http://shop.test/product/${id}` },
    changes: [{ kind: 'patch', change_id: `${hex(1000 + n)}-1`, resource: `wc/v3/products/${id}`, set: [{ path: 'regular_price', was: old, to: low }] }],
    evidence: {
      message: say('Lower {product} from {old} to {new}.', { product: text(name), old: money(old), new: money(low) }),
      window: { from: dayAt(-365), to: dayAt(-1) }, n: 412 - n * 11, n_label: 'orders',
      method: say('Price elasticity of comparable products, holding season and weekday.'),
      error: { name: 'MAE', value: 1.2, unit: 'pieces a week', baseline: { name: 'the average of the last weeks', value: 1.9 } },
      effect: { value: 120 - n * 9, low: n % 3 === 2 ? -20 : 40 - n, high: 210 - n * 8, level: 0.8, unit: 'USD/month', label: say('Margin after cost of goods, compared with leaving the price.') },
      notes: n % 2 ? [say('What the stock costs you to keep is not known: the shop has no figure for it.')] : [],
      facts: [{ label: 'In stock', value: { type: 'pieces', value: 38 - n } }, { label: 'Days without a sale', value: { type: 'days', value: 63 + n } }, { label: 'Margin after the cut', value: { type: 'percent', value: 0.41 } }, { label: 'Cost of goods', value: money('14.20') }],
      chart: priceChart,
      considered: [say('A cut of {share} would sell out sooner and earn less.', { share: { type: 'percent', value: 0.3 } }), say('Leaving the price: {stock} would lie until spring.', { stock: { type: 'pieces', value: 31 } })],
    },
    ...extra,
  };
}

function reorder(n, [name, id, hue], extra = {}) {
  return {
    id: hex(2000 + n), agent: 'reorder-points', family: 'inventory', title: `Warn earlier for ${name}`, state: 'pending', risk: 'low', run_id: hex(78), created_at: back(26 + n * 9),
    expires_at: iso(NOW + 9 * 86_400_000), digest: 'e'.repeat(64), undoable: true, thumbnail: picture(hue),
    subject: { resource: 'products', id, name, permalink: `http://shop.test/product/${id}` },
    changes: [
      { kind: 'patch', change_id: `${hex(2000 + n)}-1`, resource: `wc/v3/products/${id}/variations/${id}1`, set: [{ path: 'low_stock_amount', was: null, to: 9 }] },
      { kind: 'patch', change_id: `${hex(2000 + n)}-2`, resource: `wc/v3/products/${id}/variations/${id}2`, set: [{ path: 'low_stock_amount', was: 2, to: 6 }] },
    ],
    evidence: {
      message: say('Warn at {new} in stock for {product}, not at {old}.', { product: text(name), new: { type: 'pieces', value: 9 }, old: { type: 'pieces', value: 2 } }),
      window: { from: dayAt(-182), to: dayAt(-1) }, n: 96, n_label: 'weeks of sales',
      method: say('Demand over the lead time of {days}, with a reserve for {share} of weeks.', { days: { type: 'days', value: 14 }, share: { type: 'percent', value: 0.95 } }),
      error: { name: 'MAE', value: 1.4, unit: 'pieces a week', baseline: { name: 'the average of the last weeks', value: 2.1 } },
      notes: [say('The effect in money is not known: what a missed sale costs depends on whether customers come back.')],
      facts: [{ label: 'In stock', value: { type: 'pieces', value: 11 } }, { label: 'Sold a week', value: { type: 'number', value: 3.4, decimals: 1 } }],
      chart: forecastChart(8 + n), considered: [],
    },
    ...extra,
  };
}

const bulkPrices = {
  ...markdown(8, ['Denim jacket', 36, 220]), id: hex(1500), risk: 'high',
  changes: Array.from({ length: 6 }, (_, n) => ({ kind: 'patch', change_id: `${hex(1500)}-${n + 1}`, resource: `wc/v3/products/36/variations/${361 + n}`, set: [{ path: 'sale_price', was: '', to: '59.00' }, { path: 'date_on_sale_to_gmt', was: null, to: '2026-12-31T22:59:59' }] })),
};
bulkPrices.evidence = { ...bulkPrices.evidence, message: say('Put {count} of {product} on sale at {new} until {day}.', { count: { type: 'number', value: 6, unit: 'variations' }, product: text('Denim jacket'), new: money('59.00'), day: { type: 'date', value: '2026-12-31' } }) };

const gaps = {
  id: hex(3000), agent: 'product-data-gaps', family: 'catalog', title: 'Fill gaps', state: 'pending', risk: 'low', run_id: hex(79), created_at: back(50), digest: 'f'.repeat(64), undoable: true, thumbnail: picture(90),
  subject: { resource: 'products', id: 52, name: 'Canvas tote', permalink: 'http://shop.test/product/52' },
  changes: [{ kind: 'patch', change_id: `${hex(3000)}-1`, resource: 'wc/v3/products/52', set: [
    { path: 'images[0].alt', was: '', to: 'Canvas tote in natural cotton with brown leather handles, seen from the front' },
    { path: 'weight', was: '', to: '0.35' },
  ] }],
  evidence: {
    message: say('Describe the picture and add the weight of {product}.', { product: text('Canvas tote') }),
    window: { from: dayAt(-30), to: dayAt(0) }, n: 200, n_label: 'products', method: say('Compared with the other products of its category.'),
    notes: [say('The effect is not known: the shop has no visits to compare.')], facts: [], chart: gapChart, considered: [],
  },
};

const done = { decided_at: back(20), decided_by: { id: 7, login: 'anna' } };
export const proposals = [
  ...PRODUCTS.slice(0, 6).map((product, n) => markdown(n, product)),
  bulkPrices,
  ...PRODUCTS.slice(4, 9).map((product, n) => reorder(n, product)),
  gaps,
  markdown(20, PRODUCTS[7], { state: 'applied', ...done, outcome: { state: 'applied', results: [{ change_id: `${hex(1020)}-1`, state: 'applied' }], at: back(20) } }),
  markdown(21, PRODUCTS[8], { state: 'stale', ...done, outcome: { state: 'stale', results: [{ change_id: `${hex(1021)}-1`, state: 'skipped', message: 'The price is $180.00 now, the proposal expected $187.00.' }], at: back(20) } }),
  markdown(22, PRODUCTS[9], { state: 'rejected', ...done }),
  markdown(23, PRODUCTS[2], { state: 'undone', ...done }),
  reorder(9, PRODUCTS[3], { state: 'snoozed', snoozed_until: iso(NOW + 3 * 86_400_000) }),
];

const input = {
  type: 'object', additionalProperties: false,
  properties: {
    unsold_days: { type: 'integer', title: 'Unsold days', default: 60, minimum: 7, maximum: 365, description: 'Count a product as slow after this many days without a sale.' },
    max_cut: { type: 'number', title: 'Max cut', default: 0.3, minimum: 0.05, maximum: 0.7, description: 'Never propose a deeper cut than this share of the price.' },
    rounding: { type: 'string', title: 'Rounding', enum: ['none', 'nines', 'whole'], default: 'nines', description: 'How proposed prices end.' },
    keep_new: { type: 'boolean', title: 'Keep new', default: true, description: 'Leave products alone in their first 60 days.' },
    skip: { type: 'array', title: 'Skip', items: { type: 'string' }, default: [], description: 'SKUs that are never marked down.' },
  },
};
const output = { type: 'object', properties: { considered: { type: 'integer', title: 'Products looked at' }, slow: { type: 'integer', title: 'Slow products' } } };
const agent = (name, title, family, summary, more = {}) => ({
  name, title, family, summary, risk: 'medium', reads: ['products', 'sales', 'stock_days'], on: [], schedule: 'weekly', needs: [], readonly: false, input_schema: input, output_schema: output, examples: [{}],
  settings: { enabled: true, schedule: 'weekly', input: {} }, last_run: { id: hex(77), state: 'done', finished_at: back(3) }, stats: { runs: 14, proposals: 42, applied: 23, rejected: 6, undone: 2 }, ...more,
});
export const agents = [
  agent('slow-stock-markdown', 'Slow-stock markdowns', 'pricing', 'Proposes a price cut for stock that has not sold lately.'),
  agent('reorder-points', 'Reorder points', 'inventory', 'Proposes when each product should warn of low stock, from its sales and lead time.', { risk: 'low', settings: { enabled: true, schedule: 'daily', input: {} } }),
  agent('product-data-gaps', 'Product data gaps', 'catalog', 'Finds products whose data is incomplete and proposes what is missing.', { risk: 'low', settings: { enabled: false, schedule: 'off', input: {} }, last_run: undefined, stats: { runs: 0, proposals: 0, applied: 0, rejected: 0, undone: 0 } }),
];

const run = (n, name, title, state, more = {}) => ({
  id: hex(70 + n), agent: name, title, state, trigger: 'schedule', input: {}, progress: { done: 0, total: 0, label: '' }, log: [], proposals: [], created_at: back(n * 7 + 1), started_at: back(n * 7 + 1), finished_at: back(n * 7 + 1), duration_ms: 1840 + n * 300, generation: 12, ...more,
});
export const runs = [
  run(6, 'reorder-points', 'Reorder points', 'running', { created_at: back(0.01), started_at: back(0.01), finished_at: undefined, duration_ms: undefined, trigger: 'person', progress: { done: 84, total: 200, label: 'Forecasting products' } }),
  run(7, 'slow-stock-markdown', 'Slow-stock markdowns', 'done', {
    proposals: [1000, 1001, 1002, 1003, 1004, 1005, 1500].map(hex), output: { considered: 200, slow: 31, top: [{ product: 'Silk scarf, red', days: 63, stock: 38 }, { product: 'Wool coat, camel', days: 64, stock: 37 }] }, input: { unsold_days: 60, rounding: 'nines' },
    log: [{ at: back(3), level: 'info', message: '200 products read, 31 without a sale for 60 days' }, { at: back(3), level: 'warning', message: '4 products have no cost of goods and were left out' }, { at: back(3), level: 'info', message: '7 proposals' }],
  }),
  run(8, 'product-data-gaps', 'Product data gaps', 'failed', { trigger: 'event:product.saved', error: { code: 'mirror_empty', message: 'The copy of the shop is empty.', hint: 'Read the shop first: Status, Read all again.', request_id: 'req-81f2' } }),
  run(9, 'reorder-points', 'Reorder points', 'cancelled', { trigger: 'person' }),
  run(10, 'reorder-points', 'Reorder points', 'done', { output: { considered: 200 } }),
];

export const status = {
  ok: true,
  sidecar: {
    ok: true, version: '0.1.0', now: iso(NOW), shop: { shop_id: 'c0ffee', home_url: 'http://shop.test', name: 'Anna’s Wardrobe', paired_at: back(240), versions: { plugin: '0.1.0', wordpress: '7.1', woocommerce: '11.0.1', php: '8.2.36' } },
    sync: { state: 'ok', generation: 12, last_full_at: back(30), last_incremental_at: back(0.03), lag_seconds: 108, counts: { products: 200, variations: 1240, orders: 20114, order_lines: 38870, customers: 6120, reviews: 1844 } },
    jobs: { queued: 0, running: 0, failed: 1 }, events: { received: 20471, last_at: back(0.05), pending: 0 },
    checks: [
      { id: 'database', label: 'Database', status: 'good', message: 'Answers in 2 ms.', hint: '' },
      { id: 'sync', label: 'Copy of the shop', status: 'good', message: 'Two minutes behind.', hint: '' },
      { id: 'jobs', label: 'Work', status: 'warning', message: 'One job failed an hour ago: product-data-gaps.', hint: 'Run it again; if it fails again, look at its notes.', action: { id: 'retry', label: 'Try again' } },
      { id: 'clock', label: 'Clock', status: 'good', message: 'Differs by less than a second.', hint: '' },
    ],
    integrations: [
      { id: hex(1), provider: 'mailer', name: 'Newsletter', state: 'failing', health: { last_ok_at: back(30), last_error: { at: back(0.2), code: 'integration_credentials_refused', message: 'The service refused the credentials.', hint: 'Enter new credentials for the service.' }, failures: 4 } },
      { id: hex(2), provider: 'ads', name: 'Advertising account', state: 'connected', health: { last_ok_at: back(0.3) } },
    ],
    webhooks: [
      { id: hex(3), description: 'Chat of the team', url: 'https://chat.example.com/hooks/1?…', state: 'failing', failures: 12, retry_at: back(-0.4), dead: 2 },
      { id: hex(4), url: 'https://books.example.com/devskyy', state: 'active', failures: 0, dead: 3 },
    ],
    audit: { state: 'broken', found_at: back(2), problems: [{ n: 812, what: 'altered' }] },
    errors: [{ at: back(1), where: 'product-data-gaps', code: 'mirror_empty', message: 'The copy of the shop was empty.', hint: 'Read the shop first: Read all again.' }],
  },
  plugin: {
    version: '0.1.0', paired: true, sidecar_url: 'http://127.0.0.1:8750', outbox: { waiting: 3, parked: [{ seq: 1041, type: 'order.changed', resource_id: 812, at: back(5), message: 'The service could not read this: unknown order status "packed".' }], last_sent_at: back(0.1) },
    ledger: { unsettled: 0, unreported: 0 },
    checks: [{ id: 'outbox', label: 'News from the shop', status: 'critical', message: 'One message was set aside because the service could not read it.', hint: 'Try it again below, or drop it.', action: { id: 'drain', label: 'Send now' } }],
  },
};

export const names = { products: [{ id: 36, name: 'Denim jacket' }], variation: (id) => ({ id, name: '', attributes: [{ name: 'Size', option: ['XS', 'S', 'M', 'L', 'XL', 'XXL'][id % 6] }, { name: 'Color', option: id % 2 ? 'Blue' : 'Black' }] }) };
