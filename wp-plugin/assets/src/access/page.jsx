import { __ } from '@wordpress/i18n';
import { useEffect, useRef, useState } from '@wordpress/element';
import { Frame } from '../lib/frame.jsx';
import { readHash, useHash, useLoad, writeHash } from '../lib/hooks.js';
import { Problem } from '../lib/states.jsx';
import { Holders } from './holders.jsx';
import { People } from './people.jsx';
import { Sessions } from './sessions.jsx';

const TABS = () => [
  ['keys', __('API keys', 'devskyy')],
  ['people', __('People', 'devskyy')],
  ['sessions', __('Sessions', 'devskyy')],
  ['machines', __('Machines', 'devskyy')],
];
const NAMES = ['keys', 'people', 'sessions', 'machines'];

/** The parts of the page; arrow keys move between them as in any list of tabs. */
function Tabs({ tab, onTab }) {
  const root = useRef(null);
  const move = (event) => {
    const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!way && !['Home', 'End'].includes(event.key)) return;
    event.preventDefault();
    const turn = way && document.documentElement.dir === 'rtl' ? -way : way;
    const next = event.key === 'Home' ? 0 : event.key === 'End' ? NAMES.length - 1 : (NAMES.indexOf(tab) + turn + NAMES.length) % NAMES.length;
    onTab(NAMES[next]);
    root.current.querySelector(`#devskyy-tab-${NAMES[next]}`)?.focus();
  };
  return (
    <div className="devskyy-parts" role="tablist" aria-label={__('Access', 'devskyy')} ref={root} onKeyDown={move}>
      {TABS().map(([name, label]) => (
        <button key={name} type="button" role="tab" id={`devskyy-tab-${name}`} aria-controls="devskyy-part" aria-selected={tab === name} tabIndex={tab === name ? 0 : -1}
          className={tab === name ? 'is-current' : ''} onClick={() => onTab(name)}>{label}</button>
      ))}
    </div>
  );
}

const known = (tab) => (NAMES.includes(tab) ? tab : 'keys');

export function Access() {
  const [tab, setTab] = useState(known(readHash().tab));
  const roles = useLoad('/access/roles');
  const people = useLoad('/access/people');
  useEffect(() => writeHash({ tab: tab === 'keys' ? '' : tab }), [tab]);
  useHash((hash) => hash.tab && setTab(known(hash.tab)));
  const shared = { roles: roles.data, people: people.data?.items ?? [] };
  return (
    <Frame page="access">
      <Tabs tab={tab} onTab={setTab} />
      {people.error && <Problem error={people.error} retry={people.reload} />}
      <div id="devskyy-part" className="devskyy-list" role="tabpanel" aria-busy={(roles.loading && !roles.data) || (people.loading && !people.data)} aria-labelledby={`devskyy-tab-${tab}`}>
        {tab === 'keys' && <Holders key="keys" kind="keys" {...shared} />}
        {tab === 'people' && <People {...shared} onSessions={() => setTab('sessions')} />}
        {tab === 'sessions' && <Sessions />}
        {tab === 'machines' && <Holders key="clients" kind="clients" {...shared} />}
      </div>
    </Frame>
  );
}
