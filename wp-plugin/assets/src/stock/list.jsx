import { __, _n, sprintf } from '@wordpress/i18n';
import { Button, SearchControl, SelectControl } from '@wordpress/components';
import { useEffect, useRef, useState } from '@wordpress/element';
import { useLoad } from '../lib/hooks.js';
import { number } from '../lib/money.js';
import { Badge, Empty, Problem } from '../lib/states.jsx';
import { step } from '../lib/table.js';
import { Thumb } from '../inbox/row.jsx';
import { VIEWS, accuracyWords, cost, costOf, drafted, expected, orderWords, riskWords, unsold } from './words.js';

const VIEW_LABELS = () => ({ order: __('To order', 'devskyy'), dead: __('Slow or not selling', 'devskyy'), all: __('All', 'devskyy') });

const COLUMNS = () => ({
  title: __('Item', 'devskyy'),
  stock: __('In stock', 'devskyy'),
  expected: __('Next 28 days', 'devskyy'),
  risk: __('May run out', 'devskyy'),
  order: __('Order', 'devskyy'),
  cost: __('Cost', 'devskyy'),
  value: __('Tied up', 'devskyy'),
  unsold: __('Not sold for', 'devskyy'),
  markdown: __('Way out', 'devskyy'),
  accuracy: __('Accuracy', 'devskyy'),
});

const SHOWN = {
  order: ['title', 'stock', 'expected', 'risk', 'order', 'cost', 'accuracy'],
  dead: ['title', 'stock', 'value', 'unsold', 'expected', 'markdown'],
  all: ['title', 'stock', 'expected', 'risk', 'order', 'accuracy'],
};

const unknown = () => <span className="devskyy-quiet">{__('Not known', 'devskyy')}</span>;

function Two({ main, under, tone }) {
  return <span className={`devskyy-two${tone ? ` is-${tone}` : ''}`}><b><bdi>{main}</bdi></b>{under && <bdi className="devskyy-quiet">{under}</bdi>}</span>;
}

function Stock({ row }) {
  if (row.stock === null || row.stock === undefined) return <span className="devskyy-quiet">{__('Not counted', 'devskyy')}</span>;
  return <Two main={number(row.stock, 0)} under={row.incoming > 0 ? sprintf(/* translators: %s: number of pieces that are ordered and on their way. */ __('%s on the way', 'devskyy'), number(row.incoming, 0)) : ''} tone={row.stock <= 0 ? 'loss' : ''} />;
}

/** How good the forecast of a row was, in few words. */
export function Accuracy({ row }) {
  const words = accuracyWords(row);
  if (!words) return <span className="devskyy-quiet">{__('Not tested yet', 'devskyy')}</span>;
  return (
    <span className="devskyy-two" title={[words.text, words.detail].filter(Boolean).join('. ')}>
      <span><Badge tone={words.tone}>{words.short ?? words.text}</Badge></span>
      {words.short && <span className="devskyy-quiet">{words.under ?? __('than a simple one', 'devskyy')}</span>}
    </span>
  );
}

function Cell({ name, row, today, urls }) {
  const words = name === 'expected' ? expected(row.forecast_28) : null;
  const risk = name === 'risk' ? riskWords(row.stockout_probability) : null;
  switch (name) {
    case 'stock': return <Stock row={row} />;
    case 'expected': return words ? <Two main={words.main} under={words.range} /> : unknown();
    case 'risk': return risk ? <Badge tone={risk.tone}>{risk.text}</Badge> : unknown();
    case 'order': {
      const order = orderWords(row, today);
      return <Two main={order.main} under={[order.when, drafted(row)].filter(Boolean).join(' · ')} tone={order.late ? 'loss' : ''} />;
    }
    case 'cost': return cost(row.order_cost) || unknown();
    case 'value': return cost(row.dead) || unknown();
    case 'unsold': return <Two main={unsold(row.dead?.days_no_sale)} under={row.dead?.state === 'slow' ? __('Sells slowly', 'devskyy') : __('Does not sell', 'devskyy')} />;
    case 'markdown':
      return row.dead?.proposal_id
        ? <a href={`${urls.inbox}#${new URLSearchParams({ id: row.dead.proposal_id, state: 'all' })}`}>{__('Proposed markdown', 'devskyy')}</a>
        : <span className="devskyy-quiet">{__('None proposed', 'devskyy')}</span>;
    default: return <Accuracy row={row} />;
  }
}

