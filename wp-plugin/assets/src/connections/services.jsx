import { __, sprintf } from '@wordpress/i18n';
import { Button, Notice } from '@wordpress/components';
import { useEffect, useState } from '@wordpress/element';
import { speak } from '@wordpress/a11y';
import { Ask, Lead, When } from '../access/parts.jsx';
import { post, remove } from '../lib/api.js';
import { useFocusOn, useLoad } from '../lib/hooks.js';
import { number } from '../lib/money.js';
import { shop } from '../lib/shop.js';
import { Badge, Empty, Problem, Skeleton, Stale } from '../lib/states.jsx';
import { ago, moment } from '../lib/time.js';
import { useFocusBack } from './form.jsx';
import { EditForm, SecretForm, ServiceForm, secretLabel } from './service-form.jsx';
import { explained, hostOf, kindLabel, serviceState, tested, today, trouble } from './words.js';

const path = (id) => `/connections/services/${id}`;

/** How the way to a service and back went; told once. */
function Returned({ returned, onAgain, onDone }) {
  const heading = useFocusOn('returned');
  const { ok, id, name, error } = returned;
  return (
    <div tabIndex={-1} ref={heading} className="devskyy-returned">
      {ok ? (
        <Notice status="success" isDismissible onRemove={onDone} className="devskyy-notice">
          {/* translators: %s: name of a service. */}
          <strong>{sprintf(__('"%s" is connected.', 'devskyy'), name)}</strong>
        </Notice>
      ) : (
        /* translators: %s: why, as a sentence. */
        <Problem error={{ ...error, message: sprintf(__('The service was not connected. %s', 'devskyy'), error.message) }}>
          <div className="devskyy-buttons">
            {id && <Button variant="secondary" size="compact" onClick={() => onAgain(id)}>{__('Begin again', 'devskyy')}</Button>}
            <Button variant="tertiary" size="compact" onClick={onDone}>{__('Close', 'devskyy')}</Button>
          </div>
        </Problem>
      )}
    </div>
  );
}

/** After a service is gone: what is still to be done there. */
function Parted({ parted, onDone }) {
  const heading = useFocusOn(parted);
  return (
    <div tabIndex={-1} ref={heading} className="devskyy-returned">
      <Notice status={parted.rest ? 'warning' : 'success'} isDismissible onRemove={onDone} className="devskyy-notice">
        {/* translators: %s: name of a service. */}
        <strong>{sprintf(__('"%s" is disconnected and what opened it is forgotten.', 'devskyy'), parted.name)}</strong>
        {parted.rest && <p>{__('The access could not be ended at the service itself. End it there too, in your account\'s list of connected apps.', 'devskyy')}</p>}
      </Notice>
    </div>
  );
}

function Facts({ service }) {
  const { health, rate_per_minute: rate } = service;
  const facts = [
    [__('Health', 'devskyy'), (
      <>
        {/* translators: %s: age such as "3 minutes ago". */}
        {health.last_ok_at ? sprintf(__('Answered %s', 'devskyy'), ago(health.last_ok_at)) : __('Has not answered yet', 'devskyy')}
        <p className="devskyy-quiet">{today(health)}</p>
      </>
    )],
    [__('Rate budget', 'devskyy'), (
      <>
        {/* translators: %s: number of calls. */}
        {sprintf(__('%s calls a minute', 'devskyy'), number(rate, 0))}
        {/* translators: %s: number of calls. */}
        {health.used_this_minute > 0 && <p className="devskyy-quiet">{sprintf(__('%s used in the last minute', 'devskyy'), number(health.used_this_minute, 0))}</p>}
      </>
    )],
    [__('Last used', 'devskyy'), <When key="used" time={health.last_used_at} />],
    [__('Opened by', 'devskyy'), kindLabel(service.kind)],
  ];
  return <dl className="devskyy-link-facts">{facts.map(([term, value]) => <div key={term}><dt>{term}</dt><dd>{value}</dd></div>)}</dl>;
}

