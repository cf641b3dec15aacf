import { __, _n, sprintf } from '@wordpress/i18n';
import { useState } from '@wordpress/element';
import { remove } from '../lib/api.js';
import { useLoad } from '../lib/hooks.js';
import { Icon } from '../lib/icons.jsx';
import { Empty, Problem, Progress, Skeleton, Stale } from '../lib/states.jsx';
import { day } from '../lib/time.js';
import { Ask, Lead, Table, When } from './parts.jsx';
import { deviceWords } from './rights.js';

const columns = () => [
  ['title', __('Person', 'devskyy')],
  ['device', __('Device', 'devskyy')],
  ['since', __('Since', 'devskyy')],
  ['used', __('Last used', 'devskyy')],
  ['ends', __('Ends', 'devskyy')],
  ['acts', __('What to do', 'devskyy')],
];

/** Ends them one after another; one that has gone meanwhile is as good as ended. */
async function endAll(items, onStep) {
  for (const [n, session] of items.entries()) {
    onStep(n);
    await remove(`/access/sessions/${session.id}`).catch((error) => { if (error.status !== 404) throw error; });
  }
}

/** Who is signed in, where, and the way to end it. */
export function Sessions() {
  const list = useLoad('/access/sessions');
  const [done, setDone] = useState(null);
  const { data } = list;
  const away = Boolean(data?.stale);
  const items = data?.items ?? [];
  const all = () => endAll(items, setDone).finally(() => { setDone(null); list.reload(); });
  const row = (session) => ({
    id: session.id,
    cells: {
      title: <strong>{session.login}</strong>,
      device: <span className="devskyy-who" title={session.device}><Icon name="device" size={16} /> {deviceWords(session.device)}</span>,
      since: <When time={session.created_at} />,
      used: <When time={session.last_used_at} />,
      ends: day(session.expires_at),
      /* translators: %s: login name. */
      acts: <Ask label={__('End', 'devskyy')} name={`${session.login}, ${deviceWords(session.device)}`} sure={sprintf(__('Yes, end the session of %s', 'devskyy'), session.login)} disabled={away} act={() => remove(`/access/sessions/${session.id}`).then(list.reload)} />,
    },
  });
  return (
    <>
      <Stale stale={data?.stale} retry={list.reload} />
      {list.error && <Problem error={list.error} retry={list.reload} />}
      {items.length > 0 && (
        <Lead text={__('Signed in from outside wp-admin. A session that you end is refused at once; the person may sign in again.', 'devskyy')}
          action={items.length > 1 && (
            /* translators: %d: number of sessions. */
            <Ask label={__('End all', 'devskyy')} name={__('Sessions', 'devskyy')} sure={sprintf(_n('Yes, end %d session', 'Yes, end all %d sessions', items.length, 'devskyy'), items.length)} disabled={away} act={all} />
          )} />
      )}
      {done !== null && <Progress label={__('Ending sessions…', 'devskyy')} done={done} total={items.length} />}
      {!data && list.loading && <Skeleton rows={4} />}
      {data && !items.length && (
        <Empty icon="device" title={__('Nobody is signed in', 'devskyy')}>
          {__('Whoever signs in from outside wp-admin appears here with their device, and can be signed out.', 'devskyy')}
        </Empty>
      )}
      {items.length > 0 && <Table label={__('Sessions', 'devskyy')} columns={columns()} rows={items.map(row)} />}
    </>
  );
}
