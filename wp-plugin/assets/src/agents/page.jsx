import { __ } from '@wordpress/i18n';
import { useCallback } from '@wordpress/element';
import { Frame } from '../lib/frame.jsx';
import { useLoad } from '../lib/hooks.js';
import { familyLabel } from '../lib/labels.js';
import { Empty, Problem, Skeleton, Stale } from '../lib/states.jsx';
import { Card } from './card.jsx';

function byFamily(items) {
  const families = new Map();
  for (const agent of items) families.set(agent.family, [...(families.get(agent.family) ?? []), agent]);
  return [...families].sort(([a], [b]) => familyLabel(a).localeCompare(familyLabel(b)));
}

export function Agents() {
  const { data, error, loading, reload, set } = useLoad('/agents');
  const items = data?.items ?? [];
  const replace = useCallback((agent) => set({ ...data, items: data.items.map((old) => (old.name === agent.name ? agent : old)) }), [data, set]);
  return (
    <Frame page="agents">
      <Stale stale={data?.stale} retry={reload}>{__('Switching and running agents waits until it answers again.', 'devskyy')}</Stale>
      {error && <Problem error={error} retry={reload} />}
      <p className="devskyy-intro">{__('Agents look at your shop and propose changes. They change nothing themselves: you decide in the Inbox.', 'devskyy')}</p>
      {!data && loading && <Skeleton rows={3} tall />}
      {data && !items.length && <Empty icon="person" title={__('No agents', 'devskyy')}>{__('The sidecar offers no agents. Check its version on the Status page.', 'devskyy')}</Empty>}
      <div className="devskyy-families">
        {byFamily(items).map(([family, agents]) => (
          <section key={family} className={`devskyy-family${agents.length > 1 ? ' is-large' : ''}`} aria-labelledby={`devskyy-family-${family}`}>
            <h2 id={`devskyy-family-${family}`}>{familyLabel(family)}</h2>
            <div className="devskyy-cards">
              {agents.map((agent) => <Card key={agent.name} agent={agent} away={Boolean(data.stale)} onChange={replace} onRan={reload} />)}
            </div>
          </section>
        ))}
      </div>
    </Frame>
  );
}
