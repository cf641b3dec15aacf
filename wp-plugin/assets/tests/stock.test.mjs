import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { shadeAt, tableOf } from '../src/lib/scale.js';
import { decode } from '../src/stock/csv.js';
import { arrived, comesTo, faults, levelOf, paid, pressKey, wanted } from '../src/stock/typed.js';
import { accuracyWords, chartOf, cost, costOf, expected, missingPast, noteWords, orderName, outlook, orderWords, overrideWords, percent, pieces, riskWords, shades, unsold } from '../src/stock/words.js';
import { euros, shopTime } from './host.mjs';

const NOW = '2026-11-26';

beforeEach(() => { globalThis.devskyy = {}; shopTime('Europe/Berlin', 1); });
afterEach(() => { delete globalThis.devskyy; });

test('pieces and shares are said in the shop\'s numbers, small ones with their decimal', () => {
  assert.deepEqual([pieces(1), pieces(8.64), pieces(1234.5)], ['1 piece', '8.6 pieces', '1,235 pieces']);
  globalThis.devskyy = { currency: euros };
  assert.equal(pieces(8.64), '8,6 pieces');
  assert.deepEqual([percent(0.953), percent(0.034), percent(0)], ['95%', '3,4%', '0%']);
});

test('what is expected has its interval, and nothing is made up', () => {
  assert.deepEqual(expected({ value: 18.2, low: 11.1, high: 27.4, unit: 'pieces' }), { main: '18 pieces', range: '11 to 27' });
  assert.deepEqual(expected({ value: 0.4, low: 0, high: 2 }), { main: '0.4 pieces', range: '0 to 2' });
  assert.equal(expected({ value: 3 }).range, '');
  assert.deepEqual([expected(null), expected({ value: null, low: 1, high: 2 })], [null, null]);
});

test('what to order says by when, and is late on the day itself', () => {
  assert.deepEqual(orderWords({ order_quantity: 24, order_by: '2026-11-30' }, NOW), { main: '24 pieces', when: 'by Nov 30', late: false });
  assert.deepEqual(orderWords({ order_quantity: 24, order_by: NOW }, NOW), { main: '24 pieces', when: 'now', late: true });
  assert.deepEqual(orderWords({ order_quantity: 24 }, NOW), { main: '24 pieces', when: '', late: false });
  assert.deepEqual(orderWords({ order_quantity: 0, order_by: '2026-12-12' }, NOW), { main: 'Nothing', when: 'until Dec 12', late: false });
  assert.deepEqual(orderWords({ order_quantity: null, order_by: null }, NOW), { main: 'Nothing', when: '', late: false });
});

test('how long nothing was sold', () => {
  assert.deepEqual([0, 1, 214, null, undefined].map(unsold), ['Sold today', '1 day', '214 days', 'Never sold', 'Never sold']);
});

test('a chance is never said to be none or certain', () => {
  assert.deepEqual(riskWords(0.341), { text: '34%', tone: 'warn' });
  assert.deepEqual([riskWords(0).text, riskWords(1).text, riskWords(0.5).tone, riskWords(0.19).tone], ['under 1%', 'over 99%', 'bad', 'good']);
  assert.equal(riskWords(null), null);
});

test('accuracy is against the simple forecast, and being no better is said', () => {
  const better = accuracyWords({ error: 0.82, naive_error: 1 });
  assert.deepEqual([better.short, better.tone, better.detail], ['18% better', 'good', 'Error 0.82, simple forecast 1']);
  assert.deepEqual([accuracyWords({ error: 1, naive_error: 1 }).text, accuracyWords({ error: 1.2, naive_error: 1 }).text], ['As the simple forecast', 'Worse than the simple forecast']);
  assert.equal(accuracyWords({ error: 1.2, naive_error: 1 }).tone, 'warn');
  assert.deepEqual([accuracyWords({ error: null, naive_error: 1 }), accuracyWords({})], [null, null]);
  assert.deepEqual([accuracyWords({ error: 0, naive_error: 0 }).text, accuracyWords({ error: 0.5 }).text], ['Nothing to compare with yet; error 0', 'Nothing to compare with yet; error 0.5']);
});

test('why nothing is known of four weeks ago is said once for each reason, with the names of the figures', () => {
  const figures = {
    to_order: { value: 2, before_note: 'no_past' }, order_cost: { value: '3.00', before_note: 'no_past' }, accuracy: { value: 0.8, before_note: 'no_past' },
    stockouts: { value: 1, before_note: 'watched_too_short' }, dead_stock: { value: '1.00', before: { value: '2.00', day: '2026-10-29' } }, items: { value: 3, before_note: 'no_past' },
  };
  assert.deepEqual(missingPast(figures), [
    'No figure of four weeks ago for: To order now, Forecasts better than a simple one. No agent worked that out then.',
    'No figure of four weeks ago for: Ran out in the last 28 days. Stock has been watched for less than eight weeks.',
  ]);
  assert.deepEqual([missingPast({ to_order: { value: 2, before: { value: 1 } } }), missingPast()], [[], []]);
});

