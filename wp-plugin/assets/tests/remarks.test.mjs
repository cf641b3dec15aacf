import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remarkWords, remarks } from '../src/stock/remarks.js';

test('a remark is said by its code, one that is new in its own words', () => {
  assert.equal(remarkWords({ code: 'not_within', message: 'x', values: { low: 0.5, high: 1_000_000 } }), 'Choose a value from 0.5 to 1,000,000.');
  assert.equal(remarkWords({ code: 'no_number', message: 'is no number' }), 'This is no number.');
  assert.equal(remarkWords({ code: 'from_next_year', message: 'is odd' }), 'is odd');
  assert.deepEqual(remarks([{ code: 'no_cost', values: { name: 'Scarf' } }, { code: 'no_cost', values: { name: 'Scarf' } }]), ['Scarf: no cost is known, so the total leaves it out.']);
  assert.deepEqual(remarks(undefined), []);
});
