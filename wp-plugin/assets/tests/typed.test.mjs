import assert from 'node:assert/strict';
import test from 'node:test';
import { euros, shopTime } from './host.mjs';
import { asTyped, plain } from '../src/lib/money.js';
import { tickPlaces, ticks } from '../src/lib/scale.js';
import { readValues, startValues } from '../src/lib/schema.js';
import { shortDay } from '../src/lib/time.js';
import { setSettings, getSettings } from '@wordpress/date';
import { faults, paid } from '../src/stock/typed.js';

const cost = { properties: { cost: { type: 'number', minimum: 0 }, pack: { type: 'integer', minimum: 1 } } };

test('a comma is a comma where the shop writes one, and is never dropped', () => {
  globalThis.devskyy = { currency: euros };
  assert.deepEqual(['4,55', ' 4.55 ', '1234,5', '-2,5', ',5', '12'].map(plain), ['4.55', '4.55', '1234.5', '-2.5', '0.5', '12']);
  assert.deepEqual(['1.234', '1.234,50', '1 234', '4,5x', 'x', '', ',', '-', '1e3'].map(plain), Array(9).fill(undefined));
  assert.equal(asTyped('8.10'), '8,10');
  assert.equal(paid('4,55'), '4.55');
  assert.equal(paid('1.234'), undefined);
  assert.deepEqual(startValues(cost, { cost: 4.5, pack: 6 }), { cost: '4,5', pack: '6' });
  assert.deepEqual(readValues(cost, { cost: '4,55', pack: '6' }), { input: { cost: 4.55, pack: 6 }, errors: {} });
  assert.ok(readValues(cost, { cost: '1.234', pack: '6' }).errors.cost);
  assert.deepEqual(faults({ kind: 'factor', value: '1,5', first_day: '2026-11-27', last_day: '2026-11-28' }), {});
});

test('a dot is a dot where the shop writes one, and 1,234 is not guessed at', () => {
  globalThis.devskyy = { currency: { ...euros, thousand: ',', decimal: '.' } };
  assert.deepEqual(['4.5', '4,55', '1.2345', '1.234', '1,234', '1,234.50'].map(plain), ['4.5', '4.55', '1.2345', '1.234', undefined, undefined]);
});

test('ticks of small values are told apart', () => {
  assert.equal(tickPlaces(ticks(0, 0.0076)), 3);
  assert.equal(tickPlaces(ticks(0, 0.009)), 4);
  assert.equal(tickPlaces(ticks(0, 30)), 0);
  assert.equal(tickPlaces([5]), 0);
});

test('a German day keeps its dot', () => {
  shopTime('Europe/Berlin', 1);
  const settings = getSettings();
  setSettings({ ...settings, formats: { ...settings.formats, date: 'j. F Y' } });
  assert.equal(shortDay('2026-11-27'), '27. Nov');
  setSettings(settings);
  assert.equal(shortDay('2026-11-27'), 'Nov 27');
});