test('notes: codes in words, sentences as they are, each once', () => {
  assert.deepEqual(noteWords('no_cost no_supplier'), ['Its cost is not known: fill it in under Supply or in the product.', 'It has no supplier yet: choose one under Supply.']);
  assert.deepEqual(noteWords(['override', 'override', 'The shop was closed.', 'brand_new']), ['Your own correction is in these figures.', 'The shop was closed.', 'Brand new.']);
  assert.deepEqual(noteWords('3 items, longest 214 days without a sale.'), ['3 items, longest 214 days without a sale.']);
  assert.deepEqual([noteWords(null), noteWords(''), noteWords([])], [[], [], []]);
});

test('costs add up by currency and what is not known is counted, not guessed', () => {
  const row = (value, currency = 'USD') => ({ order_cost: value === null ? null : { value, currency } });
  assert.deepEqual(costOf([row('10.50'), row('4.25'), row(null)]), { text: '$14.75', unknown: 1 });
  assert.equal(costOf([row('10'), row('3', 'EUR')]).text, '$10.00 + EUR\u00a03.00');
  assert.deepEqual(costOf([]), { text: '', unknown: 0 });
  assert.deepEqual([cost({ value: null, currency: 'USD' }), cost(undefined), cost({ value: '0.00', currency: 'USD' })], ['', '', '$0.00']);
});

test('an override says what holds and for which days', () => {
  const days = { first_day: '2026-11-28', last_day: '2026-12-24' };
  assert.equal(overrideWords({ kind: 'factor', value: 1.5, ...days }), '× 1.5 from November 28, 2026 to December 24, 2026');
  assert.equal(overrideWords({ kind: 'per_day', value: 2, ...days }), '2 pieces a day from November 28, 2026 to December 24, 2026');
  assert.equal(orderName({ number: 'PO-0007' }), 'Order PO-0007');
});

const history = [
  { day: '2026-11-20', sold: 2, in_stock: true }, { day: '2026-11-21', sold: 0, in_stock: false }, { day: '2026-11-22', sold: 0, in_stock: false },
  { day: '2026-11-23', sold: 1, in_stock: true }, { day: '2026-11-24', sold: 0 }, { day: '2026-11-25', sold: 0, in_stock: false },
];

test('days without stock are shaded in runs; unknown ones are not', () => {
  assert.deepEqual(shades(history).map(({ from, to }) => [from, to]), [['2026-11-21', '2026-11-22'], ['2026-11-25', '2026-11-25']]);
  assert.deepEqual(shades([]), []);
});

test('the picture: history solid and broken where there was no stock, the forecast dashed with its band, today marked', () => {
  const chart = chartOf({ history, forecast: [{ day: NOW, mean: 1.2, low: 0, high: 3 }, { day: '2026-11-27', mean: 1.1, low: 0, high: 3.2 }], level: 0.8, as_of: NOW }, 'Sold');
  assert.deepEqual(chart.series.map(({ style }) => style), ['solid', 'dashed']);
  assert.deepEqual(chart.series[0].points.map(([, sold]) => sold), [2, null, null, 1, 0, null]);
  assert.deepEqual([chart.band.name, chart.band.points.length, chart.marks[0].x], ['Range in 8 of 10 cases', 2, NOW]);
  assert.equal(tableOf(chart).length, 8);
  assert.deepEqual(tableOf(chart).slice(0, 6).map(([x]) => shadeAt(chart, x)), ['', 'Out of stock', 'Out of stock', '', '', 'Out of stock']);
});

test('rare sales stand as bars, and only the last quarter is drawn', () => {
  const days = (sold) => Array.from({ length: 120 }, (_, n) => ({ day: new Date(Date.UTC(2026, 6, 1 + n)).toISOString().slice(0, 10), sold: sold(n), in_stock: true }));
  const rare = chartOf({ history: days((n) => (n % 9 ? 0 : 2)), forecast: [] }, '').series[0];
  assert.deepEqual([rare.kind, rare.points.length, rare.points[90][0]], ['bar', 91, '2026-10-28']);
  assert.equal(chartOf({ history: days(() => 3), forecast: [] }, '').series[0].kind, 'line');
});

test('what was sold on a day that ended without stock still counts', () => {
  const chart = chartOf({ history: [{ day: '2026-11-25', sold: 4, in_stock: false }], forecast: [] }, '');
  assert.deepEqual(chart.series[0].points, [['2026-11-25', 4]]);
});