function Trouble({ service }) {
  const error = trouble(service);
  const { retry_at: retry } = service.health;
  if (!error) return null;
  const { message, hint } = explained(error);
  return (
    <div className="devskyy-outcome is-bad">
      <strong>{message}</strong> <span className="devskyy-quiet">{ago(error.at)}</span>
      {hint && <p>{hint}</p>}
      {/* translators: %s: date and time. */}
      {retry && Date.parse(retry) > Date.now() && <p>{sprintf(__('It is left alone until %s; a test looks at once.', 'devskyy'), moment(retry))}</p>}
    </div>
  );
}

/** A test of one service: its button, and how it went. */
function useTest(service, onChanged) {
  const [state, setState] = useState({ busy: false, found: null, error: null });
  const run = async () => {
    setState({ busy: true, found: null, error: null });
    try {
      const found = await post(`${path(service.id)}/check`);
      setState({ busy: false, found, error: null });
      speak(tested(found));
      onChanged();
    } catch (error) {
      setState({ busy: false, found: null, error });
    }
  };
  return { ...state, run, clear: () => setState({ busy: false, found: null, error: null }) };
}

function Tested({ found, error }) {
  if (error) return <Problem error={error} />;
  if (!found) return null;
  return <div className={`devskyy-outcome${found.works ? '' : ' is-bad'}`}><strong>{tested(found)}</strong>{found.error && <p>{explained(found.error).hint}</p>}</div>;
}

function Acts({ service, away, connecting, test, onConnect, onOpen, onEnded }) {
  const { id, name, kind, state } = service;
  const apart = kind === 'oauth2' && ['new', 'revoked'].includes(state);
  const named = (label) => ({ 'aria-label': `${label}: ${name}`, disabled: away, accessibleWhenDisabled: true, size: 'compact' });
  const again = state === 'new' ? __('Connect', 'devskyy') : __('Connect again', 'devskyy');
  const connect = (variant) => <Button {...named(again)} variant={variant} isBusy={connecting} disabled={away || connecting} onClick={() => onConnect(id)}>{again}</Button>;
  return (
    <div className="devskyy-buttons devskyy-row-acts">
      {apart && connect('primary')}
      {!apart && <Button {...named(__('Test', 'devskyy'))} variant="secondary" isBusy={test.busy} disabled={away || test.busy} onClick={test.run}>{__('Test', 'devskyy')}</Button>}
      {kind === 'oauth2' && !apart && connect('tertiary')}
      <Button {...named(__('Change', 'devskyy'))} variant="tertiary" data-act="edit" onClick={() => onOpen('edit')}>{__('Change', 'devskyy')}</Button>
      <Button {...named(secretLabel(kind))} variant="tertiary" data-act="secret" onClick={() => onOpen('secret')}>{secretLabel(kind)}</Button>
      {/* translators: %s: name of a service. */}
      <Ask label={__('Disconnect', 'devskyy')} name={name} sure={sprintf(__('Yes, disconnect "%s"', 'devskyy'), name)} disabled={away}
        act={() => remove(path(id)).then(({ revoked }) => onEnded({ name, rest: kind === 'oauth2' && state !== 'new' && !revoked }))}>
        {__('Agents can no longer use it. What opens it is forgotten, and ended at the service where that is known how.', 'devskyy')}
      </Ask>
    </div>
  );
}

function Service({ service, away, connecting, onConnect, onChanged, onEnded }) {
  const [open, setOpen] = useState(null);
  const [said, setSaid] = useState('');
  const test = useTest(service, onChanged);
  const [label, tone] = serviceState(service);
  const [root, focus] = useFocusBack();
  const close = () => { setOpen(null); focus(`[data-act="${open}"]`); };
  const done = (words) => { close(); test.clear(); setSaid(words); speak(words); onChanged(); };
  const form = { service, onDone: done, onBack: close };
  return (
    <li className="devskyy-card devskyy-link" data-row={service.id} ref={root}>
      <header>
        <h3><bdi>{service.name}</bdi></h3>
        <Badge tone={tone}>{label}</Badge>
      </header>
      <p className="devskyy-quiet devskyy-link-place">{service.provider} · <bdi dir="ltr">{hostOf(service.base_url)}</bdi></p>
      <Facts service={service} />
      {!test.found && <Trouble service={service} />}
      <Tested {...test} />
      {connecting?.error && <Problem error={connecting.error} />}
      {said && !open && <p className="devskyy-quiet">{said}</p>}
      {!open && <Acts service={service} away={away} connecting={Boolean(connecting?.busy)} test={{ ...test, run: () => { setSaid(''); test.run(); } }} onConnect={onConnect} onOpen={setOpen} onEnded={onEnded} />}
      {open === 'edit' && <EditForm {...form} />}
      {open === 'secret' && <SecretForm {...form} />}
    </li>
  );
}

