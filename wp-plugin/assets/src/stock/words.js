import { __, _n, sprintf } from '@wordpress/i18n';
import { sureness } from '../lib/effect.js';
import { sentence } from '../lib/message.js';
import { readable } from '../lib/schema.js';
import { money, number, roundMoney } from '../lib/money.js';
import { day, shortDay } from '../lib/time.js';

/** The views of the list, each a question. */
export const VIEWS = ['order', 'dead', 'all'];

const known = (value) => value !== null && value !== undefined && value !== '' && Number.isFinite(Number(value));

/* translators: %s: number of pieces of a product. */
export const pieces = (count) => sprintf(_n('%s piece', '%s pieces', Math.abs(Number(count)), 'devskyy'), number(count, Math.abs(count) >= 10 ? 0 : 1));

/** Money that may carry its own currency, or '' where it is not known. */
export const cost = (amount, round = false) => (known(amount?.value) ? (round ? roundMoney : money)(amount.value, { currency: amount.currency }) : '');

/* translators: %s: a number; the doubled sign is a percent sign. */
export const percent = (share) => sprintf(__('%s%%', 'devskyy'), number(share * 100, share > 0 && share < 0.1 ? 1 : 0));

/** What is expected: `{main: "18 pieces", range: "11 to 27"}`, or null where no forecast is. */
export function expected(forecast) {
  if (!known(forecast?.value)) return null;
  const places = (value) => number(value, Math.abs(value) >= 10 ? 0 : 1);
  const both = known(forecast.low) && known(forecast.high);
  /* translators: 1: lower bound, 2: upper bound of what is expected. */
  return { main: pieces(forecast.value), range: both ? sprintf(__('%1$s to %2$s', 'devskyy'), places(forecast.low), places(forecast.high)) : '' };
}

/* translators: %s: number of pieces in purchase orders that are not sent yet. */
export const drafted = (row) => (row.drafted > 0 ? sprintf(__('%s in drafts', 'devskyy'), number(row.drafted, 0)) : '');

/** What to order and when: `{main, when, late}`; `late` when the day has come. */
export function orderWords({ order_quantity: quantity, order_by: by }, now) {
  if (!(quantity > 0)) {
    return { main: __('Nothing', 'devskyy'), when: by && by > now ? sprintf(/* translators: %s: a day. */ __('until %s', 'devskyy'), shortDay(by)) : '', late: false };
  }
  const late = Boolean(by) && by <= now;
  const when = late ? __('now', 'devskyy') : by ? sprintf(/* translators: %s: a day. */ __('by %s', 'devskyy'), shortDay(by)) : '';
  return { main: pieces(quantity), when, late };
}

/** For how long nothing of it was sold. */
export function unsold(days) {
  if (days === null || days === undefined) return __('Never sold', 'devskyy');
  if (days < 1) return __('Sold today', 'devskyy');
  /* translators: %s: number of days. */
  return sprintf(_n('%s day', '%s days', days, 'devskyy'), number(days, 0));
}

/** How likely it runs out before a delivery arrives: `{text, tone}`, or null. */
export function riskWords(probability) {
  if (!known(probability)) return null;
  const tone = probability >= 0.5 ? 'bad' : probability >= 0.2 ? 'warn' : 'good';
  if (probability < 0.01) return { text: __('under 1%', 'devskyy'), tone };
  return { text: probability > 0.99 ? __('over 99%', 'devskyy') : percent(Math.round(probability * 100) / 100), tone };
}

/**
 * How the forecast did on past sales against repeating the last season: `{text, tone, detail}`, or null where it could not be tested.
 *
 * Both errors are of the same kind, so their ratio says by how much it was closer.
 */
