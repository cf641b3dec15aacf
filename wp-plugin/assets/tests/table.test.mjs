import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EMPTY_VIEW, groupCounts, initial, isFiltered, nextSort, reduce, remembered, step, toQuery } from '../src/lib/table.js';

const run = (state, ...actions) => actions.reduce(reduce, state);

test('the list starts with what is to decide, newest first', () => {
  assert.deepEqual(toQuery(initial().view), { sort: '-created_at', limit: 25, page: 1, state: 'pending' });
});

test('a saved view comes back without its search and page; nonsense does not', () => {
  const { view } = initial({ group: 'applied', perPage: 50, q: 'scarf', page: 9, risk: 'high' });
  assert.deepEqual([view.group, view.perPage, view.q, view.page, view.risk], ['applied', 50, '', 1, 'high']);
  assert.equal(initial({ group: 'nonsense', perPage: 7 }).view.group, 'open');
  assert.equal(initial({ group: 'nonsense', perPage: 7 }).view.perPage, 25);
  assert.deepEqual(initial(remembered(view)).view, { ...EMPTY_VIEW, group: 'applied', perPage: 50, risk: 'high' });
});

test('a link may ask for another view than the saved one', () => {
  assert.equal(initial({ agent: 'a' }, { agent: 'b', group: 'all' }).view.agent, 'b');
});

test('a new filter goes back to the first page and forgets the selection', () => {
  const state = run(initial(), { type: 'view', view: { page: 3 } }, { type: 'toggle', id: 'x' }, { type: 'view', view: { risk: 'high' } });
  assert.deepEqual([state.view.page, state.selected, state.view.risk], [1, [], 'high']);
});

test('columns sort by their useful end first, then the other way', () => {
  assert.equal(nextSort('-created_at', 'effect'), '-effect');
  assert.equal(nextSort('-effect', 'effect'), 'effect');
  assert.equal(nextSort('effect', 'effect'), '-effect');
  assert.equal(nextSort('-effect', 'title'), 'title');
  assert.equal(nextSort('title', 'title'), '-title');
});

test('rows are chosen one by one, in a stretch, and all together', () => {
  const ids = ['a', 'b', 'c', 'd'];
  let state = run(initial(), { type: 'toggle', id: 'b' }, { type: 'range', ids, id: 'd' });
  assert.deepEqual(state.selected, ['b', 'c', 'd']);
  state = reduce(state, { type: 'toggle', id: 'c' });
  assert.deepEqual(state.selected, ['b', 'd']);
  state = reduce(state, { type: 'all', ids, on: true });
  assert.deepEqual([...state.selected].sort(), ids);
  assert.deepEqual(reduce(state, { type: 'all', ids, on: false }).selected, []);
});

test('what is no longer in the list is no longer chosen', () => {
  const state = run(initial(), { type: 'toggle', id: 'a' }, { type: 'toggle', id: 'b' }, { type: 'loaded', ids: ['b', 'c'] });
  assert.deepEqual(state.selected, ['b']);
});

test('arrows, letters, Home and End move and stop at the ends', () => {
  const ids = ['a', 'b', 'c'];
  assert.equal(step(ids, 'a', 'ArrowDown'), 'b');
  assert.equal(step(ids, 'c', 'j'), 'c');
  assert.equal(step(ids, 'a', 'k'), 'a');
  assert.equal(step(ids, null, 'ArrowUp'), 'c');
  assert.equal(step(ids, 'b', 'Home'), 'a');
  assert.equal(step(ids, 'b', 'End'), 'c');
  assert.equal(step([], null, 'ArrowDown'), null);
});

test('the query holds what is asked for and nothing else', () => {
  assert.deepEqual(toQuery({ ...EMPTY_VIEW, group: 'all', q: ' scarf ', family: 'pricing', sort: '-effect', page: 2 }), { sort: '-effect', limit: 25, page: 2, family: 'pricing', q: 'scarf' });
  assert.equal(toQuery({ ...EMPTY_VIEW, group: 'applied' }).state, 'approved,applying,applied,undoing');
});

test('groups sum their states', () => {
  const sums = groupCounts({ pending: 12, stale: 1, failed: 2, applied: 3, approved: 1 });
  assert.deepEqual([sums.open, sums.problems, sums.applied, sums.all], [12, 3, 4, 19]);
  assert.equal(groupCounts().all, 0);
});

test('clearing keeps the group, the order and the length of pages', () => {
  const state = run(initial({ group: 'applied', perPage: 50, sort: 'title', risk: 'low' }), { type: 'clear' });
  assert.deepEqual([state.view.group, state.view.perPage, state.view.sort, state.view.risk], ['applied', 50, 'title', '']);
  assert.equal(isFiltered(state.view), false);
  assert.equal(isFiltered({ ...state.view, q: ' x' }), true);
});
