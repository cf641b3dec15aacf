import { __, _n, sprintf } from '@wordpress/i18n';
import { Button } from '@wordpress/components';
import { useEffect, useRef, useState } from '@wordpress/element';
import { speak } from '@wordpress/a11y';
import { download, get } from '../lib/api.js';
import { hookName } from '../connections/words.js';
import { Frame } from '../lib/frame.jsx';
import { readHash, useHash, useLoad, useSettled, writeHash } from '../lib/hooks.js';
import { sentence } from '../lib/message.js';
import { number } from '../lib/money.js';
import { shop } from '../lib/shop.js';
import { Badge, Empty, Problem, Skeleton, Stale } from '../lib/states.jsx';
import { step } from '../lib/table.js';
import { ago, moment, today } from '../lib/time.js';
import { NO_FILTER, actionWords, isFiltered, listsFor, toQuery } from './entry.js';
import { Chain, Changes, Detail, Subject, Who } from './parts.jsx';
import { Toolbar } from './toolbar.jsx';

const LIMIT = 50;

function Line({ entry, names, open, onOpen }) {
  return (
    <tr role="row" data-row={entry.n} className={open ? 'is-open' : ''}>
      <td role="cell" className="col-title">
        <button type="button" className="devskyy-title" aria-expanded={open} onClick={() => onOpen(entry.n)}><strong>{actionWords(entry.action)}</strong></button>
        {entry.failed && <> <Badge tone="bad">{__('Refused or failed', 'devskyy')}</Badge></>}
        <p className="devskyy-on"><Subject entry={entry} names={names} /></p>
      </td>
      <td role="cell" className="col-changes"><Changes entry={entry} /></td>
      <td role="cell" className="col-who"><Who entry={entry} /></td>
      <td role="cell" className="col-created_at"><time dateTime={entry.at} title={moment(entry.at)}>{ago(entry.at)}</time></td>
      <td role="cell" className="col-request">{entry.request_id && <code title={entry.request_id}>{entry.request_id.slice(0, 8)}</code>}</td>
    </tr>
  );
}

function List({ items, names, open, onOpen }) {
  const body = useRef(null);
  const ids = items.map((entry) => String(entry.n));
  const onKeyDown = (event) => {
    if (!event.target.classList.contains('devskyy-title') || event.altKey || event.ctrlKey || event.metaKey) return;
    if (!['ArrowDown', 'ArrowUp', 'j', 'k', 'Home', 'End'].includes(event.key)) return;
    event.preventDefault();
    body.current.querySelector(`[data-row="${step(ids, event.target.closest('[data-row]').dataset.row, event.key)}"] .devskyy-title`)?.focus();
  };
  return (
    <table className={`devskyy-table devskyy-activity-table${open ? ' is-compact' : ''}`} role="table" aria-describedby="devskyy-keys">
      <caption className="screen-reader-text">{__('Activity', 'devskyy')}</caption>
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">{__('What', 'devskyy')}</th>
          <th role="columnheader" scope="col" className="col-changes">{__('Before and after', 'devskyy')}</th>
          <th role="columnheader" scope="col">{__('Who', 'devskyy')}</th>
          <th role="columnheader" scope="col">{__('When', 'devskyy')}</th>
          <th role="columnheader" scope="col" className="col-request">{__('Request', 'devskyy')}</th>
        </tr>
      </thead>
      <tbody role="rowgroup" ref={body} onKeyDown={onKeyDown}>
        {items.map((entry) => <Line key={entry.n} entry={entry} names={names} open={String(entry.n) === open} onOpen={(n) => onOpen(String(n))} />)}
      </tbody>
    </table>
  );
}

function NothingHere({ filtered, onClear }) {
  if (filtered) {
    return <Empty icon="list" title={__('Nothing fits these filters', 'devskyy')} action={<Button variant="secondary" __next40pxDefaultSize onClick={onClear}>{__('Clear filters', 'devskyy')}</Button>} />;
  }
  return (
    <Empty icon="list" title={__('Nothing has happened yet', 'devskyy')} action={<Button variant="primary" __next40pxDefaultSize href={shop().urls.agents}>{__('Run an agent', 'devskyy')}</Button>}>
      {__('Everything that people, keys and DevSkyy itself do is noted here: who, what, when, and what stood there before. Nobody can change it afterwards.', 'devskyy')}
    </Empty>
  );
}

/** Older entries, kept below the first page. */
function useMore(first, query) {
  const none = { items: [], next: null, busy: false, error: null };
  const [more, setMore] = useState(none);
  const key = JSON.stringify(query);
  useEffect(() => setMore(none), [key]);
  const cursor = more.items.length ? more.next : first?.next;
  const load = () => {
    setMore((old) => ({ ...old, busy: true, error: null }));
    get('/audit', { ...query, limit: LIMIT, cursor }).then(
      (page) => setMore((old) => ({ items: [...old.items, ...page.items], next: page.next ?? null, busy: false, error: null })),
      (error) => setMore((old) => ({ ...old, busy: false, error })),
    );
  };
  return { ...more, cursor, load };
}

const nameOf = ({ name, login, evidence, title }) => name ?? login ?? (evidence?.message ? sentence(evidence.message) : title);