function Row({ row, columns, today, urls, choosing, selected, open, onSelect, onOpen }) {
  return (
    <tr role="row" data-row={row.item_id} className={`${selected ? 'is-selected' : ''}${open ? ' is-open' : ''}`}>
      {choosing && <td role="cell" className="col-check">
        {/* translators: %s: name of a product. */}
        <input type="checkbox" checked={selected} onChange={() => onSelect(row.item_id)} aria-label={sprintf(__('Select: %s', 'devskyy'), row.name)} />
      </td>}
      {columns.map((name) => (name === 'title' ? (
        <td key={name} role="cell" className="col-title">
          <div className="devskyy-lead">
            <Thumb item={row} />
            <div>
              <button type="button" className="devskyy-title" aria-expanded={open} onClick={() => onOpen(String(row.item_id))}><strong><bdi>{row.name}</bdi></strong></button>
              <p className="devskyy-quiet">
                {row.sku && <bdi>{row.sku}</bdi>}{row.sku && row.supplier_name && ' · '}{row.supplier_name && <bdi>{row.supplier_name}</bdi>}
                {row.override && <> <Badge tone="busy">{__('Corrected by you', 'devskyy')}</Badge></>}
              </p>
            </div>
          </div>
        </td>
      ) : (
        <td key={name} role="cell" className={`col-${name} is-figure`}>
          <span className="devskyy-cell-label" aria-hidden="true">{COLUMNS()[name]}</span>
          <Cell name={name} row={row} today={today} urls={urls} />
        </td>
      )))}
    </tr>
  );
}

/** The items. Arrows or j/k move, Enter opens. */
export function List({ view, rows, today, urls, selected, open, onSelect, onAll, onOpen }) {
  const body = useRef(null);
  const box = useRef(null);
  const columns = SHOWN[view];
  const ids = rows.map((row) => String(row.item_id));
  const all = rows.length > 0 && rows.every((row) => selected.includes(row.item_id));
  // What does not sell is not ordered, so there is nothing to choose it for.
  const choosing = view !== 'dead';
  useEffect(() => { if (box.current) box.current.indeterminate = selected.length > 0 && !all; }, [selected.length, all]);
  const onKeyDown = (event) => {
    if (!event.target.classList.contains('devskyy-title') || event.altKey || event.ctrlKey || event.metaKey) return;
    if (!['ArrowDown', 'ArrowUp', 'j', 'k', 'Home', 'End'].includes(event.key)) return;
    event.preventDefault();
    body.current.querySelector(`[data-row="${step(ids, event.target.closest('[data-row]').dataset.row, event.key)}"] .devskyy-title`)?.focus();
  };
  return (
    <table className={`devskyy-table devskyy-stock-table is-${view}${open ? ' is-compact' : ''}`} role="table" aria-describedby="devskyy-keys">
      <caption className="screen-reader-text">{VIEW_LABELS()[view]}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {choosing && <th role="columnheader" scope="col" className="col-check"><label><input ref={box} type="checkbox" checked={all} onChange={() => onAll(!all)} aria-label={__('Select all on this page', 'devskyy')} /> <span className="devskyy-cell-label" aria-hidden="true">{__('Select all on this page', 'devskyy')}</span></label></th>}
          {columns.map((name) => <th key={name} role="columnheader" scope="col" className={`col-${name}`}>{COLUMNS()[name]}</th>)}
        </tr>
      </thead>
      <tbody role="rowgroup" ref={body} onKeyDown={onKeyDown}>
        {rows.map((row) => <Row key={row.item_id} {...{ row, columns, today, urls, choosing, onSelect, onOpen }} selected={selected.includes(row.item_id)} open={String(row.item_id) === open} />)}
      </tbody>
    </table>
  );
}

/** The views as the links that WordPress puts above its lists, and the search. */
export function Toolbar({ view, search, onView, onSearch }) {
  return (
    <div className="devskyy-stock-bar">
      <ul className="devskyy-groups" aria-label={__('Items', 'devskyy')}>
        {VIEWS.map((name) => <li key={name}><button type="button" className={view === name ? 'is-current' : ''} aria-pressed={view === name} onClick={() => onView(name)}>{VIEW_LABELS()[name]}</button></li>)}
      </ul>
      <div className="devskyy-toolbar" role="search" aria-label={__('Items', 'devskyy')}>
        <SearchControl __nextHasNoMarginBottom size="compact" label={__('Search items', 'devskyy')} placeholder={__('Search by name or SKU', 'devskyy')} value={search} onChange={onSearch} />
      </div>
    </div>
  );
}

