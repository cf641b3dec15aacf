import { __ } from '@wordpress/i18n';
import { Button, SearchControl, SelectControl } from '@wordpress/components';
import { GROUPS, groupCounts, isFiltered } from '../lib/table.js';
import { familyLabel, groupLabel, riskLabel } from '../lib/labels.js';
import { number } from '../lib/money.js';

/** The groups of states as the links that WordPress puts above its lists. */
export function Groups({ view, counts, onChange }) {
  const sums = groupCounts(counts);
  const shown = [...Object.keys(GROUPS), 'all'].filter((group) => ['open', 'later', 'applied', 'all', view.group].includes(group) || sums[group] > 0);
  return (
    <ul className="devskyy-groups" aria-label={__('Proposals by state', 'devskyy')}>
      {shown.map((group) => (
        <li key={group}>
          <button type="button" className={view.group === group ? 'is-current' : ''} aria-pressed={view.group === group} onClick={() => onChange({ group })}>
            {groupLabel(group)}{counts && <span className="devskyy-quiet"> ({number(sums[group])})</span>}
          </button>
        </li>
      ))}
    </ul>
  );
}

function Filter({ label, value, options, onChange }) {
  return (
    <SelectControl __nextHasNoMarginBottom size="compact" hideLabelFromVision label={label} value={value}
      options={[{ value: '', label }, ...options]} onChange={onChange} />
  );
}

/** Search and filters; families and agents come from the shop's own list of agents. */
export function Toolbar({ view, search, onSearch, agents, onChange, onClear }) {
  const families = [...new Set(agents.map((agent) => agent.family))].sort();
  const offered = agents.filter((agent) => !view.family || agent.family === view.family);
  return (
    <div className="devskyy-toolbar" role="search" aria-label={__('Proposals', 'devskyy')}>
      <SearchControl __nextHasNoMarginBottom size="compact" label={__('Search proposals', 'devskyy')} placeholder={__('Search by product or words', 'devskyy')} value={search} onChange={onSearch} />
      <Filter label={__('All families', 'devskyy')} value={view.family} onChange={(family) => onChange({ family, agent: '' })}
        options={families.map((family) => ({ value: family, label: familyLabel(family) }))} />
      <Filter label={__('All agents', 'devskyy')} value={view.agent} onChange={(agent) => onChange({ agent })}
        options={offered.map((agent) => ({ value: agent.name, label: agent.title }))} />
      <Filter label={__('Any risk', 'devskyy')} value={view.risk} onChange={(risk) => onChange({ risk })}
        options={['low', 'medium', 'high'].map((risk) => ({ value: risk, label: riskLabel(risk) }))} />
      {isFiltered(view) && <Button variant="tertiary" onClick={onClear}>{__('Clear filters', 'devskyy')}</Button>}
    </div>
  );
}
