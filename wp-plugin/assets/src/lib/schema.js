import { __, sprintf } from '@wordpress/i18n';
import { asTyped, number, plain } from './money.js';

/** The form of a JSON Schema: one field per property, in the schema's order. */
export function fields(schema) {
  const required = schema?.required ?? [];
  return Object.entries(schema?.properties ?? {}).map(([name, given]) => ({
    name,
    control: control(given),
    title: titleOf(name, given),
    help: given.description ?? '',
    required: required.includes(name),
    type: given.type,
    percent: isShare(given),
    min: shown(given, given.minimum),
    max: shown(given, given.maximum),
    minLength: given.minLength,
    maxLength: given.maxLength,
    maxItems: given.maxItems,
    pattern: given.pattern,
    options: given.enum ?? given.items?.enum,
    itemType: given.items?.type,
    default: given.default,
  }));
}

const isShare = (given) => given?.unit === 'percent';

/** A number as a person sees it: a share of 0.2 is 20 %. */
export function shown(given, value) {
  return isShare(given) && typeof value === 'number' ? Number((value * 100).toFixed(6)) : value;
}

function control(given) {
  if (given.enum) return 'select';
  if (given.type === 'boolean') return 'toggle';
  if (given.type === 'integer' || given.type === 'number') return 'number';
  if (given.type === 'array') return given.items?.enum ? 'choices' : 'list';
  if (given.type === 'object') return 'json';
  return 'text';
}

/** A property's title; one made from its name by a machine (`Unsold Days`) is written as a person would. */
export function titleOf(name, given) {
  const made = name.split('_').map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(' ');
  return given?.title && given.title !== made ? given.title : readable(name);
}

/** `unsold_days` as `Unsold days`. */
export function readable(name) {
  const words = String(name).replace(/[_-]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What stands in the form's controls at first: what was saved, else the default. Lists stand as lines of text. */
export function startValues(schema, saved = {}) {
  return Object.fromEntries(fields(schema).map((field) => {
    const value = shown(schema.properties[field.name], saved?.[field.name] ?? field.default);
    return [field.name, toControl(field, value)];
  }));
}

function toControl(field, value) {
  switch (field.control) {
    case 'toggle': return Boolean(value);
    case 'choices': return Array.isArray(value) ? value : [];
    case 'list': return Array.isArray(value) ? value.join('\n') : '';
    case 'json': return value === undefined ? '' : JSON.stringify(value, null, 2);
    case 'number': return value === undefined || value === null ? '' : asTyped(value);
    default: return value === undefined || value === null ? '' : String(value);
  }
}

/** The input to send: `{input, errors}`. Empty optional fields are left out, errors are by field name. */
export function readValues(schema, values) {
  const input = {};
  const errors = {};
  for (const field of fields(schema)) {
    const { value, error } = read(field, values[field.name]);
    if (error) errors[field.name] = error;
    else if (value !== undefined) input[field.name] = value;
  }
  return { input, errors };
}

function read(field, raw) {
  switch (field.control) {
    case 'toggle': return { value: Boolean(raw) };
    case 'number': return readNumber(field, raw);
    case 'choices': return { value: raw ?? [] };
    case 'list': return readList(field, raw);
    case 'json': return readJson(field, raw);
    case 'select': return readChoice(field, raw);
    default: return readText(field, raw);
  }
}

const missing = (field) => (field.required ? { error: __('This is needed.', 'devskyy') } : {});

function readChoice(field, raw) {
  if (raw === '' || raw === undefined) return missing(field);
  // The control holds text; the schema may name numbers.
  const value = field.options.find((option) => String(option) === String(raw));
  return value === undefined ? { error: __('Choose one of the list.', 'devskyy') } : { value };
}

function readNumber(field, raw) {
  const text = String(raw ?? '').trim();
  if (!text) return missing(field);
  const value = Number(plain(text) ?? NaN);
  if (!Number.isFinite(value)) return { error: __('This must be a number.', 'devskyy') };
  if (field.type === 'integer' && !Number.isInteger(value)) return { error: __('This must be a whole number.', 'devskyy') };
  const { min, max } = field;
  if (min !== undefined && max !== undefined && (value < min || value > max)) {
    /* translators: 1: smallest, 2: largest value. */
    return { error: sprintf(__('Choose a value from %1$s to %2$s.', 'devskyy'), number(min, 4), number(max, 4)) };
  }
  /* translators: %s: smallest value. */
  if (min !== undefined && value < min) return { error: sprintf(__('Choose at least %s.', 'devskyy'), number(min, 4)) };
  /* translators: %s: largest value. */
  if (max !== undefined && value > max) return { error: sprintf(__('Choose at most %s.', 'devskyy'), number(max, 4)) };
  return { value: field.percent ? Number((value / 100).toFixed(8)) : value };
}

function readText(field, raw) {
  const value = String(raw ?? '');
  if (!value) return missing(field);
  if (field.maxLength !== undefined && [...value].length > field.maxLength) {
    /* translators: %d: number of characters. */
    return { error: sprintf(__('At most %d characters.', 'devskyy'), field.maxLength) };
  }
  return { value };
}

function readList(field, raw) {
  const lines = String(raw ?? '').split(/[\n,]/).map((line) => line.trim()).filter(Boolean);
  if (field.maxItems !== undefined && lines.length > field.maxItems) {
    /* translators: %d: number of entries. */
    return { error: sprintf(__('At most %d entries.', 'devskyy'), field.maxItems) };
  }
  if (field.itemType === 'integer' || field.itemType === 'number') {
    const wrong = lines.find((line) => !Number.isFinite(Number(line)));
    /* translators: %s: what was typed. */
    if (wrong) return { error: sprintf(__('"%s" is not a number.', 'devskyy'), wrong) };
    return { value: lines.map(Number) };
  }
  return lines.length || field.default === undefined ? { value: lines } : { value: [] };
}

function readJson(field, raw) {
  if (!String(raw ?? '').trim()) return missing(field);
  try {
    return { value: JSON.parse(raw) };
  } catch {
    return { error: __('This is not valid JSON.', 'devskyy') };
  }
}

/** Complaints by field as the server names them (`input.unsold_days`), keyed by field name. */
export function fieldErrors(error) {
  const given = error?.data?.fields ?? error?.fields ?? {};
  return Object.fromEntries(Object.entries(given).map(([path, text]) => [path.replace(/^input\./, '').split(/[.[]/)[0], text]));
}
