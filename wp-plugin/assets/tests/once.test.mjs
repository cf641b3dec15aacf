import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eachOnce } from '../src/lib/once.js';

const KEY = /^[0-9a-f]{32}$/;

/** A sender that notes what it was given and loses the answers to the paths in `lost`. */
function sender(lost = []) {
  const sent = [];
  const make = eachOnce(async (path, data, key) => {
    sent.push([path, key]);
    if (lost.includes(path)) throw new Error('lost');
    return path;
  });
  return { sent, make, lost };
}

test('a wish keeps its key over a lost answer and has a new one once it was answered', async () => {
  const { sent, make, lost } = sender(['/a']);
  await assert.rejects(make([['/a', { name: 'x' }]]));
  await assert.rejects(make([['/a', { name: 'y' }]]));
  lost.pop();
  assert.deepEqual(await make([['/a', { name: 'x' }]]), ['/a']);
  await make([['/a', { name: 'x' }]]);
  const [first, other, again, next] = sent.map(([, key]) => key);
  assert.match(first, KEY);
  assert.equal(again, first);
  assert.equal(new Set([first, other, next]).size, 3);
});

test('pressed twice at once it is one wish', async () => {
  const { sent, make } = sender();
  await Promise.all([make([['/a', {}]]), make([['/a', {}]])]);
  assert.equal(sent[0][1], sent[1][1]);
});

test('what belongs to one press keeps its keys until all of it was answered', async () => {
  const { sent, make, lost } = sender(['/b']);
  const both = [['/a', {}], ['/b', {}]];
  await assert.rejects(make(both));
  lost.pop();
  assert.deepEqual(await make(both), ['/a', '/b']);
  assert.deepEqual(sent.slice(2), sent.slice(0, 2));
});
