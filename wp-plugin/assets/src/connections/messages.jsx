import { __, _n, sprintf } from '@wordpress/i18n';
import { Button, SelectControl } from '@wordpress/components';
import { useEffect, useState } from '@wordpress/element';
import { speak } from '@wordpress/a11y';
import { When } from '../access/parts.jsx';
import { get, post } from '../lib/api.js';
import { useLoad, usePoll } from '../lib/hooks.js';
import { SidePanel } from '../lib/panel.jsx';
import { Badge, Problem, Skeleton, Stale } from '../lib/states.jsx';
import { ago } from '../lib/time.js';
import { eventLabel } from './events.js';
import { hookName, messageState, receiverWords } from './words.js';

const LIMIT = 25;
const LOOK_MS = 2000;

const FILTERS = () => [
  { value: '', label: __('All messages', 'devskyy') },
  { value: 'waiting', label: __('Waiting', 'devskyy') },
  { value: 'delivered', label: __('Delivered', 'devskyy') },
  { value: 'dead', label: __('Given up', 'devskyy') },
];

/** The first page, looked at again while something waits, and the older ones below it. */
function useMessages(id, state, seen) {
  const query = { state, limit: LIMIT };
  const path = `/connections/webhooks/${id}/messages`;
  const first = useLoad(path, query, seen);
  const none = { items: [], next: null, busy: false, error: null };
  const [more, setMore] = useState(none);
  useEffect(() => setMore(none), [id, state]);
  const items = first.data?.items ?? [];
  usePoll(first.reload, items.some((one) => one.state === 'waiting') && !first.data.stale ? LOOK_MS : 0);
  const cursor = more.items.length ? more.next : first.data?.next;
  const load = () => {
    setMore((old) => ({ ...old, busy: true, error: null }));
    get(path, { ...query, cursor }).then(
      (page) => setMore((old) => ({ items: [...old.items, ...page.items], next: page.next ?? null, busy: false, error: null })),
      (error) => setMore((old) => ({ ...old, busy: false, error })),
    );
  };
  const fresh = new Set(items.map((one) => one.id));
  return { ...first, items: [...items, ...more.items.filter((one) => !fresh.has(one.id))], more: { ...more, cursor, load } };
}

/** What became of a message, in one line. */
function outcome({ state, attempts, status, duration_ms: ms, next_at: next }) {
  /* translators: %d: number of attempts. */
  const parts = attempts ? [sprintf(_n('%d attempt', '%d attempts', attempts, 'devskyy'), attempts)] : [];
  /* translators: %d: HTTP status such as 200. */
  if (status) parts.push(sprintf(__('answered %d', 'devskyy'), status));
  /* translators: %d: number of milliseconds. */
  if (status && ms !== undefined) parts.push(sprintf(__('%d ms', 'devskyy'), ms));
  /* translators: %s: when, such as "in 5 minutes". */
  if (state === 'waiting' && attempts && next) parts.push(sprintf(__('next try %s', 'devskyy'), ago(next)));
  return parts.join(' · ');
}

