import { __, _n, sprintf } from '@wordpress/i18n';
import { Button } from '@wordpress/components';
import { Thumb } from '../inbox/row.jsx';
import { Section } from '../inbox/evidence.jsx';
import { Chart } from '../lib/chart.jsx';
import { quantity, sureness } from '../lib/effect.js';
import { useLoad } from '../lib/hooks.js';
import { number } from '../lib/money.js';
import { SidePanel } from '../lib/panel.jsx';
import { Badge, Problem, Skeleton } from '../lib/states.jsx';
import { shop } from '../lib/shop.js';
import { ago, moment, today } from '../lib/time.js';
import { LowStock } from './level.jsx';
import { Overrides } from './override.jsx';
import { useRun } from './run.jsx';
import { Supply } from './supply.jsx';
import { accuracyWords, chartOf, cost, drafted, expected, methodLabel, noteWords, orderWords, percent, pieces, riskWords, unsold } from './words.js';

const PARTS = () => ({
  reorder_point: __('Order when so many are left', 'devskyy'),
  safety_stock: __('Of these kept in reserve', 'devskyy'),
  order_up_to: __('Fill up to', 'devskyy'),
  stock: __('In stock', 'devskyy'),
  incoming: __('On the way', 'devskyy'),
  stockout_if_ordered: __('May run out even if ordered now', 'devskyy'),
  short: __('Missed without an order', 'devskyy'),
});

function partValue({ value, unit }) {
  if (value === null || value === undefined || typeof value === 'string') return value ?? '';
  if (unit === 'pieces') return pieces(value);
  if (unit === 'share' || unit === 'probability') return riskWords(value).text;
  /* translators: %s: number of days. */
  if (unit === 'days') return sprintf(_n('%s day', '%s days', value, 'devskyy'), number(value, 1));
  return quantity(value, unit);
}

/** The terms stand under Supply. */
const TERMS = ['lead_days', 'lead_spread_days', 'review_days', 'service_level', 'moq', 'pack', 'order_quantity'];

function Facts({ items }) {
  const shown = items.filter(([, value]) => value !== undefined && value !== null && value !== '');
  return shown.length ? <dl className="devskyy-facts">{shown.map(([term, value]) => <div key={term}><dt>{term}</dt><dd><bdi>{value}</bdi></dd></div>)}</dl> : null;
}

function Lead({ item }) {
  return (
    <div className="devskyy-panel-lead">
      <Thumb item={item} size={64} />
      <div>
        <h2><bdi>{item.name}</bdi></h2>
        {item.sku && <p className="devskyy-quiet"><bdi>{item.sku}</bdi></p>}
        <p className="devskyy-links">
          <a href={new URL(`post.php?post=${item.product_id}&action=edit`, new URL(shop().urls.inbox, window.location.href)).href}>{__('Edit product', 'devskyy')}</a>
          {item.dead?.proposal_id && <a href={`${shop().urls.inbox}#${new URLSearchParams({ id: item.dead.proposal_id, state: 'all' })}`}>{__('Proposed markdown', 'devskyy')}</a>}
        </p>
      </div>
    </div>
  );
}

/** What is expected within four weeks, in words. */
function Expected({ item, level }) {
  const words = expected(item.forecast_28);
  if (!words) return <div className="devskyy-expected"><b>{__('No forecast', 'devskyy')}</b><span className="devskyy-quiet">{noteWords(item.notes)[0] ?? __('The next forecast includes it.', 'devskyy')}</span></div>;
  return (
    <div className="devskyy-expected">
      {/* translators: %s: number of pieces. */}
      <b><bdi>{sprintf(__('%s in 28 days', 'devskyy'), words.main)}</bdi></b>
      {/* translators: 1: interval such as "11 to 27", 2: how sure, such as "in 8 of 10 cases". */}
      {words.range && <bdi>{level ? sprintf(__('%1$s %2$s', 'devskyy'), words.range, sureness(level)) : words.range}</bdi>}
    </div>
  );
}

function Order({ item, parts, away, busy, onMake }) {
  const words = orderWords(item, today());
  const risk = riskWords(item.stockout_probability);
  const written = item.drafted >= item.order_quantity;
  if (item.stock === null || item.stock === undefined) return <p className="devskyy-quiet">{noteWords('stock_not_managed')[0]}</p>;
  return (
    <>
      <p className="devskyy-line-acts">
        <span><strong>{words.main}</strong> {words.when}{cost(item.order_cost) && <>, {cost(item.order_cost)}</>}{item.drafted > 0 && <span className="devskyy-quiet"> ({drafted(item)})</span>}</span>
        {item.order_quantity > 0 && <Button variant="primary" size="compact" isBusy={busy} disabled={busy || away || !item.supplier_id || written} accessibleWhenDisabled onClick={() => onMake([item])}>{__('Make a purchase order', 'devskyy')}</Button>}
      </p>
      {item.order_quantity > 0 && !item.supplier_id && !written && <p className="devskyy-quiet">{__('Choose its supplier under Supply to order it.', 'devskyy')}</p>}
      {risk && (
        <p className="devskyy-risk-line">
          <Badge tone={risk.tone}>{risk.text}</Badge>{' '}
          {__('to run out before an order of today would arrive', 'devskyy')}
        </p>
      )}
      <Facts items={(parts ?? []).filter(({ code }) => !TERMS.includes(code)).map((part) => [PARTS()[part.code] ?? __(part.label, 'devskyy'), partValue(part)])} />
    </>
  );
}

