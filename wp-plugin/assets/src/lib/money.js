import { decodeEntities, shop } from './shop.js';

/** A number with the shop's separators: `1234.5` with 2 decimals becomes `1,234.50`. */
export function group(value, decimals) {
  const { thousand, decimal } = shop().currency;
  const [whole, fraction] = Math.abs(value).toFixed(decimals).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, decodeEntities(thousand));
  return fraction ? grouped + decimal + fraction : grouped;
}

/** At most `most` decimals, without trailing zeros. */
export function number(value, most = 2) {
  const amount = Number(value);
  if (!Number.isFinite(amount)) return String(value ?? '');
  const places = (String(Number(amount.toFixed(most))).split('.')[1] ?? '').length;
  const text = group(amount, places);
  return amount < 0 && Number(amount.toFixed(most)) !== 0 ? `-${text}` : text;
}

function place(text, position, symbol) {
  if (position === 'right') return text + symbol;
  if (position === 'left_space') return `${symbol}\u00a0${text}`;
  if (position === 'right_space') return `${text}\u00a0${symbol}`;
  return symbol + text;
}

/**
 * Money as the shop writes it.
 *
 * `options.currency` another code than the shop's is shown by its code; `options.decimals` overrides the shop's;
 * `options.sign` puts a plus before gains.
 */
export function money(value, options = {}) {
  const amount = Number(value);
  if (value === null || value === '' || value === undefined || !Number.isFinite(amount)) return String(value ?? '');
  const own = shop().currency;
  const text = group(amount, options.decimals ?? own.decimals);
  const foreign = options.currency && options.currency !== own.code;
  const placed = foreign ? `${options.currency}\u00a0${text}` : place(text, own.position, decodeEntities(own.symbol));
  if (amount < 0) return `-${placed}`;
  return options.sign && amount > 0 ? `+${placed}` : placed;
}

/**
 * A number as it was typed, as plain text: `4,50` is `4.50` whatever the browser's own language is.
 *
 * Undefined where it is none, or where its separator may be one of thousands: `1,234` is not guessed at.
 */
export function plain(text) {
  const decimal = decodeEntities(shop().currency.decimal);
  const [, sign, whole, mark, fraction] = /^(-?)(\d*)(?:([^\d\s-])(\d+))?$/.exec(String(text ?? '').trim()) ?? [];
  if (!whole && !fraction) return undefined;
  if (!mark) return sign + whole;
  if (mark !== decimal && (!['.', ','].includes(mark) || fraction.length === 3)) return undefined;
  return `${sign}${whole || 0}.${fraction}`;
}

/** A plain number as a person types it: with the shop's decimal separator, without those of thousands. */
export const asTyped = (value) => String(value).replace('.', decodeEntities(shop().currency.decimal));

/** Money without cents once cents no longer matter (from 20 upwards). */
export function roundMoney(value, options = {}) {
  return money(value, Math.abs(Number(value)) >= 20 ? { ...options, decimals: 0 } : options);
}
