import { __, _n, sprintf } from '@wordpress/i18n';
import { Chart } from '../lib/chart.jsx';
import { number, roundMoney } from '../lib/money.js';
import { chartOf, FIGURES, missingPast, noteWords, outlook, percent, pieces } from './words.js';

const unknown = (found) => found?.value === null || found?.value === undefined;

/** A figure in its unit: money by its currency's code, a share in percent, else a count. */
function figure({ value, unit }) {
  if (/^[A-Z]{3}$/.test(unit ?? '')) return roundMoney(value, { currency: unit });
  return unit === 'share' ? percent(value) : number(value, 0);
}

function Figure({ label, value, lines }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        {value ? <b><bdi>{value}</bdi></b> : <b className="devskyy-quiet">{__('Not known yet', 'devskyy')}</b>}
        {lines.filter(Boolean).map((line) => <span key={line} className="devskyy-quiet">{line}</span>)}
      </dd>
    </div>
  );
}

function costless(count) {
  /* translators: %s: number of items. */
  return count > 0 && sprintf(_n('without %s item of unknown cost', 'without %s items of unknown cost', count, 'devskyy'), number(count, 0));
}

/** What stands below a figure: the sidecar's numbers in the shop's words; without them, its own words. */
const below = {
  order: ({ without_cost: count, note }) => [costless(count), ...noteWords(note)],
  dead: ({ items: count, without_cost: without, note }) => [count !== undefined && items({ value: count }), costless(without), ...noteWords(note)],
  /* translators: 1: number of items that could be tested, 2: number of items. */
  accuracy: ({ value, tested, items: all, note }) => (tested === undefined || value === undefined ? noteWords(note) : [sprintf(__('%1$s of %2$s items could be tested', 'devskyy'), number(tested, 0), number(all, 0))]),
};

/** What it was four weeks ago; where that is not known, nothing: one line below all figures says why. */
function formerly(found) {
  /* translators: %s: the figure of four weeks ago. */
  return found?.before && sprintf(__('%s four weeks ago', 'devskyy'), figure({ value: found.before.value, unit: found.unit }));
}

/* translators: %s: number of items. */
function items({ value }) {
  return sprintf(_n('%s item', '%s items', value, 'devskyy'), number(value, 0));
}

/** The answer first: what will sell, what to order and its cost, what ran out, what lies still, how good the forecast is. */
export function Figures({ overview }) {
  const { to_order: order, order_cost: cost, stockouts, dead_stock: dead, accuracy } = overview.figures ?? {};
  const ahead = outlook(overview.chart);
  const plain = (found) => (unknown(found) ? '' : figure(found));
  const labels = FIGURES();
  return (
    <>
      <dl className="devskyy-figures">
        <Figure label={__('Will sell in the next 28 days', 'devskyy')} value={ahead && pieces(ahead.value)} lines={[ahead?.words]} />
        <Figure label={labels.to_order} value={unknown(order) ? '' : items(order)} lines={[!unknown(cost) && Number(cost.value) > 0 && figure(cost), formerly(order), ...below.order(cost ?? {})]} />
        <Figure label={labels.stockouts} value={unknown(stockouts) ? '' : items(stockouts)} lines={[formerly(stockouts), ...noteWords(stockouts?.note)]} />
        <Figure label={labels.dead_stock} value={plain(dead)} lines={[formerly(dead), ...below.dead(dead ?? {})]} />
        <Figure label={labels.accuracy} value={plain(accuracy)} lines={[formerly(accuracy), ...below.accuracy(accuracy ?? {})]} />
      </dl>
      {missingPast(overview.figures).map((line) => <p key={line} className="devskyy-quiet devskyy-past">{line}</p>)}
    </>
  );
}

/** The whole shop's sales and what is expected of them. */
export function Picture({ overview }) {
  const chart = overview.chart && chartOf({ as_of: overview.as_of?.slice(0, 10), ...overview.chart }, __('Pieces sold a day in the whole shop, and what is expected', 'devskyy'));
  return chart ? <div className="devskyy-card devskyy-picture-card"><Chart chart={chart} /></div> : null;
}
