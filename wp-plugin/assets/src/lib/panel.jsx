import { __ } from '@wordpress/i18n';
import { Button } from '@wordpress/components';
import { useRef } from '@wordpress/element';
import { useFocusOn, useTop } from './hooks.js';
import { Icon } from './icons.jsx';

/**
 * What was opened, beside its list; it fills the screen where there is no room for both.
 *
 * It takes the focus when another `id` opens, closes on Escape, and keeps its foot in sight.
 */
export function SidePanel({ id, title, onClose, children }) {
  const panel = useRef(null);
  const heading = useFocusOn(id);
  const top = useTop(panel);
  return (
    <aside className="devskyy-panel" aria-labelledby="devskyy-panel-name" ref={panel} style={{ '--ds-panel-top': top === null ? undefined : `${top}px` }}
      onKeyDown={(event) => { if (event.key === 'Escape' && !event.defaultPrevented) onClose(); }}>
      <header>
        <span id="devskyy-panel-name" tabIndex={-1} ref={heading}>{title}</span>
        <Button size="compact" variant="tertiary" onClick={onClose} aria-label={__('Close', 'devskyy')}><Icon name="close" size={24} /></Button>
      </header>
      {children}
    </aside>
  );
}
