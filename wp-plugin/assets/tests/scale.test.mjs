import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bandPath, extent, gap, linePath, position, spread, tableOf, ticks } from '../src/lib/scale.js';

const line = (points, more = {}) => ({ title: '', x_label: '', y_label: '', unit: '', x_type: 'number', series: [{ name: 'a', kind: 'line', points }], marks: [], ...more });

test('ticks are round and cover the values', () => {
  assert.deepEqual(ticks(0, 8), [0, 2, 4, 6, 8]);
  assert.deepEqual(ticks(0, 0.3), [0, 0.1, 0.2, 0.3]);
  assert.deepEqual(ticks(-20, 194), [-100, 0, 100, 200]);
  assert.deepEqual(ticks(5, 5), [5]);
});

test('places fall between the edges, also where there is only one', () => {
  assert.equal(position(5, [0, 10], [0, 100]), 50);
  assert.equal(position(3, [3, 3], [0, 100]), 50);
});

test('a picture spans its series, its band and its marks', () => {
  const chart = line([['2026-11-01', 10], ['2026-11-08', 12]], { x_type: 'date', band: { name: '', points: [['2026-11-08', 8, 30]] }, marks: [{ x: '2026-11-15', label: 'Today' }] });
  const span = extent(chart);
  assert.equal(span.x[1] - span.x[0], 14);
  assert.equal(span.y[0], 0);
  assert.ok(span.y[1] >= 30);
});

test('bars stand on zero and have air at the sides', () => {
  const span = extent(line([['a', 90], ['b', 95]], { x_type: 'category', series: [{ name: 'n', kind: 'bar', points: [['a', 90], ['b', 95]] }] }));
  assert.deepEqual([span.x, span.y[0], span.categories], [[-0.5, 1.5], 0, ['a', 'b']]);
});

test('prices that hardly move are not drawn from zero', () => {
  assert.ok(extent(line([[0, 100], [1, 102]])).y[0] > 0);
});

test('nothing to draw is no accident', () => {
  const span = extent(line([[0, null]]));
  assert.ok(span.y[1] > span.y[0]);
  assert.ok(Number.isFinite(extent(line([])).x[0]));
});

test('a line breaks where a value is missing', () => {
  assert.equal(linePath([[0, 1], [1, null], [2, 3], [3, 4]]), 'M0,1M2,3L3,4');
  assert.equal(linePath([[0, 1], [2, 3]], true), 'M0,1H2V3');
  assert.equal(linePath([]), '');
});

test('a band runs along the top and back below', () => {
  assert.equal(bandPath([[0, 10, 5], [1, 12, 4]]), 'M0,5L1,4L1,12L0,10Z');
  assert.equal(bandPath([]), '');
});

test('labels are thinned with both ends kept', () => {
  assert.deepEqual(spread([1, 2, 3, 4, 5, 6, 7], 3), [1, 4, 7]);
  assert.deepEqual(spread([1, 2], 5), [1, 2]);
  assert.equal(gap([3, 1, 8]), 2);
});

test('the table holds every figure of the picture', () => {
  const chart = line([['2026-11-08', 2], ['2026-11-01', 1]], { x_type: 'date', band: { name: 'range', points: [['2026-11-08', 0, 4]] } });
  assert.deepEqual(tableOf(chart), [['2026-11-01', 1, null, null], ['2026-11-08', 2, 0, 4]]);
});
