import { __, sprintf } from '@wordpress/i18n';
import { Button, SelectControl } from '@wordpress/components';
import { useEffect, useRef, useState } from '@wordpress/element';
import { get } from '../lib/api.js';
import { Frame } from '../lib/frame.jsx';
import { readHash, useHash, useLoad, usePoll, writeHash } from '../lib/hooks.js';
import { runStateLabel, triggerLabel } from '../lib/labels.js';
import { Badge, Empty, Problem, Progress, Skeleton, Stale } from '../lib/states.jsx';
import { shop } from '../lib/shop.js';
import { ago, duration, moment } from '../lib/time.js';
import { Detail } from './detail.jsx';

const POLL_MS = 2000;
const LIMIT = 25;
const STATES = ['queued', 'running', 'done', 'failed', 'cancelled'];
export const RUN_TONE = { queued: 'plain', running: 'busy', done: 'good', failed: 'bad', cancelled: 'plain' };

function Line({ run, open, onOpen }) {
  const going = ['queued', 'running'].includes(run.state);
  return (
    <tr role="row" data-row={run.id} className={open ? 'is-open' : ''}>
      <td role="cell" className="col-title">
        <button type="button" className="devskyy-title" aria-expanded={open} onClick={() => onOpen(run.id)}><strong>{__(run.title ?? run.agent, 'devskyy')}</strong></button>
        <p className="devskyy-quiet">{triggerLabel(run.trigger)}</p>
      </td>
      <td role="cell" className="col-state">
        {run.state === 'running'
          ? <Progress label={run.progress?.label || runStateLabel('running')} done={run.progress?.done} total={run.progress?.total} />
          : <Badge tone={RUN_TONE[run.state]}>{runStateLabel(run.state)}</Badge>}
      </td>
      <td role="cell" className="col-found">{going ? '' : run.proposals?.length || '–'}</td>
      <td role="cell" className="col-duration">{duration(run.duration_ms)}</td>
      <td role="cell" className="col-created_at"><time dateTime={run.created_at} title={moment(run.created_at)}>{ago(run.started_at ?? run.created_at)}</time></td>
    </tr>
  );
}

function List({ items, open, onOpen }) {
  return (
    <table className={`devskyy-table devskyy-runs-table${open ? ' is-compact' : ''}`} role="table">
      <caption className="screen-reader-text">{__('Runs', 'devskyy')}</caption>
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">{__('Agent', 'devskyy')}</th>
          <th role="columnheader" scope="col">{__('State', 'devskyy')}</th>
          <th role="columnheader" scope="col">{__('Proposals', 'devskyy')}</th>
          <th role="columnheader" scope="col">{__('Took', 'devskyy')}</th>
          <th role="columnheader" scope="col">{__('Started', 'devskyy')}</th>
        </tr>
      </thead>
      <tbody role="rowgroup">{items.map((run) => <Line key={run.id} run={run} open={run.id === open} onOpen={onOpen} />)}</tbody>
    </table>
  );
}

function Filters({ filter, agents, onChange }) {
  const set = (key) => (value) => onChange({ ...filter, [key]: value });
  return (
    <div className="devskyy-toolbar">
      <SelectControl __nextHasNoMarginBottom size="compact" hideLabelFromVision label={__('Agent', 'devskyy')} value={filter.agent} onChange={set('agent')}
        options={[{ value: '', label: __('All agents', 'devskyy') }, ...agents.map((agent) => ({ value: agent.name, label: agent.title }))]} />
      <SelectControl __nextHasNoMarginBottom size="compact" hideLabelFromVision label={__('State', 'devskyy')} value={filter.state} onChange={set('state')}
        options={[{ value: '', label: __('Any state', 'devskyy') }, ...STATES.map((state) => ({ value: state, label: runStateLabel(state) }))]} />
      {(filter.agent || filter.state) && <Button variant="tertiary" onClick={() => onChange({ agent: '', state: '' })}>{__('Clear filters', 'devskyy')}</Button>}
    </div>
  );
}

