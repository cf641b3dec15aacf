import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proposals } from '../dev/fixtures.mjs';
import { bulkCaution, caution, confirmLabel, isGuard, pathLabel, priceCount, setLine, target, targets, undoLines, valueText, written } from '../src/lib/changes.js';
import { shopTime } from './host.mjs';

const sale = proposals.find((proposal) => proposal.changes.length === 6);
const single = proposals[0];
shopTime('Europe/Berlin', 1);

test('products and variations are told apart', () => {
  assert.deepEqual(target('wc/v3/products/12/variations/34'), { product: 12, variation: 34 });
  assert.deepEqual(target('wc/v3/products/12'), { product: 12, variation: null });
  assert.equal(target('wc/v3/coupons'), null);
  assert.deepEqual(targets(sale.changes).variations.get(36), [361, 362, 363, 364, 365, 366]);
});

test('values are said in the shop’s words', () => {
  assert.equal(valueText('regular_price', '18.00'), '$18.00');
  assert.equal(valueText('sale_price', ''), 'not set');
  assert.equal(valueText('low_stock_amount', 0), '0');
  assert.equal(valueText('date_on_sale_to_gmt', '2026-12-31T22:59:59'), 'December 31, 2026 11:59 pm');
  assert.equal(pathLabel('images[0].alt'), 'Alternative text of picture 1');
  assert.equal(pathLabel('meta_data[_note]'), 'Custom field _note');
});

test('a guard is not a change', () => {
  const guard = { path: 'regular_price', was: '40.00', to: '40.00' };
  const cut = { path: 'sale_price', was: '', to: '32.00' };
  assert.ok(isGuard(guard));
  assert.deepEqual(written({ set: [guard, cut] }), [cut]);
  assert.equal(priceCount([{ set: [guard] }]), 0);
  assert.deepEqual(undoLines([{ kind: 'patch', set: [guard, cut] }]), ['Sale price is taken out again']);
});

test('stock moves by its difference', () => {
  assert.equal(setLine({ path: 'stock_delta', was: 10, to: -4 }).to, '-4, then 6');
});

test('several prices, high risk and acts ask for a second, named press', () => {
  assert.equal(priceCount(sale.changes), 6);
  assert.match(caution(sale), /6 prices/);
  assert.equal(confirmLabel(sale), 'Yes, change 6 prices');
  assert.equal(caution(single), '');
  assert.match(caution({ ...single, risk: 'high' }), /high-risk/);
  assert.match(caution({ ...single, changes: [{ kind: 'act', resource: 'sidecar/x' }] }), /cannot be undone/);
});

test('approving two price changes together asks too', () => {
  assert.equal(bulkCaution([single]).needed, false);
  assert.deepEqual(bulkCaution([single, proposals[1]]), { prices: 2, needed: true });
});

test('undo says what stands afterwards', () => {
  assert.deepEqual(undoLines(single.changes), ['Regular price back to $40.00']);
  assert.deepEqual(undoLines([{ kind: 'patch', set: [{ path: 'stock_delta', was: 1, to: 5 }] }]), ['Stock moves by -5']);
  assert.deepEqual(undoLines([{ kind: 'patch', set: [{ path: 'sale_price', was: '', to: '5' }] }]), ['Sale price is taken out again']);
  assert.deepEqual(undoLines([{ kind: 'create' }]), ['What was created is deleted']);
});
