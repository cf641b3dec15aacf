import { __, _n, sprintf } from '@wordpress/i18n';
import { Button } from '@wordpress/components';
import { useCallback, useEffect, useReducer, useRef, useState } from '@wordpress/element';
import { speak } from '@wordpress/a11y';
import { Frame } from '../lib/frame.jsx';
import { readHash, useHash, useLoad, useSettled, writeHash } from '../lib/hooks.js';
import { Empty, Problem, Skeleton, Stale } from '../lib/states.jsx';
import { PER_PAGE, initial, isFiltered, reduce, remembered, toQuery } from '../lib/table.js';
import { shop } from '../lib/shop.js';
import { useActs } from './acts.js';
import { BulkBar, Summary } from './bulk.jsx';
import { Panel } from './panel.jsx';
import { Pages, Table } from './table.jsx';
import { Toast } from './toast.jsx';
import { Groups, Toolbar } from './toolbar.jsx';

const KEPT = 'devskyy-inbox-view';

function savedView() {
  try {
    return JSON.parse(window.localStorage.getItem(KEPT)) ?? {};
  } catch {
    return {};
  }
}

function start() {
  const { id, agent, state } = readHash();
  const given = { ...(agent ? { agent, family: '', risk: '' } : {}), ...(state || agent ? { group: state || 'all' } : {}) };
  return { ...initial(savedView(), given), open: id ?? null };
}

function useView() {
  const [state, dispatch] = useReducer(reduce, null, start);
  const { view, open } = state;
  useEffect(() => {
    try {
      window.localStorage.setItem(KEPT, JSON.stringify(remembered(view)));
    } catch {
      // A browser that keeps nothing forgets the view; that is all.
    }
  }, [view]);
  useEffect(() => writeHash({ id: open }), [open]);
  useHash(({ id }) => id && dispatch({ type: 'open', id }));
  return [state, dispatch];
}

function NothingHere({ view, counts, dispatch }) {
  if (isFiltered(view)) {
    return (
      <Empty icon="list" title={__('Nothing fits these filters', 'devskyy')}
        action={<Button variant="secondary" __next40pxDefaultSize onClick={() => dispatch({ type: 'clear' })}>{__('Clear filters', 'devskyy')}</Button>} />
    );
  }
  const ever = Object.values(counts ?? {}).some(Boolean);
  const action = <Button variant={ever ? 'secondary' : 'primary'} __next40pxDefaultSize href={shop().urls.agents}>{__('Run an agent', 'devskyy')}</Button>;
  if (view.group === 'open' && ever) {
    return <Empty icon="check" title={__('All decided', 'devskyy')} action={action}>{__('New proposals appear here when an agent finds something worth your decision.', 'devskyy')}</Empty>;
  }
  if (ever) return <Empty icon="inbox" title={__('Nothing here', 'devskyy')} />;
  return <Empty title={__('No proposals yet', 'devskyy')} action={action}>{__('Agents look through your products and orders and propose what could be better, with the reasons. Nothing changes before you approve it.', 'devskyy')}</Empty>;
}

/** Keeps the focus in the list when the row that had it has gone. */
function useRowFocus(ids, root, focus) {
  const last = useRef({ ids, at: -1 });
  useEffect(() => {
    const at = last.current.ids.indexOf(focus);
    const lost = document.activeElement === document.body || document.activeElement === null;
    if (at >= 0 && !ids.includes(focus) && lost && ids.length) {
      const next = ids[Math.min(at, ids.length - 1)];
      root.current?.querySelector(`[data-row="${next}"] .devskyy-title`)?.focus();
    }
    last.current = { ids };
  }, [ids.join()]);
}