function NothingHere({ filter, onClear }) {
  if (filter.agent || filter.state) {
    return <Empty icon="list" title={__('Nothing fits these filters', 'devskyy')} action={<Button variant="secondary" __next40pxDefaultSize onClick={onClear}>{__('Clear filters', 'devskyy')}</Button>} />;
  }
  return (
    <Empty icon="play" title={__('Nothing has run yet', 'devskyy')} action={<Button variant="primary" __next40pxDefaultSize href={shop().urls.agents}>{__('Run an agent', 'devskyy')}</Button>}>
      {__('Every look an agent takes at your shop is listed here: when, what it read, what it found and what it proposed.', 'devskyy')}
    </Empty>
  );
}

/** Further pages, kept below the first one, which alone is polled. */
function useMore(first, filter) {
  const [more, setMore] = useState({ items: [], next: null, busy: false });
  const key = JSON.stringify(filter);
  useEffect(() => setMore({ items: [], next: null, busy: false }), [key]);
  const cursor = more.items.length ? more.next : first?.next;
  const load = () => {
    setMore((old) => ({ ...old, busy: true }));
    get('/runs', { ...filter, limit: LIMIT, cursor }).then(
      (page) => setMore((old) => ({ items: [...old.items, ...page.items], next: page.next ?? null, busy: false })),
      () => setMore((old) => ({ ...old, busy: false })),
    );
  };
  return { items: more.items, cursor, busy: more.busy, load };
}

export function Runs() {
  const [filter, setFilter] = useState({ agent: readHash().agent ?? '', state: '' });
  const [open, setOpen] = useState(readHash().run ?? null);
  const root = useRef(null);
  const list = useLoad('/runs', { ...filter, limit: LIMIT });
  const agents = useLoad('/agents');
  const more = useMore(list.data, filter);
  useEffect(() => writeHash({ run: open }), [open]);
  useHash(({ run }) => run && setOpen(run));

  const { data } = list;
  const seen = new Set((data?.items ?? []).map((run) => run.id));
  const items = [...(data?.items ?? []), ...more.items.filter((run) => !seen.has(run.id))];
  const going = items.some((run) => ['queued', 'running'].includes(run.state));
  usePoll(list.reload, going && !data?.stale ? POLL_MS : null);
  const close = () => {
    const from = open;
    setOpen(null);
    window.requestAnimationFrame(() => root.current?.querySelector(`[data-row="${from}"] .devskyy-title`)?.focus());
  };
  return (
    <Frame page="runs">
      <Stale stale={data?.stale} retry={list.reload} />
      {list.error && <Problem error={list.error} retry={list.reload} />}
      <div className={`devskyy-split${open ? ' has-panel' : ''}`} ref={root}>
        <div className="devskyy-list">
          {(items.length > 0 || filter.agent || filter.state) && <Filters filter={filter} agents={agents.data?.items ?? []} onChange={setFilter} />}
          {!data && list.loading && <Skeleton rows={8} />}
          {data && !items.length && !list.loading && <NothingHere filter={filter} onClear={() => setFilter({ agent: '', state: '' })} />}
          {items.length > 0 && <List items={items} open={open} onOpen={setOpen} />}
          {items.length > 0 && (
            <div className="devskyy-pages">
              {/* translators: 1: number of runs shown, 2: number of runs. */}
              {data?.total !== undefined && <span>{sprintf(__('%1$d of %2$d', 'devskyy'), items.length, data.total)}</span>}
              {more.cursor && <Button variant="secondary" size="compact" isBusy={more.busy} disabled={more.busy} accessibleWhenDisabled onClick={more.load}>{__('Show older', 'devskyy')}</Button>}
            </div>
          )}
        </div>
        {open && <Detail key={open} id={open} agents={agents.data?.items ?? []} away={Boolean(data?.stale)} onClose={close} onChange={list.reload} />}
      </div>
    </Frame>
  );
}
