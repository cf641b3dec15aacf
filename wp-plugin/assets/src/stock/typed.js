import { __, sprintf } from '@wordpress/i18n';
import { number, plain } from '../lib/money.js';

const MOST = { factor: 100, per_day: 100_000 };

/** What is wrong with a correction, by field; empty when it may be sent. */
export function faults({ kind, value, first_day: first, last_day: last }) {
  const amount = Number(plain(value) ?? NaN);
  const wrong = {};
  if (!first) wrong.first_day = __('This is needed.', 'devskyy');
  if (!last) wrong.last_day = __('This is needed.', 'devskyy');
  else if (first && last < first) wrong.last_day = __('The last day is before the first.', 'devskyy');
  if (!Number.isFinite(amount)) wrong.value = __('This must be a number.', 'devskyy');
  /* translators: 1: smallest, 2: largest value. */
  else if (amount < 0 || amount > MOST[kind]) wrong.value = sprintf(__('Choose a value from %1$s to %2$s.', 'devskyy'), 0, number(MOST[kind], 0));
  return wrong;
}

/** What was typed as a level: a whole number of pieces, null for the shop's own, undefined when it is neither. */
export function levelOf(text) {
  const trimmed = String(text ?? '').trim();
  if (trimmed === '') return null;
  const value = Number(trimmed);
  return Number.isInteger(value) && value >= 0 && value <= 1_000_000 ? value : undefined;
}

/** A whole number of pieces as typed: from 1 to a million, else undefined. */
export function wanted(text) {
  const value = Number(String(text).trim() || NaN);
  return Number.isInteger(value) && value >= 1 && value <= 1_000_000 ? value : undefined;
}

/** A cost as typed, as text: empty is the item's known one (null), more than four decimals or below 0 is none (undefined). */
export function paid(text) {
  const trimmed = String(text ?? '').trim();
  if (trimmed === '') return null;
  const value = plain(trimmed) ?? '';
  return /^\d{1,9}(\.\d{1,4})?$/.test(value) && Number(value) <= 100_000_000 ? value : undefined;
}

/** What lines come to as they are typed: pieces, and their cost in ten-thousandths, so that no cent is lost. */
export function comesTo(lines) {
  const amounts = lines.map(({ text, price }) => [wanted(text) ?? 0, Math.round(Number(paid(price) ?? 0) * 10_000)]);
  const [pieces, tiny] = amounts.reduce(([count, sum], [more, each]) => [count + more, sum + more * each], [0, 0]);
  return { pieces, value: tiny / 10_000 };
}

/** What was typed as received: `{lines, wrong, over}`; empty and 0 are nothing. */
export function arrived(lines, texts) {
  const found = { lines: [], wrong: [], over: [] };
  for (const { item_id: item, quantity, received = 0 } of lines) {
    const text = String(texts[item] ?? '').trim();
    const value = Number(text || 0);
    if (!Number.isInteger(value) || value < 0 || value > 1_000_000) found.wrong.push(item);
    else if (value > 0) {
      found.lines.push({ item_id: item, quantity: value });
      if (value > quantity - received) found.over.push(item);
    }
  }
  return found;
}

/** 128 random bits as hex: a second press of the same receipt is not a second receipt. */
export const pressKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