export function accuracyWords({ error, naive_error: naive }) {
  if (!known(error)) return null;
  /* translators: 1: error of the forecast, 2: error of the simple forecast. */
  const detail = known(naive) ? sprintf(__('Error %1$s, simple forecast %2$s', 'devskyy'), number(error, 2), number(naive, 2)) : '';
  if (!known(naive) || !(Number(naive) > 0)) {
    /* translators: %s: error of the forecast. */
    return { text: sprintf(__('Nothing to compare with yet; error %s', 'devskyy'), number(error, 2)), short: __('Not comparable', 'devskyy'), under: __('with a simple one yet', 'devskyy'), tone: 'plain', detail };
  }
  const better = 1 - error / naive;
  if (better < 0.005) return { text: better < -0.005 ? __('Worse than the simple forecast', 'devskyy') : __('As the simple forecast', 'devskyy'), tone: 'warn', detail };
  return { text: sprintf(/* translators: %s: a share such as "18%". */ __('%s better than the simple forecast', 'devskyy'), percent(better)), short: sprintf(/* translators: %s: a share such as "18%". */ __('%s better', 'devskyy'), percent(better)), tone: 'good', detail };
}

const METHODS = () => ({
  combination: __('Several methods together', 'devskyy'),
  like_category: __('From products of the same category', 'devskyy'),
  boosted: __('Learned from all products together', 'devskyy'),
  counts: __('Learned from all products together', 'devskyy'),
  seasonal_naive: __('The same as last season', 'devskyy'),
  zero: __('Nothing is expected any more', 'devskyy'),
  mean_8: __('The average of the last weeks', 'devskyy'),
  mean_28: __('The average of the last four weeks', 'devskyy'),
  mean_91: __('The average of the last three months', 'devskyy'),
  seasonal_mean_8: __('The average of the same weekdays', 'devskyy'),
  ses: __('The recent level', 'devskyy'),
  ets: __('Level, trend and season, smoothed (ETS)', 'devskyy'),
  ets_plain: __('Level and trend, smoothed (ETS)', 'devskyy'),
  ets_season: __('Level and season, smoothed (ETS)', 'devskyy'),
  ets_trend_season: __('Level, trend and season, smoothed (ETS)', 'devskyy'),
  theta: __('Trend and season (theta)', 'devskyy'),
  theta_dynamic: __('Trend and season (theta)', 'devskyy'),
  profile_level: __('The recent level in the usual pattern', 'devskyy'),
  croston: __('For rare sales (Croston)', 'devskyy'),
  sba: __('For rare sales (Croston, corrected)', 'devskyy'),
  rare: __('Its pace alone: it sold too rarely for more', 'devskyy'),
  tsb: __('For sales that fade out (TSB)', 'devskyy'),
  adida: __('For rare sales, in longer steps (ADIDA)', 'devskyy'),
  imapa: __('For rare sales, in several steps (IMAPA)', 'devskyy'),
});

export const methodLabel = (method) => (method && method !== 'none' ? METHODS()[method] ?? readable(method) : '');

// As NOTE_WORDS of sidecar/retail/note_words.py, in the owner's language and with what to do.
const NOTES = () => ({
  beyond_the_forecast: __('Delivery takes longer than the forecast reaches; its pace is taken to go on.', 'devskyy'),
  category_level: __('Too little of it was sold to know by itself: it follows its category.', 'devskyy'),
  dying: __('It sells less and less.', 'devskyy'),
  ends_early: __('The last days are not known yet.', 'devskyy'),
  intermittent: __('It sells rarely; a method for rare sales was used.', 'devskyy'),
  like_category: __('Too new to know by itself: taken from products of its category.', 'devskyy'),
  negative: __('More came back than was sold on some days; those days count as none sold.', 'devskyy'),
  no_cost: __('Its cost is not known: fill it in under Supply or in the product.', 'devskyy'),
  no_forecast: __('There is no forecast for it yet; the next one includes it.', 'devskyy'),
  no_history: __('Not sold yet: nothing is known of it.', 'devskyy'),
  no_past: __('No agent worked that out then.', 'devskyy'),
  no_supplier: __('It has no supplier yet: choose one under Supply.', 'devskyy'),
  not_better_than_naive: __('On past sales this was no better than repeating the last season.', 'devskyy'),
  not_published: __('It is not published, so nothing is ordered.', 'devskyy'),
  on_sale: __('It is on sale now; past sales may say too little about the lower price.', 'devskyy'),
  one_point: __('There is only one day of sales, so this is hardly more than a guess.', 'devskyy'),
  out_of_stock_days: __('Days without stock were left out: they say nothing about demand.', 'devskyy'),
  override: __('Your own correction is in these figures.', 'devskyy'),
  service_that_pays: __('Nobody entered how often it shall be in stock, so what pays best is used.', 'devskyy'),
  service_level_lowered: __('More than 99.5% in stock is worked out as 99.5%.', 'devskyy'),
  stock_not_managed: __('Stock is not managed for it in WooCommerce, so nothing can be said about ordering.', 'devskyy'),
  watched_four_weeks: __('Stock has been watched for less than four weeks.', 'devskyy'),
  watched_too_short: __('Stock has been watched for less than eight weeks.', 'devskyy'),
  too_short_for_backtest: __('Not enough data yet to test the forecast on past sales.', 'devskyy'),
});

