import { __ } from '@wordpress/i18n';
import { useEffect, useState } from '@wordpress/element';
import { Frame } from '../lib/frame.jsx';
import { readHash, useHash, writeHash } from '../lib/hooks.js';
import { Tabs } from '../lib/tabs.jsx';
import { Services } from './services.jsx';
import { Webhooks } from './webhooks.jsx';

const TABS = () => [['services', __('Services', 'devskyy')], ['webhooks', __('Webhooks', 'devskyy')]];

const known = (tab) => (tab === 'webhooks' ? tab : 'services');

/** What the shop is connected to: services that agents use, and systems that are told what happens. */
export function Connections() {
  const [tab, setTab] = useState(known(readHash().tab));
  const [hook, setHook] = useState(readHash().hook ?? null);
  useEffect(() => writeHash(tab === 'webhooks' ? { tab, hook } : {}), [tab, hook]);
  useHash((hash) => { setTab(known(hash.tab)); setHook(hash.hook ?? null); });
  return (
    <Frame page="connections">
      <Tabs label={__('Connections', 'devskyy')} tabs={TABS()} tab={tab} onTab={setTab} />
      <div id="devskyy-part" className="devskyy-list" role="tabpanel" aria-labelledby={`devskyy-tab-${tab}`}>
        {tab === 'services' ? <Services /> : <Webhooks open={hook} onOpen={setHook} />}
      </div>
    </Frame>
  );
}
