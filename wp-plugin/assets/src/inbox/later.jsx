import { __, sprintf } from '@wordpress/i18n';
import { Button, Dropdown } from '@wordpress/components';
import { useState } from '@wordpress/element';
import { day, laterDays, morning, shortDay } from '../lib/time.js';

/** "Later": tomorrow, next week or a day of one's choice; the proposal comes back that morning. */
export function Later({ onPick, disabled, size = 'compact', variant = 'tertiary' }) {
  return (
    <Dropdown
      popoverProps={{ placement: 'bottom-end' }}
      renderToggle={({ isOpen, onToggle }) => (
        <Button variant={variant} size={size} disabled={disabled} accessibleWhenDisabled aria-expanded={isOpen} onClick={onToggle}>
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
  const quick = [[__('Tomorrow', 'devskyy'), days.tomorrow], [__('Next week', 'devskyy'), days.week]];
  const valid = date >= days.tomorrow && date <= days.last;
  return (
    <div className="devskyy-later" role="group" aria-label={__('Ask me again', 'devskyy')}>
      <p>{__('Ask me again', 'devskyy')}</p>
      {quick.map(([label, date]) => (
        <Button key={date} size="compact" onClick={() => pick(morning(date))}><span>{label}</span><span>{shortDay(date)}</span></Button>
      ))}
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
