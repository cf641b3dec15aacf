import { __, _n, sprintf } from '@wordpress/i18n';
import { money, number } from './money.js';
import { day } from './time.js';

/** One typed parameter of a message in the shop's own words and formats. */
export function param(given) {
  if (given === null || given === undefined) return '';
  if (typeof given !== 'object') return String(given);
  const { type, value } = given;
  switch (type) {
    case 'money':
      return money(value, { currency: given.currency, decimals: given.decimals });
    case 'number':
      return number(value, given.decimals ?? 2) + (given.unit ? ` ${given.unit}` : '');
    case 'percent':
      /* translators: %s: a number; the doubled sign is a percent sign. */
      return sprintf(__('%s%%', 'devskyy'), number(Number(value) * 100, given.decimals ?? 0));
    case 'date':
      return day(value);
    case 'days':
      /* translators: %s: number of days. */
      return sprintf(_n('%s day', '%s days', Number(value), 'devskyy'), number(value, 1));
    case 'pieces':
      /* translators: %s: number of pieces of a product. */
      return sprintf(_n('%s piece', '%s pieces', Number(value), 'devskyy'), number(value, 1));
    default:
      return String(value ?? '');
  }
}

/**
 * A message cut into its parts: plain strings, and `{name, type, text}` for each parameter.
 *
 * The template is the key of its translation. Parameters stay text to the end, so nothing in them becomes markup.
 */
export function parts(message) {
  if (!message) return [];
  if (typeof message === 'string') return [message];
  const params = message.params ?? {};
  // The sidecar's templates are in the catalogue already: they are looked up here, not gathered here.
  const template = __(message.template ?? '', 'devskyy');
  return template.split(/(\{\w+\})/).filter(Boolean).map((piece) => {
    const name = /^\{(\w+)\}$/.exec(piece)?.[1];
    if (!name) return piece;
    const given = params[name];
    return { name, type: given?.type ?? 'text', text: name in params ? param(given) : '…' };
  });
}

/** The message as one plain sentence. */
export function sentence(message) {
  return parts(message).map((piece) => (typeof piece === 'string' ? piece : piece.text)).join('');
}

const word = (text) => (text ? __(text, 'devskyy') : text);
const named = (list, key) => (list ?? []).map((part) => ({ ...part, [key]: word(part[key]) }));

/** A chart with its words in the owner's language; a unit stays, since it may be a currency's code. */
export function chartInWords(chart) {
  return {
    ...chart,
    title: word(chart.title),
    x_label: word(chart.x_label),
    y_label: word(chart.y_label),
    series: named(chart.series, 'name'),
    marks: named(chart.marks, 'label'),
    shade: named(chart.shade, 'label'),
    ...(chart.band && { band: { ...chart.band, name: word(chart.band.name) } }),
  };
}
