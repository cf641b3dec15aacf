import { __ } from '@wordpress/i18n';
import { Button, SearchControl, SelectControl } from '@wordpress/components';
import { shop } from '../lib/shop.js';
import { today } from '../lib/time.js';
import { isFiltered, whoWords } from './entry.js';

function Filter({ label, value, options, onChange }) {
  return <SelectControl __nextHasNoMarginBottom size="compact" hideLabelFromVision label={label} value={value} options={[{ value: '', label }, ...options]} onChange={onChange} />;
}

const periods = () => [
  { value: 'today', label: __('Today', 'devskyy') },
  { value: 'week', label: __('Last 7 days', 'devskyy') },
  { value: 'month', label: __('Last 30 days', 'devskyy') },
  { value: 'own', label: __('Days of your choice', 'devskyy') },
];

function Days({ filter, onChange }) {
  return (
    <div className="devskyy-days">
      <label>{__('From', 'devskyy')} <input type="date" max={filter.to || today()} value={filter.from} onChange={(event) => onChange({ from: event.target.value })} /></label>
      <label>{__('To', 'devskyy')} <input type="date" min={filter.from || undefined} max={today()} value={filter.to} onChange={(event) => onChange({ to: event.target.value })} /></label>
    </div>
  );
}

/** Search and filters; people come from the summary, so that only those are offered who did something. */
export function Toolbar({ filter, search, people, onSearch, onChange, onClear }) {
  const named = people.filter((person) => person.person);
  const options = [...named.map((person) => ({ value: person.person, label: whoWords(person) })), { value: 'none', label: __('DevSkyy itself', 'devskyy') }];
  if (filter.person && !options.some(({ value }) => value === filter.person)) options.push({ value: filter.person, label: filter.person });
  return (
    <div className="devskyy-toolbar" role="search" aria-label={__('Activity', 'devskyy')}>
      <SearchControl __nextHasNoMarginBottom size="compact" label={__('Search the activity', 'devskyy')} placeholder={__('Search by name, thing or request', 'devskyy')} value={search} onChange={onSearch} />
      <Filter label={__('All actions', 'devskyy')} value={filter.action} onChange={(action) => onChange({ action })}
        options={Object.entries(shop().groups ?? {}).map(([value, label]) => ({ value, label }))} />
      <Filter label={__('Everybody', 'devskyy')} value={filter.person} onChange={(person) => onChange({ person })} options={options} />
      <Filter label={__('Any time', 'devskyy')} value={filter.period} onChange={(period) => onChange({ period })} options={periods()} />
      <Filter label={__('Done or refused', 'devskyy')} value={filter.failed} onChange={(failed) => onChange({ failed })} options={[{ value: 'true', label: __('Only refused or failed', 'devskyy') }]} />
      {isFiltered(filter) && <Button variant="tertiary" onClick={onClear}>{__('Clear filters', 'devskyy')}</Button>}
      {filter.period === 'own' && <Days filter={filter} onChange={onChange} />}
    </div>
  );
}