/** What limits the figures, each as a sentence; codes of ours are said in words, sentences stay. */
export function noteWords(notes) {
  const codes = typeof notes === 'string' && /^[a-z0-9_]+( [a-z0-9_]+)*$/.test(notes);
  const list = Array.isArray(notes) ? notes : codes ? notes.split(' ') : [notes];
  const said = list.filter(Boolean).map((note) => (typeof note === 'object' ? sentence(note) : NOTES()[note] ?? (/\s/.test(note) ? __(note, 'devskyy') : `${readable(note)}.`)));
  return [...new Set(said)];
}

/** The figures that stand first on the page and that may be compared with those of four weeks ago. */
export const FIGURES = () => ({
  to_order: __('To order now', 'devskyy'),
  stockouts: __('Ran out in the last 28 days', 'devskyy'),
  dead_stock: __('Tied up in slow stock', 'devskyy'),
  accuracy: __('Forecasts better than a simple one', 'devskyy'),
});

/** Why figures stand without those of four weeks ago: a sentence for each reason, naming the figures, not one under each. */
export function missingPast(figures = {}) {
  const names = new Map();
  for (const [name, label] of Object.entries(FIGURES())) {
    const why = figures[name]?.before_note;
    if (why) names.set(why, [...(names.get(why) ?? []), label]);
  }
  return [...names].map(([why, labels]) => {
    /* translators: used between the names of figures in a list. */
    const list = labels.join(__(', ', 'devskyy'));
    /* translators: 1: names of figures on the page, 2: why, as a sentence. */
    return sprintf(__('No figure of four weeks ago for: %1$s. %2$s', 'devskyy'), list, noteWords(why).join(' '));
  });
}

export const orderState = (state) => ({
  draft: [__('Draft', 'devskyy'), 'plain'],
  sending: [__('Being sent', 'devskyy'), 'busy'],
  unknown: [__('Perhaps sent', 'devskyy'), 'warn'],
  sent: [__('Sent', 'devskyy'), 'busy'],
  part: [__('Partly received', 'devskyy'), 'busy'],
  received: [__('Received', 'devskyy'), 'good'],
  cancelled: [__('Cancelled', 'devskyy'), 'plain'],
})[state] ?? [readable(state), 'plain'];

/* translators: %s: number of a purchase order, such as "PO-0007". */
export const orderName = ({ number: n }) => sprintf(__('Order %s', 'devskyy'), n);

/** Runs of days without stock as the chart shades them. */
export function shades(history) {
  const found = [];
  for (const { day: at, in_stock: there } of history) {
    if (there !== false) {
      found.open = false;
    } else if (found.open) {
      found[found.length - 1].to = at;
    } else {
      found.push({ from: at, to: at, label: __('Out of stock', 'devskyy') });
      found.open = true;
    }
  }
  return found.map(({ from, to, label }) => ({ from, to, label }));
}

const SPAN_DAYS = 28;

