import { __, sprintf } from '@wordpress/i18n';
import { Button } from '@wordpress/components';
import { useEffect, useRef, useState } from '@wordpress/element';
import { caution, confirmLabel, undoLines } from '../lib/changes.js';
import { useFocusOn } from '../lib/hooks.js';
import { Later } from './later.jsx';

/** How the decision went; it takes the focus, for the button that had it is gone. */
function Result({ result }) {
  const ref = useRef(null);
  useEffect(() => { ref.current?.focus({ preventScroll: true }); }, [result]);
  if (!result) return null;
  return (
    <div className={`devskyy-outcome is-${result.ok ? 'good' : 'bad'}`} ref={ref} tabIndex={-1}>
      <strong>{result.text}</strong>
      {result.error?.hint && <p>{result.error.hint}</p>}
    </div>
  );
}

/** A second, named press: what it does stands above its button. */
function Confirm({ label, onConfirm, onBack, busy, destructive = false, children }) {
  const first = useFocusOn(label);
  return (
    <div className="devskyy-confirm" role="group" aria-label={label} ref={first} tabIndex={-1}
      onKeyDown={(event) => { if (event.key === 'Escape') { event.preventDefault(); onBack(); } }}>
      {children}
      <div className="devskyy-buttons">
        <Button variant="primary" __next40pxDefaultSize isBusy={busy} disabled={busy} accessibleWhenDisabled isDestructive={destructive} onClick={onConfirm}>{label}</Button>
        <Button variant="tertiary" __next40pxDefaultSize onClick={onBack}>{__('Back', 'devskyy')}</Button>
      </div>
    </div>
  );
}

function UndoPart({ proposal, acts, off, start }) {
  const [asked, setAsked] = useState(start);
  const lines = undoLines(proposal.changes);
  if (!proposal.undoable) return <p className="devskyy-quiet">{__('This cannot be undone.', 'devskyy')}</p>;
  if (!asked) {
    return (
      <div className="devskyy-buttons">
        <Button variant="secondary" __next40pxDefaultSize disabled={off} accessibleWhenDisabled onClick={() => setAsked(true)}>{__('Undo…', 'devskyy')}</Button>
        <span className="devskyy-quiet">{lines.length === 1 ? lines[0] : ''}</span>
      </div>
    );
  }
  return (
    <Confirm label={__('Undo now', 'devskyy')} busy={acts.busy === proposal.id} onBack={() => setAsked(false)} onConfirm={() => acts.act('undo', proposal)}>
      <p>{__('Undoing does this:', 'devskyy')}</p>
      <ul className="devskyy-lines">
        {lines.slice(0, 8).map((line, n) => <li key={n}>{line}</li>)}
        {/* translators: %d: number of further changes. */}
        {lines.length > 8 && <li>{sprintf(__('and %d more', 'devskyy'), lines.length - 8)}</li>}
      </ul>
      <p className="devskyy-quiet">{__('What somebody changed since then stays: undoing it is refused and says so.', 'devskyy')}</p>
    </Confirm>
  );
}

function PendingPart({ proposal, acts, off, start }) {
  const why = caution(proposal);
  const [asked, setAsked] = useState(start && Boolean(why));
  const busy = acts.busy === proposal.id;
  const approve = () => acts.act('approve', proposal);
  if (asked) {
    return (
      <Confirm label={confirmLabel(proposal)} busy={busy} onBack={() => setAsked(false)} onConfirm={approve}>
        <p><strong>{why}</strong></p>
        <p>{__('Above stands exactly what changes.', 'devskyy')} {proposal.undoable ? __('You can undo it afterwards.', 'devskyy') : ''}</p>
      </Confirm>
    );
  }
  const common = { __next40pxDefaultSize: true, disabled: off || busy, accessibleWhenDisabled: true };
  return (
    <div className="devskyy-buttons">
      <Button {...common} variant="primary" isBusy={busy} onClick={() => (why ? setAsked(true) : approve())}>{why ? __('Approve…', 'devskyy') : __('Approve', 'devskyy')}</Button>
      <Later size="default" variant="secondary" disabled={off || busy} onPick={(until) => acts.act('snooze', proposal, { until })} />
      <Button {...common} variant="tertiary" isDestructive onClick={() => acts.act('reject', proposal)}>{__('Reject', 'devskyy')}</Button>
    </div>
  );
}

function settled(proposal) {
  switch (proposal.state) {
    case 'stale': return __('Nothing was written: the shop changed after this was proposed. The next run looks at it afresh.', 'devskyy');
    case 'failed': return __('This could not be applied. What had been written was put back; see above what stands.', 'devskyy');
    case 'approved':
    case 'applying': return __('The change is on its way.', 'devskyy');
    case 'undoing': return __('The former values are being put back.', 'devskyy');
    case 'superseded': return __('A newer proposal took its place.', 'devskyy');
    case 'expired': return __('This was not decided in time. The agent proposes it again if it still makes sense.', 'devskyy');
    default: return '';
  }
}

/** The foot of the panel: what can be decided now, and how the last decision went. Undo needs no sidecar. */
export function Decide({ proposal, acts, disabled, confirm, result }) {
  const busy = Boolean(acts.progress) || Boolean(acts.busy && acts.busy !== proposal.id);
  const open = ['pending', 'snoozed'].includes(proposal.state);
  // What has just been tried says more than the state it led to.
  const words = result ? '' : settled(proposal);
  return (
    <footer className="devskyy-decide" key={proposal.state}>
      <Result result={result} />
      {disabled && open && <p className="devskyy-quiet">{disabled}</p>}
      {words && <p>{words} {proposal.outcome?.note}</p>}
      {open && <PendingPart proposal={proposal} acts={acts} off={busy || Boolean(disabled)} start={confirm} />}
      {proposal.state === 'applied' && <UndoPart proposal={proposal} acts={acts} off={busy} start={confirm && !result} />}
    </footer>
  );
}