/** From whom to order what has no supplier; without any supplier, the way to the first. */
function ForOthers({ count, value, onChange, onSuppliers }) {
  const list = useLoad('/inventory/suppliers');
  if (list.error) return <Problem error={list.error} retry={list.reload} />;
  if (!list.data) return null;
  /* translators: %d: number of items. */
  const label = sprintf(_n('Supplier of %d item that has none', 'Supplier of %d items that have none', count, 'devskyy'), count);
  return list.data.items.length
    ? <SelectControl __nextHasNoMarginBottom size="compact" label={label} value={value} options={[{ value: '', label: __('Leave out for now', 'devskyy') }, ...list.data.items.map(({ id, name }) => ({ value: id, label: name }))]} onChange={onChange} />
    : <p>{label}: <button type="button" className="devskyy-linklike" onClick={onSuppliers}>{__('Add a supplier first', 'devskyy')}</button></p>;
}

/** What the chosen items come to, and the one thing to do with them. */
export function Chosen({ rows, busy, away, onMake, onNone, onSuppliers }) {
  const [supplier, setSupplier] = useState('');
  const needed = rows.filter((row) => row.order_quantity > 0);
  // What drafts hold already is not ordered a second time.
  const due = needed.filter((row) => !(row.drafted >= row.order_quantity));
  const written = needed.length - due.length;
  const others = due.filter((row) => !row.supplier_id);
  const wanted = supplier ? due : due.filter((row) => row.supplier_id);
  if (!rows.length) return null;
  const sum = costOf(wanted);
  return (
    <div className="devskyy-bulk" role="region" aria-label={__('Chosen items', 'devskyy')}>
      <div className="devskyy-buttons">
        <Button variant="primary" size="compact" isBusy={busy} disabled={busy || away || !wanted.length} accessibleWhenDisabled onClick={() => onMake(wanted, supplier)}>
          {/* translators: %d: number of items. */}
          {wanted.length ? sprintf(_n('Make purchase orders for %d item', 'Make purchase orders for %d items', wanted.length, 'devskyy'), wanted.length) : __('Make purchase orders', 'devskyy')}
        </Button>
        <Button variant="tertiary" size="compact" onClick={onNone}>{__('Clear selection', 'devskyy')}</Button>
        <span>
          {sum.text && <b>{sum.text}</b>}
          {sum.unknown > 0 && ` ${sprintf(/* translators: %d: number of items. */ _n('and %d item whose cost is not known', 'and %d items whose cost is not known', sum.unknown, 'devskyy'), sum.unknown)}`}
        </span>
      </div>
      {written > 0 && <p>{sprintf(/* translators: %d: number of items. */ _n('%d item is in a draft already and is left out.', '%d items are in drafts already and are left out.', written, 'devskyy'), written)}</p>}
      {others.length > 0 && !away && <ForOthers count={others.length} value={supplier} onChange={setSupplier} onSuppliers={onSuppliers} />}
      <p className="devskyy-quiet">{__('Drafts only, one for each supplier. Nothing is sent before you send it.', 'devskyy')}</p>
    </div>
  );
}

export function NothingHere({ view, searching, onClear }) {
  if (searching) return <Empty icon="list" title={__('Nothing fits this search', 'devskyy')} action={<Button variant="secondary" __next40pxDefaultSize onClick={onClear}>{__('Clear the search', 'devskyy')}</Button>} />;
  if (view === 'order') return <Empty icon="check" title={__('Nothing to order today', 'devskyy')}>{__('An item appears here on the day on which it has to be ordered to arrive in time.', 'devskyy')}</Empty>;
  if (view === 'dead') return <Empty icon="check" title={__('Everything in stock sells', 'devskyy')}>{__('Items that lie still for long, or would last for more than a year, appear here with what they tie up, and with a markdown that keeps your margin.', 'devskyy')}</Empty>;
  return <Empty icon="box" title={__('No items yet', 'devskyy')}>{__('Products whose stock WooCommerce counts appear here with what is expected of them.', 'devskyy')}</Empty>;
}