/** Names by id: of agents, and of the latest proposals, keys, logins and machines where entries are about them; one request for each list. */
function useNames(items) {
  const agents = useLoad('/agents').data?.items ?? [];
  const [names, setNames] = useState({});
  const lists = listsFor(items).join();
  useEffect(() => {
    let gone = false;
    for (const list of lists.split(',').filter(Boolean)) {
      get(...(list === 'proposals' ? ['/proposals', { limit: 100 }] : [`/${['services', 'webhooks'].includes(list) ? 'connections' : 'access'}/${list}`])).then(
        ({ items: found }) => !gone && setNames((old) => ({ ...old, ...Object.fromEntries(found.map((one) => [one.id, list === 'webhooks' ? hookName(one) : nameOf(one)])) })),
        () => {}, // Ids stand in where names are not to be had.
      );
    }
    return () => { gone = true; };
  }, [lists]);
  return { ...names, ...Object.fromEntries(agents.map((agent) => [agent.name, agent.title])) };
}

/** The file of what the filters leave. */
function useFile(query) {
  const [state, setState] = useState({ busy: false, error: null });
  const save = async () => {
    setState({ busy: true, error: null });
    try {
      await download('/audit/export', query, `devskyy-activity-${today()}.csv`);
      speak(__('The file is saved.', 'devskyy'));
      setState({ busy: false, error: null });
    } catch (error) {
      setState({ busy: false, error });
    }
  };
  return { ...state, save };
}

function Limit({ total }) {
  const { most = 10_000 } = shop();
  if (!(total > most)) return null;
  return (
    <p className="devskyy-quiet">
      {/* translators: 1: number of entries in the file, 2: number of entries that there are. */}
      {sprintf(__('A file holds the newest %1$s of these %2$s entries. Choose a shorter period to get the others.', 'devskyy'), number(most, 0), number(total, 0))}
    </p>
  );
}

export function Activity() {
  const [filter, setFilter] = useState({ ...NO_FILTER, q: readHash().q ?? '', person: readHash().person ?? '', action: readHash().action ?? '' });
  const [search, setSearch] = useState(filter.q);
  const [open, setOpen] = useState(readHash().entry ?? null);
  const root = useRef(null);
  const settled = useSettled(search);
  const query = toQuery(filter);
  const list = useLoad('/audit', { ...query, limit: LIMIT });
  const summary = useLoad('/audit/summary');
  const more = useMore(list.data, query);
  const file = useFile(query);
  useEffect(() => setFilter((old) => ({ ...old, q: settled })), [settled]);
  useEffect(() => writeHash({ entry: open, q: filter.q, action: filter.action, person: filter.person }), [open, filter]);
  useHash(({ entry }) => entry && setOpen(entry));

  const { data } = list;
  useEffect(() => {
    /* translators: %d: number of entries. */
    if (data) speak(sprintf(_n('%d entry', '%d entries', data.total, 'devskyy'), data.total));
  }, [data?.total, JSON.stringify(query)]);
  const seen = new Set((data?.items ?? []).map((entry) => entry.n));
  const items = [...(data?.items ?? []), ...more.items.filter((entry) => !seen.has(entry.n))];
  const names = useNames(items);
  const shown = items.find((entry) => String(entry.n) === open);
  const filtered = isFiltered(filter);
  const clear = () => { setSearch(''); setFilter(NO_FILTER); };
  const reload = () => { list.reload(); summary.reload(); };
  const close = () => {
    const from = open;
    setOpen(null);
    window.requestAnimationFrame(() => root.current?.querySelector(`[data-row="${from}"] .devskyy-title`)?.focus());
  };
  const away = Boolean(data?.stale) || Boolean(list.error);
  return (
    <Frame page="activity" actions={items.length > 0 && (
      <Button variant="secondary" size="compact" isBusy={file.busy} disabled={file.busy || away} accessibleWhenDisabled onClick={file.save}>{__('Save as CSV', 'devskyy')}</Button>
    )}>
      <Stale stale={data?.stale} retry={reload}>{__('What people decide meanwhile is noted once it is back.', 'devskyy')}</Stale>
      {list.error && <Problem error={list.error} retry={reload} />}
      {file.error && <Problem error={file.error} retry={file.save} />}
      <Chain chain={summary.data?.chain} />
      <div className={`devskyy-split${shown ? ' has-panel' : ''}`} ref={root}>
        <div className="devskyy-list" onKeyDown={(event) => { if (event.key === 'Escape' && open && !event.defaultPrevented) close(); }}>
          {(items.length > 0 || filtered) && (
            <Toolbar filter={filter} search={search} people={summary.data?.people ?? []} onSearch={setSearch} onClear={clear} onChange={(change) => setFilter((old) => ({ ...old, ...change }))} />
          )}
          {!data && list.loading && <Skeleton rows={8} />}
          {data && !items.length && !list.loading && !list.error && <NothingHere filtered={filtered} onClear={clear} />}
          {items.length > 0 && (
            <div className={list.loading ? 'is-loading' : ''} aria-busy={list.loading}>
              <List items={items} names={names} open={open} onOpen={setOpen} />
              {more.error && <Problem error={more.error} retry={more.load} />}
              <div className="devskyy-pages">
                {/* translators: 1: number of entries shown, 2: number of entries. */}
                <span>{sprintf(__('%1$s of %2$s', 'devskyy'), number(items.length, 0), number(data?.total ?? items.length, 0))}</span>
                {more.cursor && <Button variant="secondary" size="compact" isBusy={more.busy} disabled={more.busy || away} accessibleWhenDisabled onClick={more.load}>{__('Show older', 'devskyy')}</Button>}
              </div>
              <Limit total={data?.total} />
              <p id="devskyy-keys" className="devskyy-keys">{__('Keyboard: arrows or J and K move, Enter opens, Escape closes.', 'devskyy')}</p>
            </div>
          )}
        </div>
        {shown && <Detail key={open} entry={shown} names={names} onClose={close} />}
      </div>
    </Frame>
  );
}
