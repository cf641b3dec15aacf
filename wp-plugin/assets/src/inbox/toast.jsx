import { __ } from '@wordpress/i18n';
import { Button } from '@wordpress/components';
import { useEffect } from '@wordpress/element';
import { sentence } from '../lib/message.js';
import { undoLines } from '../lib/changes.js';
import { Icon } from '../lib/icons.jsx';

const STAYS_MS = 12_000;

/** How the last act in the list went, with its Undo, at the foot of the screen. */
export function Toast({ last, onOpen, onUndo, onClose }) {
  useEffect(() => {
    // A failure stays until it is read.
    if (!last?.ok) return undefined;
    const timer = setTimeout(onClose, STAYS_MS);
    return () => clearTimeout(timer);
  }, [last]);
  if (!last) return null;
  const { proposal } = last;
  const undo = last.ok && last.action === 'approve' && proposal.undoable;
  const lines = undoLines(proposal.changes);
  return (
    <div className={`devskyy-toast is-${last.ok ? 'good' : 'bad'}`}>
      <div>
        <strong>{last.text}</strong>
        <p>{proposal.evidence?.message ? sentence(proposal.evidence.message) : proposal.title}</p>
        {last.error?.hint && <p>{last.error.hint}</p>}
      </div>
      <div className="devskyy-buttons">
        {undo && <Button variant="secondary" size="compact" onClick={() => onUndo(proposal)} description={lines.length === 1 ? lines[0] : undefined}>{__('Undo', 'devskyy')}</Button>}
        <Button variant="tertiary" size="compact" onClick={() => { onOpen(proposal.id); onClose(); }}>{__('Show', 'devskyy')}</Button>
        <Button variant="tertiary" size="compact" onClick={onClose} aria-label={__('Close', 'devskyy')}><Icon name="close" /></Button>
      </div>
    </div>
  );
}
