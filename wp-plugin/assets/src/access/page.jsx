import { __ } from '@wordpress/i18n';
import { useEffect, useState } from '@wordpress/element';
import { Frame } from '../lib/frame.jsx';
import { readHash, useHash, useLoad, writeHash } from '../lib/hooks.js';
import { Problem } from '../lib/states.jsx';
import { Tabs } from '../lib/tabs.jsx';
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
      <Tabs label={__('Access', 'devskyy')} tabs={TABS()} tab={tab} onTab={setTab} />
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
