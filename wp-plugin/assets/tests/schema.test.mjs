import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agents } from '../dev/fixtures.mjs';
import { fieldErrors, fields, readValues, readable, startValues, titleOf } from '../src/lib/schema.js';

const schema = agents[0].input_schema;

test('each kind of property gets its control', () => {
  const more = { properties: { ...schema.properties, level: { type: 'string', enum: ['a'] }, days: { type: 'array', items: { type: 'string', enum: ['mon', 'tue'] } }, extra: { type: 'object' }, note: { type: 'string' } } };
  assert.deepEqual(fields(more).map((field) => field.control), ['number', 'number', 'select', 'toggle', 'list', 'select', 'choices', 'json', 'text']);
});

test('a form starts with what was saved, else the defaults, and sends them back unchanged', () => {
  const values = startValues(schema, { unsold_days: 90 });
  assert.equal(values.unsold_days, '90');
  assert.deepEqual(readValues(schema, values), { input: { unsold_days: 90, max_cut: 0.3, rounding: 'nines', keep_new: true, skip: [] }, errors: {} });
});

test('numbers out of bounds, broken or half are refused with what would fit', () => {
  const wrong = (text) => readValues(schema, { ...startValues(schema), unsold_days: text }).errors.unsold_days;
  assert.equal(wrong('5'), 'Choose a value from 7 to 365.');
  assert.equal(wrong('30.5'), 'This must be a whole number.');
  assert.equal(wrong('abc'), 'This must be a number.');
  assert.equal(wrong('7'), undefined);
});

test('empty optional fields are left out, needed ones are asked for', () => {
  const plain = { properties: { a: { type: 'integer' }, b: { type: 'string' } }, required: ['b'] };
  assert.deepEqual(readValues(plain, startValues(plain)), { input: {}, errors: { b: 'This is needed.' } });
});

test('lists are lines or commas, numbers stay numbers', () => {
  const list = { properties: { ids: { type: 'array', items: { type: 'integer' } } } };
  assert.deepEqual(readValues(list, { ids: '12\n15, 21' }).input, { ids: [12, 15, 21] });
  assert.equal(readValues(list, { ids: '12\nx' }).errors.ids, '"x" is not a number.');
});

test('a choice of numbers comes back as a number', () => {
  const choice = { properties: { weeks: { type: 'integer', enum: [4, 8] } } };
  assert.deepEqual(readValues(choice, { weeks: '8' }).input, { weeks: 8 });
});

test('complaints of the server find their field', () => {
  assert.deepEqual(fieldErrors({ data: { fields: { 'input.unsold_days': 'too small', skip: 'x' } } }), { unsold_days: 'too small', skip: 'x' });
  assert.deepEqual(fieldErrors(new Error('x')), {});
});

test('names without a title are readable', () => {
  assert.equal(readable('max_cut-share'), 'Max cut share');
});

test('titles made by a machine are written as a person would, others stay', () => {
  assert.equal(titleOf('unsold_days', { title: 'Unsold Days' }), 'Unsold days');
  assert.equal(titleOf('unsold_days', { title: 'Days Without a Sale' }), 'Days Without a Sale');
});

test('a share is shown in percent and sent as a share', () => {
  const share = { properties: { cut: { type: 'number', unit: 'percent', minimum: 0.05, maximum: 0.6, default: 0.07 } } };
  assert.deepEqual(startValues(share), { cut: '7' });
  assert.deepEqual(startValues(share, { cut: 0.29 }), { cut: '29' });
  assert.deepEqual(readValues(share, { cut: '12.5' }), { input: { cut: 0.125 }, errors: {} });
  assert.equal(readValues(share, { cut: '0.2' }).errors.cut, 'Choose a value from 5 to 60.');
});