function Message({ message, path, disabled, onSent }) {
  const [open, setOpen] = useState(false);
  const [sending, setSending] = useState({ busy: false, error: null, done: false });
  const [label, tone] = messageState(message);
  const event = eventLabel(message.event);
  const words = receiverWords(message);
  const show = open ? __('Hide what is sent', 'devskyy') : __('Show what is sent', 'devskyy');
  const again = async () => {
    setSending({ busy: true, error: null, done: false });
    try {
      await post(`${path}/${message.id}/redeliver`);
      speak(__('In line again.', 'devskyy'));
      setSending({ busy: false, error: null, done: true });
      onSent();
    } catch (error) {
      setSending({ busy: false, error, done: false });
    }
  };
  return (
    <li data-row={message.id}>
      <div className="devskyy-message-head"><strong>{event}</strong><Badge tone={tone}>{label}</Badge></div>
      <p className="devskyy-quiet"><When time={message.created_at} />{outcome(message) && <> · {outcome(message)}</>}</p>
      {words && <p className="devskyy-message-error" dir="auto">{words}</p>}
      {sending.error && <Problem error={sending.error} />}
      <div className="devskyy-buttons">
        <button type="button" className="devskyy-linklike" aria-expanded={open} aria-label={`${show}: ${event}`} onClick={() => setOpen(!open)}>{show}</button>
        {/* Once pressed it stays while the message waits: the focus must not fall out of the panel with it. */}
        {(message.state !== 'waiting' || sending.done) && (
          /* translators: %s: what a message is about. */
          <Button variant="secondary" size="compact" isBusy={sending.busy} disabled={disabled || sending.busy || message.state === 'waiting'} accessibleWhenDisabled aria-label={sprintf(__('Send again: %s', 'devskyy'), event)} onClick={again}>{__('Send again', 'devskyy')}</Button>
        )}
      </div>
      {open && <pre dir="ltr" tabIndex={0} aria-label={__('What is sent', 'devskyy')}>{`webhook-id: ${message.id}\n\n${JSON.stringify(message.payload, null, 2)}`}</pre>}
    </li>
  );
}

/** What is said where there are no messages. */
function None({ state }) {
  return (
    <p className="devskyy-quiet devskyy-no-messages">
      {state === 'dead' && __('Nothing was given up: every message has arrived or is still being tried.', 'devskyy')}
      {state && state !== 'dead' && __('No such messages.', 'devskyy')}
      {!state && __('Nothing has been sent yet. Send a test to see whether the receiver answers.', 'devskyy')}
    </p>
  );
}

/** A webhook's messages and how they went, beside the list; `seen` goes up when a test was sent. */
export function Messages({ hook, start, seen, onClose, onChanged }) {
  const [state, setState] = useState(start);
  const list = useMessages(hook.id, state, seen);
  const path = `/connections/webhooks/${hook.id}/messages`;
  const { data, items, more } = list;
  const paused = hook.state === 'paused';
  const states = items.map((one) => `${one.id} ${one.state}`).join();
  // What is sent again is no longer among those of its state: all are shown, so that it is seen on its way.
  const sent = () => { setState(''); list.reload(); onChanged(); };
  useEffect(() => setState(start), [hook.id, start, seen]);
  // The list beside it counts them: what has changed here has changed there.
  useEffect(() => { if (states) onChanged(); }, [states]);
  return (
    <SidePanel id={hook.id} title={__('Messages', 'devskyy')} onClose={onClose}>
      <div className="devskyy-panel-body" aria-busy={list.loading && !data}>
        <p className="devskyy-messages-of"><bdi>{hookName(hook)}</bdi></p>
        <SelectControl __nextHasNoMarginBottom __next40pxDefaultSize label={__('Show', 'devskyy')} value={state} onChange={setState} options={FILTERS()} />
        <Stale stale={data?.stale} retry={list.reload} />
        {list.error && <Problem error={list.error} retry={list.reload} />}
        {paused && <p className="devskyy-quiet">{__('While it is paused, nothing is sent. Resume it to send messages again.', 'devskyy')}</p>}
        {!data && list.loading && <Skeleton rows={4} />}
        {data && !items.length && <None state={state} />}
        <ul className="devskyy-messages" aria-label={__('Messages', 'devskyy')}>
          {items.map((message) => <Message key={message.id} message={message} path={path} disabled={paused || Boolean(data?.stale)} onSent={sent} />)}
        </ul>
        {more.error && <Problem error={more.error} retry={more.load} />}
        {more.cursor && <Button variant="secondary" size="compact" isBusy={more.busy} disabled={more.busy || Boolean(data?.stale)} accessibleWhenDisabled onClick={more.load}>{__('Show older', 'devskyy')}</Button>}
      </div>
    </SidePanel>
  );
}
