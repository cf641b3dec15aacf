import { __, _n, sprintf } from '@wordpress/i18n';
import { number, roundMoney } from './money.js';
import { shop } from './shop.js';

function per(text, period) {
  switch (period) {
    /* translators: %s: an amount, such as "$120". */
    case 'day': return sprintf(__('%s a day', 'devskyy'), text);
    /* translators: %s: an amount, such as "$120". */
    case 'week': return sprintf(__('%s a week', 'devskyy'), text);
    /* translators: %s: an amount, such as "$120". */
    case 'month': return sprintf(__('%s a month', 'devskyy'), text);
    /* translators: %s: an amount, such as "$120". */
    case 'quarter': return sprintf(__('%s a quarter', 'devskyy'), text);
    /* translators: %s: an amount, such as "$120". */
    case 'year': return sprintf(__('%s a year', 'devskyy'), text);
    default: return text;
  }
}

function amount(value, unit, sign) {
  if (/^[A-Z]{3}$/.test(unit)) return roundMoney(value, { currency: unit, sign });
  const text = (sign && value > 0 ? '+' : '') + number(value, Math.abs(value) >= 20 ? 0 : 1);
  if (unit === 'percent' || unit === '%') return `${text}%`;
  /* translators: %s: number of pieces of a product. */
  if (unit === 'pieces') return sprintf(_n('%s piece', '%s pieces', Math.abs(value), 'devskyy'), text);
  return unit ? `${text} ${unit}` : text;
}

/** A quantity with a unit such as `USD/month` or `pieces a week` in words: `$120 a month`. */
export function quantity(value, unit = '') {
  const [what, period] = String(unit).split('/');
  return per(amount(Number(value), what, false), period);
}

/**
 * What a change is expected to bring: `{main: "+$120 a month", range: "$40 to $210", tone}` or null when unknown.
 *
 * `tone` is `gain`, `loss` or `open` (the interval holds both signs).
 */
export function effectWords(effect) {
  if (!effect || effect.value === undefined || effect.value === null) return null;
  const value = Number(effect.value);
  const [what, period] = String(effect.unit ?? shop().currency.code).split('/');
  const known = effect.low !== undefined && effect.low !== null && effect.high !== undefined && effect.high !== null;
  const low = Number(effect.low);
  const high = Number(effect.high);
  /* translators: 1: lower bound, 2: upper bound of what is expected. */
  const range = known ? sprintf(__('%1$s to %2$s', 'devskyy'), amount(low, what, false), amount(high, what, false)) : '';
  const open = known && low < 0 && high > 0;
  const tone = open || value === 0 ? 'open' : value > 0 ? 'gain' : 'loss';
  return { main: per(amount(value, what, true), period), range, tone };
}

/** How sure the interval is, in words. */
export function sureness(level) {
  if (!level) return '';
  const tenths = Math.round(level * 10);
  /* translators: %d: number of cases out of ten. */
  return sprintf(_n('in %d of 10 cases', 'in %d of 10 cases', tenths, 'devskyy'), tenths);
}

/**
 * How the method did in tests on past data: `{text, baseline}`, each as `name: figure`.
 *
 * Which way is better depends on the figure, so the two stand side by side and nothing is claimed.
 */
export function errorWords(error) {
  if (!error || error.value === undefined || error.value === null) return null;
  const show = (value) => (/^[A-Z]{3}(\/|$)/.test(error.unit ?? '') || error.unit === '%'
    ? quantity(value, error.unit)
    : `${number(value, 2)}${error.unit ? ` ${error.unit}` : ''}`);
  /* translators: 1: name of a figure, 2: the figure. */
  const line = (name, value) => sprintf(__('%1$s: %2$s', 'devskyy'), __(name, 'devskyy'), show(value));
  const base = error.baseline;
  return { text: line(error.name, error.value), baseline: base ? line(base.name, base.value) : '' };
}
