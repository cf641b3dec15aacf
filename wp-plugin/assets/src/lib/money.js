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

/** Money without cents once cents no longer matter (from 20 upwards). */
export function roundMoney(value, options = {}) {
  return money(value, Math.abs(Number(value)) >= 20 ? { ...options, decimals: 0 } : options);
}
