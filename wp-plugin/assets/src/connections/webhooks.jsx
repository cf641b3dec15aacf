import { __, _n, sprintf } from '@wordpress/i18n';
import { Button } from '@wordpress/components';
import { useState } from '@wordpress/element';
import { speak } from '@wordpress/a11y';
import { Ask, Lead, Once, When } from '../access/parts.jsx';
import { make, patch, post, remove } from '../lib/api.js';
import { useLoad, usePoll } from '../lib/hooks.js';
import { number } from '../lib/money.js';
import { Badge, Empty, Problem, Skeleton, Stale } from '../lib/states.jsx';
import { moment } from '../lib/time.js';
import { eventLabel } from './events.js';
import { useFocusBack } from './form.jsx';
import { Messages } from './messages.jsx';
import { WebhookForm } from './webhook-form.jsx';
import { hookName as nameOf, hookState } from './words.js';

const FEW = 3;
const LOOK_MS = 10_000;
const path = (id) => `/connections/webhooks/${id}`;

function EventList({ events }) {
  const [all, setAll] = useState(false);
  const shown = all ? events : events.slice(0, FEW);
  return (
    <>
      {shown.map((event) => eventLabel(event)).join(', ')}
      {events.length > FEW && (
        <>{' '}<button type="button" className="devskyy-linklike" aria-expanded={all} onClick={() => setAll(!all)}>
          {/* translators: %d: number of further events. */}
          {all ? __('Show less', 'devskyy') : sprintf(__('and %d more', 'devskyy'), events.length - FEW)}
        </button></>
      )}
    </>
  );
}

/** How many messages are in which state; those that were given up are a way to them. */
function Counts({ hook, onOpen }) {
  const { delivered = 0, waiting = 0, dead = 0 } = hook.counts;
  /* translators: %s: number of messages. */
  const say = (words, count) => sprintf(words, number(count, 0));
  return (
    <>
      {/* translators: %s: number of messages. */}
      {say(_n('%s delivered', '%s delivered', delivered, 'devskyy'), delivered)}
      {/* translators: %s: number of messages. */}
      {waiting > 0 && <> · {say(_n('%s waiting', '%s waiting', waiting, 'devskyy'), waiting)}</>}
      {dead > 0 && (
        <> · <button type="button" className="devskyy-linklike devskyy-dead" onClick={() => onOpen(hook.id, 'dead')}>
          {/* translators: %s: number of messages. */}
          {say(_n('%s given up', '%s given up', dead, 'devskyy'), dead)}
        </button></>
      )}
    </>
  );
}

function Facts({ hook, onOpen }) {
  const facts = [
    [__('Is told about', 'devskyy'), <EventList key="events" events={hook.events} />],
    [__('Messages', 'devskyy'), <Counts key="counts" hook={hook} onOpen={onOpen} />],
    [__('Last delivered', 'devskyy'), <When key="used" time={hook.last_ok_at} />],
    /* translators: %s: number of messages. */
    [__('At most', 'devskyy'), sprintf(_n('%s message a minute', '%s messages a minute', hook.rate_per_minute, 'devskyy'), number(hook.rate_per_minute, 0))],
  ];
  return <dl className="devskyy-link-facts">{facts.map(([term, value]) => <div key={term}><dt>{term}</dt><dd>{value}</dd></div>)}</dl>;
}

/** Why nothing arrives there, and what then. */
function Trouble({ hook }) {
  if (hook.paused_why === 'gone') return <div className="devskyy-outcome is-bad">{__('The receiver answered that this address is gone (410). Change the address, then resume it; or end it.', 'devskyy')}</div>;
  if (hook.state !== 'failing') return null;
  return (
    <div className="devskyy-outcome is-bad">
      {/* translators: %d: number of attempts. */}
      {sprintf(_n('%d attempt in a row has failed.', '%d attempts in a row have failed.', hook.failures, 'devskyy'), hook.failures)}{' '}
      {/* translators: %s: date and time. */}
      {hook.retry_at && sprintf(__('The next one is made at %s. Messages wait in their order for 24 hours.', 'devskyy'), moment(hook.retry_at))}{' '}
      {__('Its messages say what the receiver answered.', 'devskyy')}
    </div>
  );
}

