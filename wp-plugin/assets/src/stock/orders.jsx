import { __, _n, sprintf } from '@wordpress/i18n';
import { Button, SelectControl } from '@wordpress/components';
import { useRef, useState } from '@wordpress/element';
import { get } from '../lib/api.js';
import { useLoad } from '../lib/hooks.js';
import { number } from '../lib/money.js';
import { Empty, Problem, Skeleton, Stale } from '../lib/states.jsx';
import { ago, day, moment } from '../lib/time.js';
import { Order, State } from './order.jsx';
import { cost, orderName, orderState } from './words.js';

const STATES = ['draft', 'sending', 'unknown', 'sent', 'part', 'received', 'cancelled'];

function Row({ order, open, onOpen }) {
  const at = order.sent_at ?? order.created_at;
  return (
    <tr role="row" data-row={order.id} className={open ? 'is-open' : ''}>
      <td role="cell" className="col-title">
        <button type="button" className="devskyy-title" aria-expanded={open} onClick={() => onOpen(order.id)}><strong>{orderName(order)}</strong></button>
        <p className="devskyy-quiet"><bdi>{order.supplier_name}</bdi></p>
      </td>
      <td role="cell" className="col-state"><State state={order.state} /></td>
      <td role="cell" className="col-pieces is-figure">
        <span className="devskyy-cell-label" aria-hidden="true">{__('Pieces', 'devskyy')}</span>
        <span className="devskyy-two"><b>{number(order.pieces, 0)}</b>
          <span className="devskyy-quiet">{sprintf(/* translators: %d: number of lines of an order. */ _n('%d line', '%d lines', order.lines, 'devskyy'), order.lines)}</span></span>
      </td>
      <td role="cell" className="col-cost is-figure"><span className="devskyy-cell-label" aria-hidden="true">{__('Total', 'devskyy')}</span>
        <span className="devskyy-two"><b>{cost(order.total)}</b>{order.without_cost > 0 && <span className="devskyy-quiet">{
          /* translators: %d: number of lines of an order. */
          sprintf(_n('without %d line of unknown cost', 'without %d lines of unknown cost', order.without_cost, 'devskyy'), order.without_cost)}</span>}</span>
      </td>
      <td role="cell" className="col-expected"><span className="devskyy-cell-label" aria-hidden="true">{__('Expected', 'devskyy')}</span>{order.expected_on ? day(order.expected_on) : <span className="devskyy-quiet">{__('No day', 'devskyy')}</span>}</td>
      <td role="cell" className="col-created_at"><time dateTime={at} title={moment(at)}>{ago(at)}</time></td>
    </tr>
  );
}

/** Drafts, orders on their way, and what arrived. */
export function Orders({ open, onOpen, onStock }) {
  const [state, setState] = useState('');
  const [more, setMore] = useState({ items: [], next: null, error: null, busy: false });
  const [turn, setTurn] = useState(0);
  const root = useRef(null);
  const query = { state, limit: 25 };
  const list = useLoad('/inventory/purchase-orders', query, turn);
  const { data } = list;
  const away = Boolean(data?.stale) || Boolean(list.error);
  const seen = new Set((data?.items ?? []).map(({ id }) => id));
  const items = [...(data?.items ?? []), ...more.items.filter(({ id }) => !seen.has(id))];
  const cursor = more.items.length ? more.next : data?.next;
  const changed = () => { setMore({ items: [], next: null, error: null, busy: false }); setTurn((n) => n + 1); };
  const older = () => {
    setMore((old) => ({ ...old, busy: true, error: null }));
    get('/inventory/purchase-orders', { ...query, cursor }).then(
      (page) => setMore((old) => ({ items: [...old.items, ...page.items], next: page.next ?? null, error: null, busy: false })),
      (error) => setMore((old) => ({ ...old, error, busy: false })),
    );
  };
  const close = () => {
    const from = open;
    onOpen(null);
    window.requestAnimationFrame(() => root.current?.querySelector(`[data-row="${from}"] .devskyy-title`)?.focus());
  };
  return (
    <div className={`devskyy-split${open ? ' has-panel' : ''}`} ref={root}>
      <div className="devskyy-list">
        <Stale stale={data?.stale} retry={list.reload} />
        {list.error && <Problem error={list.error} retry={list.reload} />}
        {!data && list.loading && <Skeleton rows={5} />}
        {data && (items.length > 0 || state) && (
          <div className="devskyy-toolbar">
            <SelectControl __nextHasNoMarginBottom size="compact" hideLabelFromVision label={__('Any state', 'devskyy')} value={state} onChange={(value) => { setState(value); setMore({ items: [], next: null, error: null, busy: false }); }}
              options={[{ value: '', label: __('Any state', 'devskyy') }, ...STATES.map((value) => ({ value, label: orderState(value)[0] }))]} />
          </div>
        )}
        {data && !items.length && !list.loading && (state
          ? <Empty icon="list" title={__('No order is in this state', 'devskyy')} />
          : (
            <Empty icon="box" title={__('No purchase orders yet', 'devskyy')} action={<Button variant="primary" __next40pxDefaultSize onClick={onStock}>{__('See what to order', 'devskyy')}</Button>}>
              {__('Choose what to order under Items: a draft is written for each supplier, with what is missing and what it costs. You look at it and send it.', 'devskyy')}
            </Empty>
          ))}
        {items.length > 0 && (
          <div className={list.loading ? 'is-loading' : ''} aria-busy={list.loading}>
            <table className={`devskyy-table devskyy-orders-table${open ? ' is-compact' : ''}`} role="table">
              <caption className="screen-reader-text">{__('Purchase orders', 'devskyy')}</caption>
              <thead role="rowgroup"><tr role="row">{[__('Order', 'devskyy'), __('State', 'devskyy'), __('Pieces', 'devskyy'), __('Total', 'devskyy'), __('Expected', 'devskyy'), __('When', 'devskyy')].map((words) => <th key={words} role="columnheader" scope="col">{words}</th>)}</tr></thead>
              <tbody role="rowgroup">{items.map((order) => <Row key={order.id} order={order} open={order.id === open} onOpen={onOpen} />)}</tbody>
            </table>
            {more.error && <Problem error={more.error} retry={older} />}
            {cursor && <div className="devskyy-pages"><Button variant="secondary" size="compact" isBusy={more.busy} disabled={more.busy || away} accessibleWhenDisabled onClick={older}>{__('Show older', 'devskyy')}</Button></div>}
          </div>
        )}
      </div>
      {open && <Order key={open} id={open} away={away} onClose={close} onChange={changed} onGone={() => { onOpen(null); changed(); }} />}
    </div>
  );
}
