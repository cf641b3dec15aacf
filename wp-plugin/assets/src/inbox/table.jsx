import { __, sprintf } from '@wordpress/i18n';
import { useEffect, useRef } from '@wordpress/element';
import { Icon } from '../lib/icons.jsx';
import { step } from '../lib/table.js';
import { Row } from './row.jsx';

const COLUMNS = () => [
  ['title', __('Proposal', 'devskyy')],
  ['effect', __('Expected effect', 'devskyy')],
  ['risk', __('Risk', 'devskyy')],
  ['created_at', __('Age', 'devskyy')],
];

function Head({ view, allOn, someOn, onAll, onSort }) {
  const box = useRef(null);
  useEffect(() => { box.current.indeterminate = someOn && !allOn; }, [someOn, allOn]);
  return (
    <thead role="rowgroup">
      <tr role="row">
        <th role="columnheader" scope="col" className="col-check">
          <label>
            <input ref={box} type="checkbox" checked={allOn} onChange={() => onAll(!allOn)} aria-label={__('Select all on this page', 'devskyy')} />
            {' '}<span className="devskyy-cell-label" aria-hidden="true">{__('Select all on this page', 'devskyy')}</span>
          </label>
        </th>
        {COLUMNS().map(([column, label]) => <SortHead key={column} column={column} label={label} sort={view.sort} onSort={onSort} />)}
        <th role="columnheader" scope="col" className="col-acts"><span className="screen-reader-text">{__('What to do', 'devskyy')}</span></th>
      </tr>
    </thead>
  );
}

function SortHead({ column, label, sort, onSort }) {
  const on = sort.replace('-', '') === column;
  const down = sort.startsWith('-');
  // Age is the creation time read backwards: newest first is the smallest age.
  const rising = column === 'created_at' ? down : !down;
  return (
    <th role="columnheader" scope="col" className={`col-${column}`} aria-sort={on ? (rising ? 'ascending' : 'descending') : undefined}>
      <button type="button" className={on ? 'is-sorted' : ''} onClick={() => onSort(column)}>
        {label}<Icon name={on && rising ? 'up' : 'down'} size={16} />
      </button>
    </th>
  );
}

/** The list. Arrows or j/k move, Space selects, Enter opens, Escape closes what is open. */
export function Table({ items, state, dispatch, agents, acts, disabled, compact, onOpen }) {
  const body = useRef(null);
  const ids = items.map((item) => item.id);
  const selected = new Set(state.selected);
  const current = ids.includes(state.focus) ? state.focus : ids[0];

  const focusRow = (id) => body.current?.querySelector(`[data-row="${id}"] .devskyy-title`)?.focus();
  const onKeyDown = (event) => {
    const row = event.target.closest('[data-row]');
    if (!row || event.altKey || event.ctrlKey || event.metaKey) return;
    const onTitle = event.target.classList.contains('devskyy-title');
    if (!onTitle && event.target.type !== 'checkbox') return;
    const id = row.dataset.row;
    if (['ArrowDown', 'ArrowUp', 'j', 'k', 'Home', 'End'].includes(event.key)) {
      event.preventDefault();
      const next = step(ids, id, event.key);
      if (event.shiftKey && next !== id) dispatch({ type: 'range', ids, id: next });
      else dispatch({ type: 'focus', id: next });
      focusRow(next);
    } else if (event.key === ' ' && onTitle) {
      event.preventDefault();
      dispatch({ type: 'toggle', id });
    }
  };

  const onFocus = (event) => {
    const id = event.target.closest('[data-row]')?.dataset.row;
    if (id && id !== state.focus) dispatch({ type: 'focus', id });
  };

  const allOn = ids.length > 0 && ids.every((id) => selected.has(id));
  return (
    <table className={`devskyy-table${compact ? ' is-compact' : ''}`} role="table" aria-describedby="devskyy-keys">
      <caption className="screen-reader-text">{__('Proposals', 'devskyy')}</caption>
      <Head view={state.view} allOn={allOn} someOn={state.selected.length > 0}
        onAll={(on) => dispatch({ type: 'all', ids, on })} onSort={(column) => dispatch({ type: 'sort', column })} />
      <tbody role="rowgroup" ref={body} onKeyDown={onKeyDown} onFocus={onFocus}
        // The key-up of Space would press the title's button although Space selects here.
        onKeyUp={(event) => { if (event.key === ' ' && event.target.classList.contains('devskyy-title')) event.preventDefault(); }}>
        {items.map((item) => (
          <Row key={item.id} item={item} agent={agents.find((agent) => agent.name === item.agent)} selected={selected.has(item.id)}
            open={state.open === item.id} current={item.id === current} disabled={disabled} acts={acts} onOpen={onOpen}
            onSelect={(event) => dispatch(event.nativeEvent.shiftKey ? { type: 'range', ids, id: item.id } : { type: 'toggle', id: item.id })} />
        ))}
      </tbody>
    </table>
  );
}

/** Where one is in a long list, and how long its pages are. */
export function Pages({ view, total, pages, dispatch, perPage }) {
  const go = (page) => dispatch({ type: 'view', view: { page } });
  const button = (label, text, page, off) => (
    <button type="button" className="button" aria-label={label} disabled={off} onClick={() => go(page)}>{text}</button>
  );
  return (
    <div className="devskyy-pages">
      <label>
        {__('Rows per page', 'devskyy')}{' '}
        <select value={view.perPage} onChange={(event) => dispatch({ type: 'view', view: { perPage: Number(event.target.value) } })}>
          {perPage.map((count) => <option key={count} value={count}>{count}</option>)}
        </select>
      </label>
      {pages > 1 && (
        <nav className="devskyy-buttons" aria-label={__('Pages of proposals', 'devskyy')}>
          {button(__('First page', 'devskyy'), '«', 1, view.page <= 1)}
          {button(__('Previous page', 'devskyy'), '‹', view.page - 1, view.page <= 1)}
          {/* translators: 1: page, 2: number of pages, 3: number of proposals. */}
          <span>{sprintf(__('Page %1$d of %2$d (%3$d in all)', 'devskyy'), view.page, pages, total)}</span>
          {button(__('Next page', 'devskyy'), '›', view.page + 1, view.page >= pages)}
          {button(__('Last page', 'devskyy'), '»', pages, view.page >= pages)}
        </nav>
      )}
    </div>
  );
}