/** A button that acts at its first press, and says what went wrong. */
function Act({ label, name, disabled, variant = 'tertiary', act }) {
  const [state, setState] = useState({ busy: false, error: null });
  const go = async () => {
    setState({ busy: true, error: null });
    try {
      await act();
      setState({ busy: false, error: null });
    } catch (error) {
      setState({ busy: false, error });
    }
  };
  return (
    <>
      <Button variant={variant} size="compact" isBusy={state.busy} disabled={disabled || state.busy} accessibleWhenDisabled aria-label={`${label}: ${name}`} onClick={go}>{label}</Button>
      {state.error && <Problem error={state.error} />}
    </>
  );
}

function Acts({ hook, away, isOpen, reload, onOpen, onEdit, onSecret, onEnded }) {
  const name = nameOf(hook);
  const common = { name, disabled: away };
  const paused = hook.state === 'paused';
  const turn = (state, words) => () => patch(path(hook.id), { state }).then(() => { speak(words); reload(); });
  return (
    <div className="devskyy-buttons devskyy-row-acts">
      {!paused && <Act {...common} variant="secondary" label={__('Send a test', 'devskyy')} act={() => post(`${path(hook.id)}/test`).then(() => { speak(__('The test is in line.', 'devskyy')); onOpen(hook.id, ''); })} />}
      {paused && <Act {...common} variant="primary" label={__('Resume', 'devskyy')} act={turn('active', __('Messages are sent again.', 'devskyy'))} />}
      <Button variant="tertiary" size="compact" aria-expanded={isOpen} aria-label={`${__('Messages', 'devskyy')}: ${name}`} className="devskyy-open-messages" onClick={() => onOpen(hook.id, '')}>{__('Messages', 'devskyy')}</Button>
      {!paused && <Act {...common} label={__('Pause', 'devskyy')} act={turn('paused', __('It is paused.', 'devskyy'))} />}
      <Button variant="tertiary" size="compact" disabled={away} accessibleWhenDisabled aria-label={`${__('Change', 'devskyy')}: ${name}`} data-act="edit" onClick={onEdit}>{__('Change', 'devskyy')}</Button>
      {/* translators: %s: name of a webhook. */}
      <Ask calm label={__('New secret', 'devskyy')} name={name} sure={sprintf(__('Yes, make a new secret for "%s"', 'devskyy'), name)} disabled={away} act={() => make(`${path(hook.id)}/secret`).then(({ webhook }) => onSecret(webhook))}>
        {__('For 24 hours messages carry a signature by the old one too, so that the receiver can be changed meanwhile.', 'devskyy')}
      </Ask>
      {/* translators: %s: name of a webhook. */}
      <Ask label={__('Delete', 'devskyy')} name={name} sure={sprintf(__('Yes, delete "%s"', 'devskyy'), name)} disabled={away} act={() => remove(path(hook.id)).then(onEnded)}>
        {__('It gets no more messages, and those in its list are deleted, also the ones that wait.', 'devskyy')}
      </Ask>
    </div>
  );
}

