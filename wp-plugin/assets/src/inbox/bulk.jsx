import { __, _n, sprintf } from '@wordpress/i18n';
import { Button, Notice } from '@wordpress/components';
import { useState } from '@wordpress/element';
import { bulkCaution } from '../lib/changes.js';
import { Message } from '../lib/message-view.jsx';
import { Progress } from '../lib/states.jsx';
import { useFocusOn } from '../lib/hooks.js';
import { Later } from './later.jsx';

const SHOWN = 10;

function progressLabel(action) {
  switch (action) {
    case 'approve': return __('Approving and applying…', 'devskyy');
    case 'reject': return __('Rejecting…', 'devskyy');
    case 'snooze': return __('Putting off…', 'devskyy');
    default: return __('Undoing…', 'devskyy');
  }
}

/** Lists what a bulk approval changes and asks for the second press. */
function ConfirmBulk({ proposals, prices, onGo, onBack }) {
  const ref = useFocusOn('bulk');
  const label = prices
    /* translators: %d: number of prices. */
    ? sprintf(_n('Yes, change %d price', 'Yes, change %d prices', prices, 'devskyy'), prices)
    /* translators: %d: number of proposals. */
    : sprintf(_n('Yes, approve %d proposal', 'Yes, approve %d proposals', proposals.length, 'devskyy'), proposals.length);
  return (
    <div className="devskyy-confirm" role="group" aria-label={label} tabIndex={-1} ref={ref}
      onKeyDown={(event) => { if (event.key === 'Escape') { event.stopPropagation(); onBack(); } }}>
      <p><strong>{__('Customers see these changes at once:', 'devskyy')}</strong></p>
      <ul className="devskyy-lines">
        {proposals.slice(0, SHOWN).map((proposal) => <li key={proposal.id}><Message of={proposal.evidence?.message ?? proposal.title} /></li>)}
        {/* translators: %d: number of further proposals. */}
        {proposals.length > SHOWN && <li>{sprintf(__('and %d more', 'devskyy'), proposals.length - SHOWN)}</li>}
      </ul>
      <div className="devskyy-buttons">
        <Button variant="primary" size="compact" onClick={onGo}>{label}</Button>
        <Button variant="tertiary" size="compact" onClick={onBack}>{__('Back', 'devskyy')}</Button>
      </div>
    </div>
  );
}

/** What can be done with the chosen proposals together. */
export function BulkBar({ chosen, acts, disabled, onNone }) {
  const [asked, setAsked] = useState(false);
  if (acts.progress) {
    return <div className="devskyy-bulk"><Progress label={progressLabel(acts.progress.action)} done={acts.progress.done} total={acts.progress.total} /></div>;
  }
  if (!chosen.length) return null;
  const open = chosen.filter((proposal) => ['pending', 'snoozed'].includes(proposal.state));
  const undoable = chosen.filter((proposal) => proposal.state === 'applied' && proposal.undoable);
  const { prices, needed } = bulkCaution(open);
  const go = (action, items, extra) => { setAsked(false); acts.bulk(action, items, extra); };
  const common = { size: 'compact', disabled, accessibleWhenDisabled: true };
  return (
    <div className="devskyy-bulk" role="region" aria-label={__('Chosen proposals', 'devskyy')}>
      <div className="devskyy-buttons">
        {/* translators: %d: number of proposals. */}
        <strong>{sprintf(_n('%d selected', '%d selected', chosen.length, 'devskyy'), chosen.length)}</strong>
        {open.length > 0 && (
          <>
            <Button {...common} variant="primary" onClick={() => (needed ? setAsked(true) : go('approve', open))}>{needed ? __('Approve…', 'devskyy') : __('Approve', 'devskyy')}</Button>
            <Later disabled={disabled} variant="secondary" onPick={(until) => go('snooze', open, { until })} />
            <Button {...common} variant="secondary" isDestructive onClick={() => go('reject', open)}>{__('Reject', 'devskyy')}</Button>
          </>
        )}
        {undoable.length > 0 && <Button {...common} disabled={false} variant="secondary" onClick={() => go('undo', undoable)}>{__('Undo', 'devskyy')}</Button>}
        <Button variant="tertiary" size="compact" onClick={onNone}>{__('Select none', 'devskyy')}</Button>
      </div>
      {asked && <ConfirmBulk proposals={open} prices={prices} onGo={() => go('approve', open)} onBack={() => setAsked(false)} />}
    </div>
  );
}

/** How a bulk act went: in one line, and one by one where it did not work. */
export function Summary({ summary, onClose, onOpen }) {
  const [shown, setShown] = useState(false);
  if (!summary) return null;
  return (
    <Notice status={summary.failed.length ? 'warning' : 'success'} onRemove={onClose} className="devskyy-notice">
      <strong>{summary.text}</strong>{' '}
      {summary.failed.length > 0 && <Button variant="link" aria-expanded={shown} onClick={() => setShown(!shown)}>{shown ? __('Hide', 'devskyy') : __('Show', 'devskyy')}</Button>}
      {shown && (
        <ul className="devskyy-lines">
          {summary.failed.map(({ id, proposal, error }) => (
            <li key={id}>
              <button type="button" className="devskyy-linklike" onClick={() => onOpen(id)}><Message of={proposal?.evidence?.message ?? proposal?.title} plain /></button>
              <br /><span className="devskyy-quiet">{error?.message} {error?.hint ?? error?.data?.hint}</span>
            </li>
          ))}
        </ul>
      )}
    </Notice>
  );
}
