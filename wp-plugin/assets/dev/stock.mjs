/** Made-up answers about stock, suppliers and purchase orders for the preview; what is changed stays until it ends. */
const NOW = Date.now();
const back = (hours) => new Date(NOW - hours * 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z');
const dayAt = (days) => new Date(NOW + days * 86_400_000).toISOString().slice(0, 10);
const hex = (n) => n.toString(16).padStart(32, '0');
const usd = (value) => ({ value: value.toFixed(2), currency: 'USD' });
const picture = (hue) => `data:image/svg+xml,${encodeURIComponent(`<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 64 64'><rect width='64' height='64' fill='hsl(${hue} 30% 88%)'/><path d='M22 14l10 5 10-5 9 9-6 6v21H19V29l-6-6z' fill='hsl(${hue} 45% 45%)'/></svg>`)}`;

const NAMES = [
  ['Silk scarf – Red', 121, 12, 'SCARF-R', 350], ['Silk scarf – Blue', 122, 12, 'SCARF-B', 220], ['Wool coat, camel – M', 152, 15, 'COAT-M', 35], ['Linen shirt – White, L', 213, 21, 'LIN-W-L', 200],
  ['Pleated midi skirt in recycled satin with hidden side pockets – Forest green, 38', 241, 24, 'SKIRT-PLEAT-38', 280], ['Leather belt', 31, 31, 'BELT', 25], ['Cotton socks, three pairs', 33, 33, '', 150],
  ['Denim jacket – S', 361, 36, 'DENIM-S', 220], ['Rain boots – 40', 414, 41, 'RAIN-40', 50], ['Cashmere beanie', 44, 44, 'BEANIE', 320], ['Canvas tote', 52, 52, 'TOTE', 90], ['Felt slippers – 42', 571, 57, 'FELT-42', 10],
];
const rate = (n) => 1.6 / (1 + n * 0.45);

function row([name, item, product, sku, hue], n) {
  const mean = rate(n) * 28;
  const dead = n > 8;
  const quantity = n < 6 ? Math.round(mean * 1.4) : 0;
  return {
    item_id: item, product_id: product, name, sku, thumbnail: n % 4 === 3 ? undefined : picture(hue), stock: dead ? 40 + n * 9 : [0, 3, 9, 6, 2, 14, 40, 22, 30][n], incoming: n === 2 ? 24 : 0,
    forecast_28: n === 11 ? null : { value: mean, low: Math.max(0, mean * 0.6 - 1), high: mean * 1.5 + 2, unit: 'pieces' }, reorder_point: Math.round(mean * 0.8), order_quantity: quantity,
    order_by: dayAt(n < 2 ? -1 : n * 3), order_cost: quantity && n !== 4 ? usd(quantity * (9.4 + n)) : null, supplier_id: hex(1 + (n % 2)), supplier_name: ['Seta Milano', 'Northern Wool'][n % 2],
    stockout_probability: [0.97, 0.62, 0.08, 0.34, 0.71, 0.22, 0.02, 0.005, 0.11, 0, 0, 0][n], error: 0.78 + n * 0.04, naive_error: n === 10 ? 0 : 1.02, method: ['ets_season', 'theta', 'tsb', 'boosted', 'like_category', 'croston'][n % 6],
    made_at: back(5), override: n === 1, ...(n === 3 && { drafted: 27 }), notes: n === 4 ? ['like_category', 'too_short_for_backtest', 'no_cost'] : n === 7 ? ['not_better_than_naive'] : [], ...(n === 4 && { error: null, naive_error: null }), ...(n === 7 && { error: 1.1 }),
    low_stock: { managed: n !== 6, shared: n === 7, own: n % 3 ? n : null, holds: n % 3 ? n : 2 },
    ...(dead && { dead: { ...usd(410 + n * 97), state: n === 9 ? 'slow' : 'dead', pieces_90: n === 9 ? 4 : 0, ...(n !== 11 && { days_no_sale: 60 + n * 14 }), ...(n !== 10 && { proposal_id: hex(1000 + n) }) } }),
  };
}

const rows = NAMES.map(row);
const wave = (n, base) => Math.max(0, Math.round(base * (1 + 0.5 * Math.sin(n / 7)) + ((n * 7919) % 5) - 2));
const history = (base, gap = true) => Array.from({ length: 120 }, (_, n) => ({ day: dayAt(n - 120), sold: gap && n > 62 && n < 74 ? 0 : wave(n, base), in_stock: !(gap && n > 62 && n < 74) }));
const forecast = (base) => Array.from({ length: 42 }, (_, n) => ({ day: dayAt(n), mean: base * (1 + 0.2 * Math.sin(n / 7)), low: Math.max(0, base - 1.5 - n / 60), high: base + 2.2 + n / 30 }));
const overview = {
  as_of: back(5), fitted_at: back(5), currency: 'USD',
  figures: {
    to_order: { value: 6, unit: 'items', note: '' }, order_cost: { value: '1874.40', unit: 'USD', without_cost: 1 }, stockouts: { value: 2, unit: 'items' },
    dead_stock: { value: '4512.00', unit: 'USD', items: 3 }, accuracy: { value: 0.83, unit: 'share', tested: 10, items: 12 },
  },
  chart: { history: history(16, false), forecast: forecast(18), level: 0.8 },
};

const suppliers = [
  { id: hex(1), name: 'Seta Milano', contact: 'Giulia Conti', email: 'orders@seta.test', phone: '+39 02 555 0100', lead_days: 14, lead_spread_days: 3, review_days: 7, service_level: 0.95, min_order: '250.00', note: '', items: 6 },
  { id: hex(2), name: 'Northern Wool', contact: '', email: '', phone: '', lead_days: 35, lead_spread_days: 8, review_days: null, service_level: null, min_order: null, note: '', items: 6 },
];
const places = [{ id: hex(60), name: 'Shop, High Street', share: 0.35, counted: true, items: 9, pieces: 120 }, { id: hex(61), name: 'Warehouse', counted: false, items: 12, pieces: 480 }];
const supply = (n) => ({ supplier_id: hex(1 + (n % 2)), supplier_name: suppliers[n % 2].name, supplier_sku: `S-${n}77`, cost: (9.4 + n).toFixed(2), lead_days: 14, lead_spread_days: 3, moq: 6, pack: 6, review_days: 7, service_level: 0.95 });
const overrides = [{ id: hex(900), item_id: 122, first_day: dayAt(2), last_day: dayAt(9), kind: 'factor', value: 1.5, why: 'Newsletter on Friday', by: { login: 'anna' }, at: back(3) }];
const lines = (list) => list.map((n) => ({ item_id: rows[n].item_id, product_id: rows[n].product_id, name: rows[n].name, sku: rows[n].sku, supplier_sku: `S-${n}77`, quantity: rows[n].order_quantity || 12, received: 0, ...(n !== 4 && { cost: (9.4 + n).toFixed(2) }) }));
const order = (n, state, list, more = {}) => ({ id: hex(700 + n), number: `PO-000${n}`, sent_how: state === 'draft' ? undefined : 'mail', sent_to: state === 'draft' ? undefined : 'orders@seta.test', notes: state === 'draft' ? [{ code: 'not_in_packs', message: 'x', values: { name: 'Wool coat, camel – M', pieces: 6 } }] : [], supplier_id: suppliers[n % 2].id, supplier_name: suppliers[n % 2].name, state, note: '', created_at: back(30 * (9 - n)), sent_at: state === 'draft' ? null : back(26 * (9 - n)), expected_on: state === 'draft' ? null : dayAt(9), lines: lines(list), receipts: [], ...more });
const orders = [
  order(4, 'draft', [0, 2, 4]), order(3, 'sent', [1, 3]), order(2, 'part', [0, 5], { receipts: [{ id: hex(31), at: back(20), state: 'applied', proposal_id: hex(2000), lines: [{ item_id: 121, quantity: 20 }] }] }), order(1, 'unknown', [6]),
];
orders[2].lines[0].received = 20;
const summed = (one) => ({ ...one, pieces: one.lines.reduce((sum, line) => sum + line.quantity, 0), total: usd(one.lines.reduce((sum, line) => sum + line.quantity * Number(line.cost ?? 0), 0)) });
const brief = (one) => ({ ...summed(one), lines: one.lines.length, without_cost: one.lines.filter((line) => !line.cost).length });
const refuse = (status, code, message, hint, more) => [status, { code, message, data: { status, hint, ...more } }];

function detail(id) {
  const n = rows.findIndex((one) => String(one.item_id) === id);
  if (n < 0) return refuse(404, 'not_found', 'There is no such item.', 'Go back to the list.');
  const base = rate(n) * 2;
  return [200, {
    ok: true, as_of: dayAt(0), item: rows[n], history: n === 11 ? [] : history(base), forecast: n === 11 ? [] : forecast(base), level: 0.8, overrides: overrides.filter((one) => String(one.item_id) === id), accuracy: { metric: 'RMSSE', coverage: 0.88, coverage_level: 0.9 },
    parts: [{ code: 'reorder_point', label: 'Order at', value: rows[n].reorder_point, unit: 'pieces' }, { code: 'safety_stock', label: 'Of it for safety', value: 7, unit: 'pieces' }, { code: 'order_up_to', label: 'Fill up to', value: rows[n].reorder_point * 2, unit: 'pieces' }, { code: 'stockout_if_ordered', label: 'Risk', value: 0.41, unit: 'share' }],
  }];
}

function listed(query, state) {
  const view = query.get('state') ?? 'order';
  const q = (query.get('search') ?? '').toLowerCase();
  const all = state === 'empty' ? [] : rows.filter((one) => (view === 'all' || (view === 'dead' ? one.dead : one.order_quantity > 0)) && `${one.name} ${one.sku}`.toLowerCase().includes(q));
  return { ok: true, items: all, total: all.length, totals: { order_cost: usd(all.reduce((sum, one) => sum + Number(one.order_cost?.value ?? 0), 0)), items: all.length } };
}

function ordersRoute(method, id, step, body) {
  const at = orders.findIndex((one) => one.id === id);
  if (!id && method === 'POST') {
    const made = order(orders.length + 1, 'draft', body.lines.map(({ item_id: item }) => rows.findIndex((one) => one.item_id === item)), { created_at: back(0) });
    orders.unshift(made);
    return [201, { ok: true, orders: [brief(made)] }];
  }
  if (!id) return [200, { ok: true, items: orders.map(brief) }];
  if (at < 0) return refuse(404, 'not_found', 'There is no such order.', 'Go back to the list.');
  if (step === 'mail') return [200, { ok: true, mail: { to: 'orders@seta.test', subject: `Purchase order ${orders[at].number} of Example Shop`, text: 'Dear Giulia Conti,\n\nplease send us what the attached order lists, 3 lines, 96 pieces.\n\nKind regards\nExample Shop', file: `order-${orders[at].number}.pdf`, digest: 'a'.repeat(64), warnings: [] } }];
  if (step === 'receive') {
    for (const { item_id: item, quantity } of body.lines) orders[at].lines.find((line) => line.item_id === item).received += quantity;
    orders[at].state = orders[at].lines.every((line) => line.received >= line.quantity) ? 'received' : 'part';
    orders[at].receipts = [{ id: body.key, at: back(0), state: 'applied', proposal_id: hex(2000), lines: body.lines }, ...orders[at].receipts];
  } else if (step === 'send' || step === 'mark-sent') Object.assign(orders[at], { state: 'sent', sent_at: back(0) });
  else if (step === 'reopen') orders[at].state = 'draft';
  else if (method === 'DELETE') orders.splice(at, 1);
  else if (method === 'PUT') Object.assign(orders[at], body, { lines: orders[at].lines.filter((line) => body.lines.some((one) => one.item_id === line.item_id)).map((line) => ({ ...line, quantity: body.lines.find((one) => one.item_id === line.item_id).quantity })) });
  return [200, { ok: true, order: orders[at] && summed(orders[at]) }];
}

/** `[status, body]` for a route of the page, or null when it is none of its. */
export function stockRoute(state, method, path, query, body) {
  const [, list, id, step] = /^\/devskyy\/v1\/inventory(?:\/([a-z.-]+))?(?:\/(\w+))?(?:\/([a-z-]+))?$/.exec(path) ?? [];
  if (!path.startsWith('/devskyy/v1/inventory')) return null;
  const empty = state === 'empty';
  if (!list) return [200, { ok: true, overview: empty ? { state: 'no_forecasts', as_of: back(0), figures: {} } : overview, items: listed(query, state) }];
  if (step === 'low-stock') {
    const one = rows.find((other) => String(other.item_id) === id);
    if (body.to === 13) return refuse(409, 'changed_since', 'Somebody changed the level meanwhile; it is 9 now.', 'Decide which value you want and set it in the product itself.');
    one.low_stock = { ...one.low_stock, own: body.to, holds: body.to ?? 2 };
    return [200, { ok: true, low_stock: one.low_stock }];
  }
  if (list === 'items') return id ? detail(id) : [200, listed(query, state)];
  if (list === 'defaults') return [200, { ok: true, supply: { lead_days: 14, lead_spread_days: 3, review_days: 7, service_level: 0.95, moq: 1, pack: 1 }, own: {} }];
  if (list === 'supplies' && id === 'import') return [200, { ok: true, read: 5, kept: 3, bad_rows: 2, ignored_columns: ['colour'], created_suppliers: [{ name: 'Lino & Co' }], bad: [{ line: 3, column: 'lead_days', value: 'soon', code: 'no_number', message: 'is no number' }, { line: 6, column: 'sku', value: 'SCRAF-R', code: 'no_sku', message: 'is no SKU of the shop' }] }];
  if (list === 'supplies') return [200, { ok: true, supply: supply(rows.findIndex((one) => String(one.item_id) === id)), own: { supplier_id: hex(1), cost: '9.40' } }];
  if (list === 'overrides' && method === 'POST') {
    overrides.push({ id: hex(900 + overrides.length + 1), by: { login: 'anna' }, at: back(0), kind: 'factor' in body ? 'factor' : 'per_day', value: body.factor ?? body.per_day, ...body });
    return [201, { ok: true, override: overrides.at(-1) }];
  }
  if (list === 'overrides' && method === 'DELETE') overrides.splice(overrides.findIndex((one) => one.id === id), 1);
  if (list === 'suppliers') {
    if (method === 'POST') suppliers.push({ id: hex(50 + suppliers.length), items: 0, ...body });
    if (method === 'PUT') Object.assign(suppliers.find((one) => one.id === id), body);
    if (method === 'DELETE') suppliers.splice(suppliers.findIndex((one) => one.id === id), 1);
    return [200, { ok: true, items: empty ? [] : suppliers, supplier: suppliers.at(-1) }];
  }
  if (list === 'locations' && step === 'stock') return [200, { ok: true, items: rows.slice(0, 3).map((one, n) => ({ item_id: one.item_id, name: one.name, sku: one.sku, quantity: 4 + n })) }];
  if (list === 'locations') {
    if (method === 'POST') places.push({ id: hex(60 + places.length), items: 0, pieces: 0, ...body });
    return [200, { ok: true, items: empty ? [] : places, location: places.at(-1) }];
  }
  if (list === 'purchase-orders') return empty && method === 'GET' ? [200, { ok: true, items: [] }] : ordersRoute(method, id, step, body);
  return [200, { ok: true }];
}