/** Sends the person to a service; `{id, busy, error}` of the one that is being connected. */
function useConnect() {
  const [state, setState] = useState(null);
  useEffect(() => {
    // A browser may bring this page back as it was left: nothing is under way then.
    const shown = (event) => { if (event.persisted) setState(null); };
    window.addEventListener('pageshow', shown);
    return () => window.removeEventListener('pageshow', shown);
  }, []);
  const connect = async (id) => {
    setState({ id, busy: true, error: null });
    try {
      const { url } = await post(`${path(id)}/authorize`);
      // Whatever stands there, a script is no place to go to.
      if (/^https?:\/\//i.test(url)) window.location.assign(url);
      else setState({ id, busy: false, error: { message: __('The service\'s address is no web address.', 'devskyy'), hint: __('Disconnect it and connect it anew with the right address.', 'devskyy') } });
    } catch (error) {
      setState({ id, busy: false, error });
    }
  };
  return [state, connect];
}

/** The services that agents use: their health and budget, and all that a person does with them. */
export function Services() {
  const list = useLoad('/connections/services');
  const [form, setForm] = useState(false);
  const [returned, setReturned] = useState(shop().returned ?? null);
  const [parted, setParted] = useState(null);
  const [connecting, connect] = useConnect();
  const [root, focus] = useFocusBack();
  const { data } = list;
  const away = Boolean(data?.stale);
  const items = data?.items ?? [];
  useEffect(() => {
    // Told once: other parts of the page must not bring it back.
    if (globalThis.devskyy) delete globalThis.devskyy.returned;
  }, []);
  const add = <Button className="devskyy-add" variant="primary" __next40pxDefaultSize disabled={away} accessibleWhenDisabled onClick={() => { setParted(null); setReturned(null); setForm(true); }}>{__('Connect a service', 'devskyy')}</Button>;
  const made = (service) => {
    setForm(false);
    list.reload();
    /* translators: %s: name of a service. */
    speak(sprintf(__('"%s" is saved.', 'devskyy'), service.name));
    if (service.kind === 'oauth2') connect(service.id);
  };
  return (
    <div aria-busy={list.loading && !data} ref={root}>
      <Stale stale={data?.stale} retry={list.reload} />
      {list.error && <Problem error={list.error} retry={list.reload} />}
      {returned && <Returned returned={returned} onDone={() => setReturned(null)} onAgain={(id) => { setReturned(null); connect(id); }} />}
      {parted && <Parted parted={parted} onDone={() => setParted(null)} />}
      {(items.length > 0 || form) && <Lead text={__('Services that your agents may use for you. What opens them goes in here and comes out only towards the service itself.', 'devskyy')} action={!form && add} />}
      {form && <ServiceForm onMade={made} onBack={() => { setForm(false); focus('.devskyy-add'); }} />}
      {!data && list.loading && <Skeleton rows={3} tall />}
      {data && !items.length && !form && (
        <Empty icon="plug" title={__('No services connected', 'devskyy')} action={add}>
          {__('A mailer, an advertising account, a parcel service: what your agents may use for you is connected here, with a key or by signing in there.', 'devskyy')}
        </Empty>
      )}
      {items.length > 0 && (
        <ul className="devskyy-link-list" aria-label={__('Services', 'devskyy')}>
          {items.map((service) => (
            <Service key={service.id} service={service} away={away} connecting={connecting?.id === service.id ? connecting : null} onConnect={connect} onChanged={list.reload} onEnded={(rest) => { setParted(rest); list.reload(); }} />
          ))}
        </ul>
      )}
    </div>
  );
}
