import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { effectWords, errorWords, quantity } from '../src/lib/effect.js';
import { param, parts, sentence, chartInWords } from '../src/lib/message.js';
import { money, number, roundMoney } from '../src/lib/money.js';
import { setLocaleData } from '@wordpress/i18n';
import { ago, day, duration, laterDays, morning, span } from '../src/lib/time.js';
import { euros, shopTime } from './host.mjs';

beforeEach(() => { globalThis.devskyy = {}; shopTime('Europe/Berlin', 1); });
afterEach(() => { delete globalThis.devskyy; });

test('money follows the shop', () => {
  assert.equal(money('1234.5'), '$1,234.50');
  assert.equal(money('-3'), '-$3.00');
  assert.equal(money(120, { sign: true, decimals: 0 }), '+$120');
  assert.equal(money('20.00', { currency: 'EUR' }), 'EUR\u00a020.00');
  globalThis.devskyy = { currency: euros };
  assert.equal(money('1234.5'), '1.234,50\u00a0€');
});

test('money that is none is not made up', () => {
  assert.equal(money(''), '');
  assert.equal(money(null), '');
  assert.equal(money('n/a'), 'n/a');
});

test('cents go once they do not matter', () => {
  assert.equal(roundMoney(19.5), '$19.50');
  assert.equal(roundMoney(120.4), '$120');
});

test('numbers drop trailing zeros and never show minus nothing', () => {
  assert.equal(number(3.4), '3.4');
  assert.equal(number(1234567.891, 1), '1,234,567.9');
  assert.equal(number(-0.001, 2), '0');
});

test('an effect is said with its interval and its tone', () => {
  assert.deepEqual(effectWords({ value: 120, low: 40, high: 210, level: 0.8, unit: 'USD/month' }), { main: '+$120 a month', range: '$40 to $210', tone: 'gain' });
  assert.equal(effectWords({ value: 102, low: -20, high: 194, unit: 'USD/month' }).tone, 'open');
  assert.equal(effectWords({ value: -4, low: -9, high: -1, unit: 'pieces/week' }).main, '-4 pieces a week');
  assert.equal(effectWords(undefined), null);
  assert.equal(effectWords({}), null);
});

test('quantities know their unit', () => {
  assert.equal(quantity(120, 'USD/week'), '$120 a week');
  assert.equal(quantity(1, 'pieces/day'), '1 piece a day');
  assert.equal(quantity(3, 'boxes'), '3 boxes');
});

test('a backtest stands beside the simple way, without a claim which is better', () => {
  const baseline = { name: 'the average', value: 2 };
  assert.deepEqual(errorWords({ name: 'Mean error', value: 1.5, unit: 'pieces a week', baseline }), { text: 'Mean error: 1.5 pieces a week', baseline: 'the average: 2 pieces a week' });
  assert.deepEqual(errorWords({ name: 'Sold again', value: 92.3, unit: '%' }), { text: 'Sold again: 92%', baseline: '' });
  assert.equal(errorWords({ name: 'Miss', value: 120, unit: 'USD/week' }).text, 'Miss: $120 a week');
  assert.equal(errorWords(undefined), null);
});

test('parameters are written by their type', () => {
  assert.equal(param({ type: 'percent', value: 0.15 }), '15%');
  assert.equal(param({ type: 'days', value: 1 }), '1 day');
  assert.equal(param({ type: 'pieces', value: 12 }), '12 pieces');
  assert.equal(param({ type: 'date', value: '2026-12-31' }), 'December 31, 2026');
  assert.equal(param({ type: 'number', value: 3.456, unit: 'kg', decimals: 1 }), '3.5 kg');
});

test('a template is filled as text, whatever stands in its parameters', () => {
  const message = { template: 'Lower {product} from {old} to {new}.', params: { product: { type: 'text', value: '<b>{old}</b>' }, old: { type: 'money', value: '20.00' }, new: { type: 'money', value: '18' } } };
  assert.equal(sentence(message), 'Lower <b>{old}</b> from $20.00 to $18.00.');
  assert.deepEqual(parts(message)[1], { name: 'product', type: 'text', text: '<b>{old}</b>' });
});

test('a missing parameter leaves a gap, not a template', () => {
  assert.equal(sentence({ template: 'Lower {product}.' }), 'Lower ….');
  assert.equal(sentence(null), '');
});

test('a translation may move the parameters', () => {
  setLocaleData({ 'Lower {product} to {new}.': ['Auf {new} senken: {product}.'] }, 'devskyy');
  const params = { product: { type: 'text', value: 'Schal' }, new: { type: 'money', value: '18' } };
  assert.equal(sentence({ template: 'Lower {product} to {new}.', params }), 'Auf $18.00 senken: Schal.');
});

test('lengths of time are said in their largest unit', () => {
  assert.equal(span(1), '1 second');
  assert.equal(span(90), '2 minutes');
  assert.equal(span(3 * 3600), '3 hours');
  assert.equal(span(3 * 86400), '3 days');
  assert.equal(duration(400), 'under a second');
  const now = Date.parse('2026-11-24T12:00:00Z');
  assert.equal(ago('2026-11-24T10:00:00Z', now), '2 hours ago');
  assert.equal(ago('2026-11-24T11:59:40Z', now), 'just now');
  assert.equal(ago('2026-11-26T12:00:00Z', now), 'in 2 days');
});

test('a plain day stays that day in every zone of the shop', () => {
  for (const [zone, offset] of [['Pacific/Kiritimati', 14], ['Pacific/Pago_Pago', -11]]) {
    shopTime(zone, offset);
    assert.equal(day('2026-11-24'), 'November 24, 2026');
  }
});

test('"Later" means eight in the morning where the shop is', () => {
  const now = new Date('2026-11-24T12:00:00Z');
  assert.deepEqual(laterDays(now), { tomorrow: '2026-11-25', week: '2026-11-30', last: '2027-11-24' });
  assert.equal(morning('2026-11-25'), '2026-11-25T07:00:00Z');
  assert.equal(morning('2026-07-01'), '2026-07-01T06:00:00Z');
  assert.equal(laterDays(new Date('2026-11-23T12:00:00Z')).week, '2026-11-30');
  assert.equal(laterDays(new Date('2026-11-24T23:30:00Z')).tomorrow, '2026-11-26');
});

test('a chart speaks the owner’s language, whatever the shop’s own words are', () => {
  setLocaleData({ 'Pieces sold': ['Verkaufte Stücke'], Today: ['Heute'], Week: ['Woche'] }, 'devskyy');
  const chart = { title: 'Silk Scarf', x_label: 'Week', y_label: 'Pieces sold', series: [{ name: 'Pieces sold', points: [[1, 2]] }], marks: [{ x: 1, label: 'Today' }] };
  const told = chartInWords(chart);
  assert.equal(told.title, 'Silk Scarf');
  assert.deepEqual([told.x_label, told.y_label, told.series[0].name, told.marks[0].label], ['Woche', 'Verkaufte Stücke', 'Verkaufte Stücke', 'Heute']);
  assert.deepEqual(told.series[0].points, [[1, 2]]);
  assert.equal(chart.series[0].name, 'Pieces sold');
});