function Webhook({ hook, away, isOpen, reload, onOpen, onSecret, onEnded }) {
  const [edit, setEdit] = useState(false);
  const [label, tone] = hookState(hook);
  const [root, focus] = useFocusBack();
  const close = () => { setEdit(false); focus('[data-act="edit"]'); };
  const saved = () => { close(); speak(__('Saved.', 'devskyy')); reload(); };
  return (
    <li className={`devskyy-card devskyy-link${isOpen ? ' is-open' : ''}`} data-row={hook.id} ref={root}>
      <header>
        <h3><bdi>{nameOf(hook)}</bdi></h3>
        <Badge tone={tone}>{label}</Badge>
      </header>
      <p className="devskyy-quiet devskyy-link-place"><bdi dir="ltr">{hook.url}</bdi></p>
      <Facts hook={hook} onOpen={onOpen} />
      <Trouble hook={hook} />
      {edit ? <WebhookForm hook={hook} onDone={saved} onBack={close} /> : <Acts hook={hook} away={away} isOpen={isOpen} reload={reload} onOpen={onOpen} onEdit={() => setEdit(true)} onSecret={onSecret} onEnded={onEnded} />}
    </li>
  );
}

/** A secret that was just made, under the name of its webhook. */
const once = (hook) => ({
  /* translators: %s: name of a webhook. */
  title: sprintf(__('Secret of "%s"', 'devskyy'), nameOf(hook)),
  values: [{ label: __('Secret', 'devskyy'), value: hook.secret }],
});

/** Systems that are told what happens: how their messages go, and all that a person does with them. */
export function Webhooks({ open, onOpen }) {
  const list = useLoad('/connections/webhooks');
  const [form, setForm] = useState(false);
  const [made, setMade] = useState(null);
  const [view, setView] = useState({ start: '', seen: 0 });
  const [root, focus] = useFocusBack();
  const { data } = list;
  const away = Boolean(data?.stale);
  const items = data?.items ?? [];
  const shown = items.find((hook) => hook.id === open);
  usePoll(list.reload, !away && items.some((hook) => hook.counts.waiting > 0) ? LOOK_MS : 0);
  const show = (id, start) => { setView((old) => ({ start, seen: old.seen + 1 })); onOpen(id); };
  const close = () => {
    onOpen(null);
    focus(`[data-row="${open}"] .devskyy-open-messages`);
  };
  const add = <Button className="devskyy-add" variant="primary" __next40pxDefaultSize disabled={away} accessibleWhenDisabled onClick={() => { setMade(null); onOpen(null); setForm(true); }}>{__('Set up a webhook', 'devskyy')}</Button>;
  const secret = (hook) => { setForm(false); setMade(once(hook)); list.reload(); };
  return (
    <div aria-busy={list.loading && !data} ref={root}>
      <Stale stale={data?.stale} retry={list.reload}>{__('Messages wait meanwhile, in their order.', 'devskyy')}</Stale>
      {list.error && <Problem error={list.error} retry={list.reload} />}
      {(items.length > 0 || form || made) && <Lead text={__('Other systems that are told what happens here, by signed messages. They hold ids and states, no personal data, and no answer to them changes the shop.', 'devskyy')} action={!form && !made && add} />}
      {made && <Once {...made} onDone={() => { setMade(null); focus('.devskyy-add'); }} />}
      {form && <WebhookForm onDone={secret} onBack={() => { setForm(false); focus('.devskyy-add'); }} />}
      {!data && list.loading && <Skeleton rows={3} tall />}
      {data && !items.length && !form && !made && (
        <Empty icon="external" title={__('No webhooks yet', 'devskyy')} action={add}>
          {__('Bookkeeping, a team chat, your own scripts: another system can be told the moment a proposal is approved or a run fails.', 'devskyy')}
        </Empty>
      )}
      <div className={`devskyy-split${shown ? ' has-panel' : ''}`}>
        {items.length > 0 && (
          <ul className="devskyy-link-list" aria-label={__('Webhooks', 'devskyy')}>
            {items.map((hook) => <Webhook key={hook.id} hook={hook} away={away} isOpen={hook.id === open} reload={list.reload} onOpen={show} onSecret={secret} onEnded={() => { if (hook.id === open) onOpen(null); list.reload(); focus('.devskyy-add'); }} />)}
          </ul>
        )}
        {shown && <Messages hook={shown} {...view} onClose={close} onChanged={list.reload} />}
      </div>
    </div>
  );
}