export function Inbox() {
  const [state, dispatch] = useView();
  const [search, setSearch] = useState('');
  const [confirm, setConfirm] = useState(null);
  const [turn, setTurn] = useState(0);
  const settled = useSettled(search);
  const list = useLoad('/proposals', toQuery(state.view));
  const agentList = useLoad('/agents');
  const root = useRef(null);
  const told = useRef(null);
  const after = useCallback(() => { list.reload(); setTurn((n) => n + 1); }, [list.reload]);
  const acts = useActs(after);

  useEffect(() => { if (settled !== state.view.q) dispatch({ type: 'view', view: { q: settled } }); }, [settled]);
  const { data } = list;
  const items = data?.items ?? [];
  const ids = items.map((item) => item.id);
  useEffect(() => {
    if (!data) return;
    dispatch({ type: 'loaded', ids });
    // Said when another list was asked for, not after each decision: that has its own words.
    const asked = JSON.stringify(state.view);
    if (told.current === asked) return;
    told.current = asked;
    /* translators: %d: number of proposals. */
    speak(sprintf(_n('%d proposal', '%d proposals', data.total, 'devskyy'), data.total));
  }, [data]);
  useRowFocus(ids, root, state.focus);
  useEffect(() => {
    // The panel tells how its own proposal went.
    if (acts.last && acts.last.id === state.open) acts.forget();
  }, [acts.last, state.open]);
  useEffect(() => {
    // The list gets narrower beside the panel: keep the open row in sight.
    if (state.open) root.current?.querySelector(`[data-row="${state.open}"]`)?.scrollIntoView({ block: 'nearest' });
  }, [state.open]);

  const open = (id, asking = false) => { setConfirm(asking ? id : null); dispatch({ type: 'open', id }); };
  const close = () => {
    const from = state.open;
    dispatch({ type: 'open', id: null });
    setConfirm(null);
    window.requestAnimationFrame(() => (root.current?.querySelector(`[data-row="${from}"] .devskyy-title`) ?? root.current?.querySelector('.devskyy-title'))?.focus());
  };
  const away = data?.stale ? __('Deciding waits until the sidecar answers again.', 'devskyy') : null;
  const agents = agentList.data?.items ?? [];
  const change = (view) => dispatch({ type: 'view', view });
  const wrong = list.error && !data;
  const never = data && !Object.values(data.counts ?? {}).some(Boolean) && !isFiltered(state.view);

  return (
    <Frame page="inbox" count={data?.counts?.pending}>
      <Stale stale={data?.stale} retry={after}>{__('Deciding waits until it answers again; undoing works meanwhile.', 'devskyy')}</Stale>
      {list.error && data && <Problem error={list.error} retry={list.reload} />}
      <Summary summary={acts.summary} onClose={acts.clear} onOpen={open} />
      <div className={`devskyy-split${state.open ? ' has-panel' : ''}`} ref={root}>
        <div className="devskyy-list" onKeyDown={(event) => { if (event.key === 'Escape' && state.open && !event.defaultPrevented) close(); }}>
          {!wrong && !never && (
            <>
              <Groups view={state.view} counts={data?.counts} onChange={change} />
              <Toolbar view={state.view} search={search} onSearch={setSearch} agents={agents} onChange={change}
                onClear={() => { setSearch(''); dispatch({ type: 'clear' }); }} />
            </>
          )}
          <BulkBar chosen={items.filter((item) => state.selected.includes(item.id))} acts={acts} disabled={Boolean(away)} onNone={() => dispatch({ type: 'none' })} />
          {wrong && <Problem error={list.error} retry={list.reload} />}
          {!data && !list.error && <Skeleton rows={8} />}
          {data && items.length === 0 && !list.loading && <NothingHere view={state.view} counts={data.counts} dispatch={(action) => { setSearch(''); dispatch(action); }} />}
          {items.length > 0 && (
            <div className={list.loading ? 'is-loading' : ''} aria-busy={list.loading}>
              <Table items={items} state={state} dispatch={dispatch} agents={agents} acts={acts} disabled={Boolean(away)} compact={Boolean(state.open)} onOpen={open} />
              <Pages view={state.view} total={data.total} pages={data.pages} dispatch={dispatch} perPage={PER_PAGE} />
              <p id="devskyy-keys" className="devskyy-keys">{__('Keyboard: arrows or J and K move, Space selects, Enter opens, Escape closes.', 'devskyy')}</p>
            </div>
          )}
        </div>
        {state.open && (
          <Panel id={state.open} item={items.find((item) => item.id === state.open)} agents={agents} acts={acts} away={away} turn={turn}
            confirm={confirm === state.open} onClose={close} onOpen={open} />
        )}
      </div>
      <Toast last={acts.last} onOpen={open} onUndo={(proposal) => acts.act('undo', proposal)} onClose={acts.forget} />
    </Frame>
  );
}