/** What the shop is expected to sell in four weeks beside what it sold in the last four: `{value, before, words}`, or null where either is not whole. */
export function outlook({ history = [], forecast = [] } = {}) {
  if (history.length < SPAN_DAYS || forecast.length < SPAN_DAYS) return null;
  const sum = (values) => values.reduce((total, value) => total + Number(value), 0);
  const before = sum(history.slice(-SPAN_DAYS).map(({ sold }) => sold));
  const value = sum(forecast.slice(0, SPAN_DAYS).map(({ mean }) => mean));
  const change = before > 0 ? value / before - 1 : 0;
  const about = Math.abs(change) < 0.005;
  /* translators: %s: number of pieces. */
  let words = sprintf(__('%s in the last 28 days', 'devskyy'), pieces(before));
  if (before > 0 && !about) {
    words = change > 0
      /* translators: 1: a share such as "12%", 2: number of pieces. */
      ? sprintf(__('%1$s more than in the last 28 days (%2$s)', 'devskyy'), percent(change), number(before, 0))
      /* translators: 1: a share such as "12%", 2: number of pieces. */
      : sprintf(__('%1$s less than in the last 28 days (%2$s)', 'devskyy'), percent(-change), number(before, 0));
  }
  return { value, before, words };
}

const PAST_DAYS = 91;

/** The picture of an item or of the shop, or null where nothing was sold and nothing is expected. */
export function chartOf({ history: all = [], forecast = [], level, as_of: now }, title) {
  if (!all.length && !forecast.length) return null;
  const history = all.slice(-PAST_DAYS);
  const nothing = history.every(({ sold, in_stock: there }) => !(sold > 0) && there !== false) && forecast.every(({ mean, high }) => !(mean >= 0.005) && !(high > 0));
  if (nothing) return null;
  // Rare sales are single days, not a line that falls and rises between them.
  const rare = history.filter(({ sold }) => !(sold > 0)).length > history.length / 2;
  const sure = sureness(level);
  const banded = forecast.filter(({ low, high }) => known(low) && known(high));
  const start = now ?? forecast[0]?.day;
  return {
    title, x_label: __('Day', 'devskyy'), y_label: __('Pieces a day', 'devskyy'), unit: 'pieces', x_type: 'date',
    series: [
      // Without stock nothing can be sold: such a day says nothing and the line breaks there.
      { name: __('Sold', 'devskyy'), kind: rare ? 'bar' : 'line', style: 'solid', points: history.map(({ day: at, sold, in_stock: there }) => [at, there === false && !sold ? null : sold]) },
      { name: __('Expected', 'devskyy'), kind: 'line', style: 'dashed', points: forecast.map(({ day: at, mean }) => [at, mean]) },
    ].filter(({ points }) => points.length),
    /* translators: %s: how sure, such as "in 8 of 10 cases". */
    ...(banded.length && { band: { name: sure ? sprintf(__('Range %s', 'devskyy'), sure) : __('Range', 'devskyy'), points: banded.map(({ day: at, low, high }) => [at, low, high]) } }),
    marks: start ? [{ x: start, label: __('Today', 'devskyy') }] : [],
    shade: shades(history),
  };
}

/** What the chosen rows cost together: `{text, unknown}`; rows without a known cost are counted, not guessed. */
export function costOf(rows) {
  const sums = new Map();
  const unknown = rows.filter(({ order_cost: amount }) => !known(amount?.value)).length;
  for (const { order_cost: amount } of rows) {
    if (known(amount?.value)) sums.set(amount.currency, (sums.get(amount.currency) ?? 0) + Number(amount.value));
  }
  return { text: [...sums].map(([currency, value]) => cost({ currency, value })).join(' + '), unknown };
}

/** An override in words: `× 1.5, Nov 28 to Dec 24`. */
export function overrideWords({ kind, value, first_day: first, last_day: last }) {
  const what = kind === 'per_day' ? sprintf(/* translators: %s: number of pieces. */ __('%s a day', 'devskyy'), pieces(value)) : sprintf(/* translators: %s: a factor. */ __('× %s', 'devskyy'), number(value, 2));
  /* translators: 1: what holds, such as "× 1.5", 2: first day, 3: last day. */
  return sprintf(__('%1$s from %2$s to %3$s', 'devskyy'), what, day(first), day(last));
}
