import { __, sprintf } from '@wordpress/i18n';
import { Button, SelectControl, TextControl, TextareaControl } from '@wordpress/components';
import { useState } from '@wordpress/element';
import { speak } from '@wordpress/a11y';
import { make, remove } from '../lib/api.js';
import { useFocusOn, useLoad } from '../lib/hooks.js';
import { Empty, Problem, Skeleton, Stale } from '../lib/states.jsx';
import { day } from '../lib/time.js';
import { Ask, Lead, Once, ScopeField, Scopes, StateBadge, Table, When } from './parts.jsx';
import { complaints, networks } from './rights.js';

const PERIODS = () => [
  { value: '7', label: __('A week', 'devskyy') },
  { value: '30', label: __('30 days', 'devskyy') },
  { value: '90', label: __('90 days', 'devskyy') },
  { value: '365', label: __('A year', 'devskyy') },
  { value: '1095', label: __('Three years', 'devskyy') },
];

/** What differs between keys and machines: their words and what a new one shows. */
const KINDS = {
  keys: () => ({
    lead: __('A key lets a script of yours ask DevSkyy. It ends by itself, and at once when its owner may no longer manage the shop.', 'devskyy'),
    add: __('Make a key', 'devskyy'),
    empty: __('No keys yet', 'devskyy'),
    hint: __('A script that wants to read figures or start runs needs a key. Give it only what it needs.', 'devskyy'),
    list: __('API keys', 'devskyy'),
    example: __('Such as "Weekly report"', 'devskyy'),
    once: (answer) => [{ label: __('Key', 'devskyy'), value: answer.text }],
    /* translators: %s: name of a key. */
    made: (name) => sprintf(__('Key "%s" is made', 'devskyy'), name),
    /* translators: %s: name of a key. */
    sure: (name) => sprintf(__('Yes, end the key "%s"', 'devskyy'), name),
    end: __('Whatever uses it is refused from that moment on. It cannot be switched on again.', 'devskyy'),
  }),
  clients: () => ({
    lead: __('A machine is a program that gets its own short-lived tokens (OAuth 2 client credentials), such as a reporting tool.', 'devskyy'),
    add: __('Add a machine', 'devskyy'),
    empty: __('No machines yet', 'devskyy'),
    hint: __('Programs that speak OAuth 2 are added here. For your own scripts a key is simpler.', 'devskyy'),
    list: __('Machines', 'devskyy'),
    example: __('Such as "Reporting tool"', 'devskyy'),
    once: (answer) => [{ label: __('Client ID', 'devskyy'), value: answer.client.id }, { label: __('Client secret', 'devskyy'), value: answer.client_secret }],
    /* translators: %s: name of a program. */
    made: (name) => sprintf(__('Machine "%s" is added', 'devskyy'), name),
    /* translators: %s: name of a program. */
    sure: (name) => sprintf(__('Yes, end "%s"', 'devskyy'), name),
    end: __('Its tokens are refused from that moment on. It cannot be switched on again.', 'devskyy'),
  }),
};

