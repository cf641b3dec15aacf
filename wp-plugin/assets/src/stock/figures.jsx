import { __, sprintf } from '@wordpress/i18n';
import { Chart } from '../lib/chart.jsx';
import { number, roundMoney } from '../lib/money.js';
import { chartOf, noteWords, percent } from './words.js';

const FIGURES = () => [
  ['to_order', __('To order now', 'devskyy')],
  ['order_cost', __('What that costs', 'devskyy')],
  ['stockouts', __('Ran out in the last 28 days', 'devskyy')],
  ['dead_stock', __('Tied up in slow stock', 'devskyy')],
  ['accuracy', __('Forecasts better than a simple one', 'devskyy')],
];

/** A figure in its unit: money by its currency's code, a share in percent, else a count. */
function figure({ value, unit }) {
  if (/^[A-Z]{3}$/.test(unit ?? '')) return roundMoney(value, { currency: unit });
  if (unit === 'share' || unit === 'percent') return percent(unit === 'percent' && value > 1 ? value / 100 : value);
  return number(value, 0);
}

const unknown = (value) => value === null || value === undefined;

function trend(found) {
  if (unknown(found.before) || unknown(found.value)) return '';
  /* translators: %s: a figure. */
  return Number(found.before) === Number(found.value) ? __('As four weeks ago', 'devskyy') : sprintf(__('Four weeks ago: %s', 'devskyy'), figure({ ...found, value: found.before }));
}

function Figure({ label, found }) {
  const notes = noteWords(found?.note);
  const small = [found && trend(found), ...notes].filter(Boolean);
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        {!found || unknown(found.value) ? <b className="devskyy-quiet">{__('Not known yet', 'devskyy')}</b> : <b><bdi>{figure(found)}</bdi></b>}
        {small.map((line) => <span key={line} className="devskyy-quiet">{line}</span>)}
      </dd>
    </div>
  );
}

/** The answer first: what to order, what it costs, what went wrong, what lies still, how good the forecast is. */
export function Figures({ overview }) {
  return (
    <dl className="devskyy-figures">
      {FIGURES().map(([name, label]) => <Figure key={name} label={label} found={overview.figures?.[name]} />)}
    </dl>
  );
}

/** The whole shop's sales and what is expected of them. */
export function Picture({ overview }) {
  const chart = overview.chart && chartOf({ as_of: overview.as_of?.slice(0, 10), ...overview.chart }, __('Pieces sold a day in the whole shop, and what is expected', 'devskyy'));
  return chart ? <div className="devskyy-card devskyy-picture-card"><Chart chart={chart} /></div> : null;
}
