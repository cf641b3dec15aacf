import { __, _n, sprintf } from '@wordpress/i18n';
import { dateI18n, getDate, getSettings, gmdateI18n } from '@wordpress/date';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A length of time in words, in its largest unit. Seconds in, `3 hours` out. */
export function span(seconds) {
  const s = Math.max(0, Math.round(seconds));
  /* translators: %d: number of seconds. */
  if (s < MINUTE) return sprintf(_n('%d second', '%d seconds', s, 'devskyy'), s);
  const minutes = Math.round(s / MINUTE);
  /* translators: %d: number of minutes. */
  if (minutes < 60) return sprintf(_n('%d minute', '%d minutes', minutes, 'devskyy'), minutes);
  const hours = Math.round(s / HOUR);
  /* translators: %d: number of hours. */
  if (hours < 48) return sprintf(_n('%d hour', '%d hours', hours, 'devskyy'), hours);
  const days = Math.round(s / DAY);
  /* translators: %d: number of days. */
  return sprintf(_n('%d day', '%d days', days, 'devskyy'), days);
}

/** `3 hours ago`; a moment less than a minute away is `just now`. */
export function ago(time, now = Date.now()) {
  const seconds = (now - Date.parse(time)) / 1000;
  if (!Number.isFinite(seconds)) return '';
  if (Math.abs(seconds) < MINUTE) return __('just now', 'devskyy');
  /* translators: %s: length of time, such as "3 hours". */
  if (seconds > 0) return sprintf(__('%s ago', 'devskyy'), span(seconds));
  /* translators: %s: length of time, such as "3 hours". */
  return sprintf(__('in %s', 'devskyy'), span(-seconds));
}

/** How long a run took. Milliseconds in. */
export function duration(ms) {
  if (ms === undefined || ms === null) return '';
  if (ms < 950) return __('under a second', 'devskyy');
  return span(ms / 1000);
}

/** A day in the shop's own date format. A plain `2026-11-24` is that day wherever the shop is. */
export function day(value) {
  const plain = /^\d{4}-\d{2}-\d{2}$/.test(String(value));
  return plain ? gmdateI18n(getSettings().formats.date, `${value}T12:00:00Z`) : dateI18n(getSettings().formats.date, value);
}

/** Date and time in the shop's own format and zone. */
export function moment(value) {
  return value ? dateI18n(getSettings().formats.datetime, value) : '';
}

/** The shop's time of day, with seconds. */
export function clock(value) {
  return dateI18n('H:i:s', value);
}

/** Day and month only, for chart axes and lists, in the order of the shop's date format. */
export function shortDay(value) {
  const format = getSettings().formats.date;
  const [dayAt, monthAt] = [format.search(/[jd]/), format.search(/[FMmn]/)];
  return gmdateI18n(monthAt >= 0 && monthAt < dayAt ? 'M j' : /[jd]\./.test(format) ? 'j. M' : 'j M', `${String(value).slice(0, 10)}T12:00:00Z`);
}

function addDays(date, count) {
  const noon = new Date(`${date}T12:00:00Z`);
  noon.setUTCDate(noon.getUTCDate() + count);
  return noon.toISOString().slice(0, 10);
}

/** The shop's eight o'clock on a day `2026-11-25`, as UTC `2026-11-25T07:00:00Z`. */
export function morning(date) {
  return getDate(`${date}T08:00:00`).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** Today in the shop's zone as `2026-11-24`. */
export function today(now = new Date()) {
  return dateI18n('Y-m-d', now);
}

/** The first and the last day that "Later" may name, and its two quick answers. */
export function laterDays(now = new Date()) {
  const start = today(now);
  const weekday = new Date(`${start}T12:00:00Z`).getUTCDay();
  return { tomorrow: addDays(start, 1), week: addDays(start, ((8 - weekday) % 7) || 7), last: addDays(start, 365) };
}