function Form({ kind, words, known, onMade, onBack }) {
  const [values, setValues] = useState({ name: '', scopes: [], days: '90', networks: '' });
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const first = useFocusOn('form');
  const set = (name) => (value) => setValues((old) => ({ ...old, [name]: value }));
  const wrong = complaints(error);
  const send = async (event) => {
    event.preventDefault();
    const missing = { ...(values.name.trim() ? {} : { name: __('Give it a name.', 'devskyy') }), ...(values.scopes.length ? {} : { scopes: __('Choose at least one.', 'devskyy') }) };
    if (Object.keys(missing).length) {
      setError({ fields: missing });
      return;
    }
    setBusy(true);
    setError(null);
    try {
      const places = networks(values.networks);
      onMade(await make(`/access/${kind}`, { name: values.name.trim(), scopes: values.scopes, days: Number(values.days), ...(places.length ? { networks: places } : {}) }), values.name.trim());
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  const field = (name) => ({ className: wrong[name] ? 'devskyy-field has-error' : 'devskyy-field', help: wrong[name] });
  return (
    <form className="devskyy-card devskyy-form devskyy-new" onSubmit={send} aria-label={words.add} onKeyDown={(event) => { if (event.key === 'Escape') onBack(); }}>
      <h3>{words.add}</h3>
      {error?.message && <Problem error={error} />}
      <TextControl __nextHasNoMarginBottom __next40pxDefaultSize ref={first} label={__('Name', 'devskyy')} maxLength={100} value={values.name} onChange={set('name')} autoComplete="off" {...field('name')} help={wrong.name ?? words.example} />
      <ScopeField known={known} value={values.scopes} onChange={set('scopes')} error={wrong.scopes} />
      <SelectControl __nextHasNoMarginBottom __next40pxDefaultSize label={__('Ends after', 'devskyy')} value={values.days} onChange={set('days')} options={PERIODS()} {...field('days')} />
      {kind === 'keys' && (
        <TextareaControl __nextHasNoMarginBottom rows={2} label={__('Only from these networks (may stay empty)', 'devskyy')} value={values.networks} onChange={set('networks')} spellCheck={false} dir="ltr" {...field('networks')}
          help={wrong.networks ?? __('One a line, such as 192.0.2.0/24 or 2001:db8::/32. Requests from elsewhere are refused.', 'devskyy')} />
      )}
      <div className="devskyy-buttons">
        <Button type="submit" variant="primary" __next40pxDefaultSize isBusy={busy} disabled={busy} accessibleWhenDisabled>{words.add}</Button>
        <Button variant="tertiary" __next40pxDefaultSize onClick={onBack}>{__('Back', 'devskyy')}</Button>
      </div>
    </form>
  );
}

const columns = () => [
  ['title', __('Name', 'devskyy')],
  ['scopes', __('What it may do', 'devskyy')],
  ['used', __('Last used', 'devskyy')],
  ['ends', __('Ends', 'devskyy')],
  ['state', __('State', 'devskyy')],
  ['acts', __('What to do', 'devskyy')],
];

function row({ item, kind, words, known, owner, away, reload }) {
  const live = item.state === 'active';
  return {
    id: item.id,
    off: !live,
    cells: {
      title: (
        <>
          <strong>{item.name}</strong>
          <p className="devskyy-quiet">
            {/* translators: %s: name of a person. */}
            {owner ? sprintf(__('made by %s', 'devskyy'), owner) : __('made on the command line', 'devskyy')}
            {item.networks?.length > 0 && <> · <bdi dir="ltr">{item.networks.join(', ')}</bdi></>}
          </p>
        </>
      ),
      scopes: <Scopes scopes={item.scopes} known={known} />,
      used: <When time={item.last_used_at} />,
      ends: item.state === 'revoked' ? <When time={item.revoked_at} /> : item.expires_at ? day(item.expires_at) : <span className="devskyy-quiet">{__('never', 'devskyy')}</span>,
      state: <StateBadge state={item.state} />,
      acts: live && <Ask label={__('End', 'devskyy')} name={item.name} sure={words.sure(item.name)} disabled={away} act={() => remove(`/access/${kind}/${item.id}`).then(reload)}>{words.end}</Ask>,
    },
  };
}

/** Keys or machines: what they are called, what they may do, and how they end. */
export function Holders({ kind, roles, people }) {
  const words = KINDS[kind]();
  const list = useLoad(`/access/${kind}`);
  const [form, setForm] = useState(false);
  const [made, setMade] = useState(null);
  const known = roles?.scopes ?? [];
  const { data } = list;
  const away = Boolean(data?.stale);
  const items = [...(data?.items ?? [])].sort((a, b) => (b.state === 'active') - (a.state === 'active'));
  const name = (id) => (id ? people.find((person) => person.id === id)?.name ?? `#${id}` : null);
  const add = <Button variant="primary" __next40pxDefaultSize disabled={away || !known.length} accessibleWhenDisabled onClick={() => { setMade(null); setForm(true); }}>{words.add}</Button>;
  const done = (answer, called) => {
    setForm(false);
    setMade({ title: words.made(called), values: words.once(answer) });
    speak(words.made(called));
    list.reload();
  };
  return (
    <>
      <Stale stale={data?.stale} retry={list.reload} />
      {list.error && <Problem error={list.error} retry={list.reload} />}
      {(items.length > 0 || form || made) && <Lead text={words.lead} action={!form && !made && add} />}
      {made && <Once {...made} onDone={() => setMade(null)} />}
      {form && <Form kind={kind} words={words} known={known} onMade={done} onBack={() => setForm(false)} />}
      {!data && list.loading && <Skeleton rows={4} />}
      {data && !items.length && !form && !made && <Empty icon={kind === 'keys' ? 'key' : 'device'} title={words.empty} action={add}>{words.hint}</Empty>}
      {items.length > 0 && <Table label={words.list} columns={columns()} rows={items.map((item) => row({ item, kind, words, known, away, owner: name(item.owner_id), reload: list.reload }))} />}
    </>
  );
}