function Sure({ item, accuracy }) {
  const words = accuracyWords(item);
  // That its stock is not managed stands under what to order.
  const notes = noteWords((item.notes ?? []).filter((code) => code !== 'stock_not_managed'));
  return (
    <>
      <Facts items={[
        [__('Method', 'devskyy'), methodLabel(item.method)],
        [__('Tested on your past sales', 'devskyy'), words ? words.text : __('Not yet: too little was sold', 'devskyy')],
        [__('Error, simple forecast', 'devskyy'), words?.detail && `${number(item.error, 2)}, ${number(item.naive_error, 2)}${accuracy?.metric ? ` (${accuracy.metric})` : ''}`],
        /* translators: 1: measured share, 2: how sure the range says it is. */
        [__('Sales within the range', 'devskyy'), words && accuracy?.coverage !== null && accuracy?.coverage !== undefined && (accuracy.coverage_level
          ? sprintf(/* translators: 1: measured share, 2: share that the range is made for. */ __('%1$s, where %2$s are meant to be', 'devskyy'), percent(accuracy.coverage), percent(accuracy.coverage_level))
          : percent(accuracy.coverage))],
        [__('Forecast made', 'devskyy'), item.made_at && <time key="at" dateTime={item.made_at} title={moment(item.made_at)}>{ago(item.made_at)}</time>],
      ].map(([term, value]) => [term, value || ''])} />
      {notes.length > 0 && <><h4>{__('Good to know', 'devskyy')}</h4><ul className="devskyy-lines">{notes.map((note) => <li key={note}>{note}</li>)}</ul></>}
    </>
  );
}

const DEAD_STOCK = { name: 'dead-stock', readonly: false };

/** What lies still, what that ties up, and the way out of it. */
function Dead({ item, away, onChange }) {
  const { dead } = item;
  const run = useRun(DEAD_STOCK, { product_ids: [item.product_id] }, onChange);
  return (
    <Section title={dead.state === 'slow' ? __('Sells slowly', 'devskyy') : __('Does not sell', 'devskyy')}>
      <Facts items={[
        [__('Tied up', 'devskyy'), cost(dead)],
        [__('Not sold for', 'devskyy'), unsold(dead.days_no_sale)],
        [__('Sold within 90 days', 'devskyy'), dead.pieces_90 !== undefined && dead.pieces_90 !== null ? pieces(dead.pieces_90) : ''],
      ]} />
      {dead.proposal_id
        ? <p><a className="components-button is-secondary is-compact" href={`${shop().urls.inbox}#${new URLSearchParams({ id: dead.proposal_id, state: 'all' })}`}>{__('Look at the proposed markdown', 'devskyy')}</a></p>
        : (
          <>
            <p className="devskyy-quiet">{__('No markdown is proposed yet. One is only proposed where your margin stays above its floor.', 'devskyy')}</p>
            {run.view || <Button variant="secondary" size="compact" isBusy={run.going} disabled={away || run.going} accessibleWhenDisabled onClick={run.start}>{__('Look for a markdown', 'devskyy')}</Button>}
          </>
        )}
    </Section>
  );
}

/** One item beside the list: what is expected of it, what to order, how sure that is, and what the owner may set. */
export function Item({ id, row, away, busy, turn, onClose, onMake, onChange }) {
  const { data, error, loading, reload } = useLoad(`/inventory/items/${id}`, null, turn);
  const fresh = String(data?.item?.item_id) === id ? data : null;
  const item = fresh?.item ?? row;
  const off = away || Boolean(data?.stale);
  const changed = () => { reload(); onChange(); };
  const chart = fresh && chartOf({ as_of: fresh.as_of?.slice(0, 10), ...fresh }, __('Pieces sold a day, and what is expected', 'devskyy'));
  return (
    <SidePanel id={id} title={__('Item', 'devskyy')} onClose={onClose}>
      <div className="devskyy-panel-body">
        {error && <Problem error={error} retry={reload} />}
        {!item && !error && <Skeleton rows={5} tall />}
        {item && (
          <>
            <Lead item={item} />
            <div className={fresh && loading ? 'is-loading' : ''} aria-busy={Boolean(fresh && loading)}><Expected item={item} level={fresh?.level} /></div>
            <Section title={__('Sold and expected', 'devskyy')}>
              {chart && <div className={loading ? 'is-loading' : ''}><Chart chart={chart} /></div>}
              {!fresh && !error && <Skeleton rows={3} />}
              {fresh && !chart && <p className="devskyy-quiet">{__('Nothing was sold lately and nothing is expected.', 'devskyy')}</p>}
            </Section>
            <Section title={__('What to order', 'devskyy')}><Order item={item} parts={fresh?.parts} away={off} busy={busy} onMake={onMake} /></Section>
            {item.dead && <Dead item={item} away={off} onChange={changed} />}
            <Section title={__('How sure', 'devskyy')}><Sure item={item} accuracy={fresh?.accuracy} /></Section>
            <Section title={__('Your correction', 'devskyy')}><Overrides item={item} overrides={fresh?.overrides} away={off || !fresh} onChange={changed} /></Section>
            <Section title={__('Low-stock warning', 'devskyy')}>{item.low_stock && <LowStock key={`${id} ${item.low_stock.own}`} item={item} />}</Section>
            <Section title={__('Supply', 'devskyy')}><Supply key={id} item={item} parts={fresh?.parts} away={off} onChange={changed} /></Section>
          </>
        )}
      </div>
    </SidePanel>
  );
}
