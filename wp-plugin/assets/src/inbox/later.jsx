import { __, sprintf } from '@wordpress/i18n';
import { Button, Dropdown, MenuGroup, MenuItem } from '@wordpress/components';
import { useState } from '@wordpress/element';
import { day, laterDays, morning, shortDay } from '../lib/time.js';

/** "Later": tomorrow, next week or a day of one's choice; the proposal comes back that morning. */
export function Later({ onPick, disabled, size = 'compact', variant = 'tertiary' }) {
  return (
    <Dropdown
      popoverProps={{ placement: 'bottom-end' }}
      renderToggle={({ isOpen, onToggle }) => (
        <Button variant={variant} size={size} disabled={disabled} accessibleWhenDisabled aria-expanded={isOpen} aria-haspopup="true" onClick={onToggle}>
          {__('Later', 'devskyy')}
        </Button>
      )}
      renderContent={({ onClose }) => <Choices pick={(until) => { onClose(); onPick(until); }} />}
    />
  );
}

function Choices({ pick }) {
  const days = laterDays();
  const [date, setDate] = useState('');
  const valid = date >= days.tomorrow && date <= days.last;
  return (
    <div className="devskyy-later">
      <MenuGroup label={__('Ask me again', 'devskyy')}>
        <MenuItem onClick={() => pick(morning(days.tomorrow))} suffix={<span>{shortDay(days.tomorrow)}</span>}>{__('Tomorrow', 'devskyy')}</MenuItem>
        <MenuItem onClick={() => pick(morning(days.week))} suffix={<span>{shortDay(days.week)}</span>}>{__('Next week', 'devskyy')}</MenuItem>
      </MenuGroup>
      <form onSubmit={(event) => { event.preventDefault(); if (valid) pick(morning(date)); }}>
        <label htmlFor="devskyy-later-date">{__('On a day of your choice', 'devskyy')}</label>
        <div className="devskyy-buttons">
          <input id="devskyy-later-date" type="date" min={days.tomorrow} max={days.last} value={date} onChange={(event) => setDate(event.target.value)} />
          <Button type="submit" variant="secondary" size="compact" disabled={!valid} accessibleWhenDisabled>{__('Set', 'devskyy')}</Button>
        </div>
        {date && !valid && (
          <p className="devskyy-field-error" role="alert">
            {/* translators: 1: first, 2: last possible day. */}
            {sprintf(__('Choose a day from %1$s to %2$s.', 'devskyy'), day(days.tomorrow), day(days.last))}
          </p>
        )}
      </form>
    </div>
  );
}