test('no picture without anything to draw, and no band where none is known', () => {
  assert.equal(chartOf({ history: [], forecast: [] }, ''), null);
  const chart = chartOf({ history: [], forecast: [{ day: NOW, mean: 1, low: null, high: null }] }, '');
  assert.deepEqual([chart.band, chart.series.length, chart.marks[0].x], [undefined, 1, NOW]);
});

test('what will sell stands beside what was sold, and is not guessed from half a month', () => {
  const days = (count, name, value) => Array.from({ length: count }, (_, n) => ({ day: `d${n}`, [name]: value(n) }));
  const history = days(60, 'sold', (n) => (n < 32 ? 100 : 2));
  assert.deepEqual(outlook({ history, forecast: days(90, 'mean', (n) => (n < 28 ? 2.5 : 100)) }), { value: 70, before: 56, words: '25% more than in the last 28 days (56)' });
  assert.equal(outlook({ history, forecast: days(28, 'mean', () => 1) }).words, '50% less than in the last 28 days (56)');
  assert.equal(outlook({ history, forecast: days(28, 'mean', () => 2) }).words, '56 pieces in the last 28 days');
  assert.equal(outlook({ history: days(28, 'sold', () => 0), forecast: days(28, 'mean', () => 1) }).words, '0 pieces in the last 28 days');
  assert.deepEqual([outlook(), outlook({ history, forecast: days(27, 'mean', () => 1) }), outlook({ history: history.slice(0, 27), forecast: days(28, 'mean', () => 1) })], [null, null, null]);
});

test('a file is read in the letters that spreadsheets save', () => {
  const bytes = (...list) => Uint8Array.from(list).buffer;
  assert.equal(decode(new TextEncoder().encode('Söhne').buffer), 'Söhne');
  assert.equal(decode(bytes(0x53, 0xf6, 0x68)), 'Söh');
  assert.equal(decode(bytes(0xff, 0xfe, 0x53, 0, 0xf6, 0)), 'Sö');
  assert.equal(decode(bytes(0xfe, 0xff, 0, 0x53, 0, 0xf6)), 'Sö');
  assert.equal(decode(bytes()), '');
});

test('a correction must name its days in order and a number in its bounds', () => {
  const good = { kind: 'factor', value: '1.5', first_day: '2026-11-28', last_day: '2026-11-28' };
  assert.deepEqual(faults(good), {});
  assert.deepEqual(faults({ ...good, value: '0' }), {});
  assert.deepEqual(Object.keys(faults({ kind: 'factor', value: ' ', first_day: '', last_day: '' })), ['first_day', 'last_day', 'value']);
  assert.equal(faults({ ...good, last_day: '2026-11-27' }).last_day, 'The last day is before the first.');
  assert.deepEqual([faults({ ...good, value: '-1' }).value, faults({ ...good, value: '101' }).value, faults({ ...good, value: 'many' }).value], ['Choose a value from 0 to 100.', 'Choose a value from 0 to 100.', 'This must be a number.']);
  assert.deepEqual(faults({ ...good, kind: 'per_day', value: '101' }), {});
});

test('a low-stock level is a whole number; empty means the shop\'s own', () => {
  assert.deepEqual(['', ' 7 ', '0', '1.5', '-1', 'x', 9_000_000].map(levelOf), [null, 7, 0, undefined, undefined, undefined, undefined]);
});

test('pieces of an order are whole and at least one', () => {
  assert.deepEqual(['3', '', '0', '2.5', 'x', '1e6', '1000001'].map(wanted), [3, undefined, undefined, undefined, undefined, 1_000_000, undefined]);
});

test('a cost is empty, or a number of at most four decimals', () => {
  assert.deepEqual(['', ' ', '0', '4.5', '4.1235', '4.12345', '-1', '1e3', 'x', '100000001'].map(paid), [null, null, '0', '4.5', '4.1235', undefined, undefined, undefined, undefined, undefined]);
});

test('a draft comes to its pieces times their cost, to the last part of a cent', () => {
  assert.deepEqual(comesTo([{ text: '3', price: '0.1' }, { text: '13', price: '4.1235' }, { text: 'x', price: '2' }, { text: '5', price: '' }]), { pieces: 21, value: 53.9055 });
});

test('what arrived: empty is nothing, more than is missing is asked about', () => {
  const lines = [{ item_id: 1, quantity: 10, received: 4 }, { item_id: 2, quantity: 5 }, { item_id: 3, quantity: 1 }];
  assert.deepEqual(arrived(lines, { 1: '6', 2: '' }), { lines: [{ item_id: 1, quantity: 6 }], wrong: [], over: [] });
  assert.deepEqual(arrived(lines, { 1: '7', 2: '-1', 3: '0' }), { lines: [{ item_id: 1, quantity: 7 }], wrong: [2], over: [1] });
  assert.match(pressKey(), /^[0-9a-f]{32}$/);
  assert.notEqual(pressKey(), pressKey());
});
