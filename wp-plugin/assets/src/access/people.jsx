import { __, _n, sprintf } from '@wordpress/i18n';
import { Button, SelectControl } from '@wordpress/components';
import { useState } from '@wordpress/element';
import { speak } from '@wordpress/a11y';
import { make, patch, remove } from '../lib/api.js';
import { useFocusOn, useLoad } from '../lib/hooks.js';
import { Badge, Empty, Problem, Skeleton, Stale } from '../lib/states.jsx';
import { moment } from '../lib/time.js';
import { Ask, Lead, Locked, Once, Table, When } from './parts.jsx';
import { ROLES, complaints, covers, roleLabel, rolesFor } from './rights.js';

const secret = (user, password) => ({
  /* translators: %s: login name. */
  title: sprintf(__('Password for %s', 'devskyy'), user.login),
  values: [{ label: __('Login', 'devskyy'), value: user.login }, { label: __('Password', 'devskyy'), value: password }],
});

function Form({ people, taken, mine, onMade, onBack }) {
  const free = people.filter((person) => !taken.includes(person.id) && rolesFor(person, mine).length);
  const [id, setId] = useState(free[0]?.id ?? 0);
  const [role, setRole] = useState('');
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const first = useFocusOn('form');
  const person = free.find((one) => one.id === id);
  const roles = rolesFor(person, mine);
  const chosen = roles.includes(role) ? role : roles[0];
  const wrong = complaints(error);
  const send = async (event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      onMade(await make('/access/users', { wp_user_id: id, role: chosen }));
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  if (!free.length) {
    return (
      <div className="devskyy-card devskyy-new" tabIndex={-1} ref={first}>
        <p>{__('Everybody on your staff who could be given a login has one. Add people to your staff under Users first.', 'devskyy')}</p>
        <div><Button variant="tertiary" size="compact" onClick={onBack}>{__('Back', 'devskyy')}</Button></div>
      </div>
    );
  }
  return (
    <form className="devskyy-card devskyy-form devskyy-new" onSubmit={send} aria-label={__('Let somebody sign in', 'devskyy')} onKeyDown={(event) => { if (event.key === 'Escape') onBack(); }}>
      <h3>{__('Let somebody sign in', 'devskyy')}</h3>
      {error?.message && <Problem error={error} />}
      <SelectControl __nextHasNoMarginBottom __next40pxDefaultSize ref={first} label={__('Who', 'devskyy')} value={String(id)} onChange={(value) => setId(Number(value))} help={wrong.wp_user_id ?? wrong.login}
        /* translators: 1: name, 2: login, 3: role. */
        options={free.map((one) => ({ value: String(one.id), label: sprintf(__('%1$s (%2$s, %3$s)', 'devskyy'), one.name, one.login, roleLabel(one.role)) }))} />
      <SelectControl __nextHasNoMarginBottom __next40pxDefaultSize label={__('As', 'devskyy')} value={chosen} onChange={setRole}
        help={wrong.role ?? __('At most what they are in the shop, and what you are. The login reads and starts runs; it never approves.', 'devskyy')}
        options={roles.map((one) => ({ value: one, label: roleLabel(one) }))} />
      <p className="devskyy-quiet">{__('A password is made and shown to you once. It is not their WordPress password.', 'devskyy')}</p>
      <div className="devskyy-buttons">
        <Button type="submit" variant="primary" __next40pxDefaultSize isBusy={busy} disabled={busy} accessibleWhenDisabled>{__('Make the login', 'devskyy')}</Button>
        <Button variant="tertiary" __next40pxDefaultSize onClick={onBack}>{__('Back', 'devskyy')}</Button>
      </div>
    </form>
  );
}

function State({ user }) {
  const locked = user.locked_until && Date.parse(user.locked_until) > Date.now();
  if (!user.active) return <Badge>{__('Switched off', 'devskyy')}</Badge>;
  /* translators: %s: date and time. */
  if (locked) return <Badge tone="warn" title={sprintf(__('until %s', 'devskyy'), moment(user.locked_until))}>{__('Locked after wrong passwords', 'devskyy')}</Badge>;
  return <Badge tone="good">{__('May sign in', 'devskyy')}</Badge>;
}

const columns = () => [
  ['title', __('Person', 'devskyy')],
  ['role', __('Role', 'devskyy')],
  ['used', __('Last sign-in', 'devskyy')],
  ['sessions', __('Sessions', 'devskyy')],
  ['state', __('State', 'devskyy')],
  ['acts', __('What to do', 'devskyy')],
];

function Acts({ user, away, reload, onPassword }) {
  const path = `/access/users/${user.id}`;
  const change = (body) => patch(path, { ...body, wp_user_id: user.wp_user_id ?? 0 }).then((answer) => { reload(); return answer; });
  return (
    <div className="devskyy-buttons devskyy-row-acts">
      {/* translators: %s: login name. */}
      <Ask calm label={__('New password', 'devskyy')} name={user.login} sure={sprintf(__('Yes, make a new password for %s', 'devskyy'), user.login)} disabled={away}
        act={() => change({ new_password: true }).then((answer) => onPassword(answer.user ?? user, answer.password))}>
        {__('The old one ends and their sessions end with it.', 'devskyy')}
      </Ask>
      {user.active
        /* translators: %s: login name. */
        ? <Ask calm label={__('Switch off', 'devskyy')} name={user.login} sure={sprintf(__('Yes, switch %s off', 'devskyy'), user.login)} disabled={away} act={() => change({ active: false })}>{__('Their sessions end; you may switch the login on again.', 'devskyy')}</Ask>
        : <SwitchOn user={user} away={away} act={() => change({ active: true })} />}
      {/* translators: %s: login name. */}
      <Ask label={__('Remove', 'devskyy')} name={user.login} sure={sprintf(__('Yes, remove the login %s', 'devskyy'), user.login)} disabled={away} act={() => remove(path).then(reload)}>
        {__('The login and its sessions end. The person stays a user of WordPress.', 'devskyy')}
      </Ask>
    </div>
  );
}

function SwitchOn({ user, away, act }) {
  const [error, setError] = useState(null);
  return (
    <>
      {/* translators: %s: login name. */}
      <Button variant="tertiary" size="compact" disabled={away} accessibleWhenDisabled aria-label={sprintf(__('Switch on: %s', 'devskyy'), user.login)}
        onClick={() => act().then(() => speak(__('Done.', 'devskyy')), setError)}>{__('Switch on', 'devskyy')}</Button>
      {error && <Problem error={error} />}
    </>
  );
}

/** The role, to change where there is another: chosen first, then saved, since arrow keys choose on their way. */
function Role({ user, person, mine, away, reload }) {
  const [chosen, setChosen] = useState(user.role);
  const [state, setState] = useState({ busy: false, error: null });
  const options = [...new Set([user.role, ...rolesFor(person ?? { role: mine }, mine)])].sort((a, b) => ROLES.indexOf(a) - ROLES.indexOf(b));
  if (options.length < 2 || !covers(mine, user.role)) return roleLabel(user.role);
  const save = async () => {
    setState({ busy: true, error: null });
    try {
      await patch(`/access/users/${user.id}`, { role: chosen, wp_user_id: user.wp_user_id ?? 0 });
      speak(__('Saved.', 'devskyy'));
      setState({ busy: false, error: null });
      reload();
    } catch (error) {
      setState({ busy: false, error });
    }
  };
  return (
    <div className="devskyy-role">
      {/* translators: %s: login name. */}
      <SelectControl __nextHasNoMarginBottom size="compact" hideLabelFromVision label={sprintf(__('Role of %s', 'devskyy'), user.login)} value={chosen} disabled={away || state.busy}
        options={options.map((role) => ({ value: role, label: roleLabel(role) }))} onChange={setChosen} />
      {chosen !== user.role && (
        /* translators: %s: role, such as "Analyst". */
        <Button variant="secondary" size="compact" isBusy={state.busy} disabled={away || state.busy} accessibleWhenDisabled onClick={save}>{sprintf(__('Make %s', 'devskyy'), roleLabel(chosen))}</Button>
      )}
      {state.error && <Problem error={state.error} />}
    </div>
  );
}

/** Who may sign in to the REST API, as what, and how that ends. */
export function People({ roles, people, onSessions }) {
  const list = useLoad('/access/users');
  const [form, setForm] = useState(false);
  const [made, setMade] = useState(null);
  const mine = roles?.mine;
  const { data } = list;
  const away = Boolean(data?.stale);
  const items = data?.items ?? [];
  const add = <Button variant="primary" __next40pxDefaultSize disabled={away || !mine} accessibleWhenDisabled onClick={() => { setMade(null); setForm(true); }}>{__('Let somebody sign in', 'devskyy')}</Button>;
  const show = (user, password) => { setForm(false); setMade(secret(user, password)); };
  const row = (user) => {
    const person = people.find((one) => one.id === user.wp_user_id);
    const common = { user, away, reload: list.reload };
    return {
      id: user.id,
      off: !user.active,
      cells: {
        title: <><strong>{person?.name ?? user.login}</strong><p className="devskyy-quiet">{user.login}{person?.you && <> · {__('you', 'devskyy')}</>}{!user.wp_user_id && <> · {__('made on the command line', 'devskyy')}</>}</p></>,
        role: <Role key={user.role} {...common} person={person} mine={mine} />,
        used: <When time={user.last_login_at} />,
        /* translators: %d: number of sessions. */
        sessions: user.sessions ? <button type="button" className="devskyy-linklike" onClick={onSessions}>{sprintf(_n('%d session', '%d sessions', user.sessions, 'devskyy'), user.sessions)}</button> : <span className="devskyy-quiet">{__('none', 'devskyy')}</span>,
        state: <State user={user} />,
        // Until it is known what I am, nothing is offered and nothing refused.
        acts: !mine ? null : covers(mine, user.role) ? <Acts {...common} onPassword={show} /> : <Locked text={__('Only an owner may change this.', 'devskyy')} />,
      },
    };
  };
  return (
    <>
      <Stale stale={data?.stale} retry={list.reload} />
      {list.error && <Problem error={list.error} retry={list.reload} />}
      {(items.length > 0 || form || made) && <Lead text={__('People who may sign in to DevSkyy from outside wp-admin, such as from an app. A login follows its WordPress user: with a lower role there it gets less here, at once.', 'devskyy')} action={!form && !made && add} />}
      {made && <Once {...made} onDone={() => setMade(null)} />}
      {form && <Form people={people} taken={items.map((user) => user.wp_user_id)} mine={mine} onBack={() => setForm(false)} onMade={(answer) => { show(answer.user, answer.password); list.reload(); }} />}
      {!data && list.loading && <Skeleton rows={4} />}
      {data && !items.length && !form && !made && (
        <Empty icon="person" title={__('Nobody signs in from outside', 'devskyy')} action={add}>
          {__('In wp-admin your staff works with their WordPress accounts and needs nothing here. A login is for apps and programs that ask for a name and a password.', 'devskyy')}
        </Empty>
      )}
      {items.length > 0 && <Table label={__('People', 'devskyy')} columns={columns()} rows={items.map(row)} />}
    </>
  );
}
