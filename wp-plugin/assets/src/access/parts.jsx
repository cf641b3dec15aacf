import { __, sprintf } from '@wordpress/i18n';
import { Button, CheckboxControl } from '@wordpress/components';
import { useCopyToClipboard } from '@wordpress/compose';
import { useEffect, useRef, useState } from '@wordpress/element';
import { speak } from '@wordpress/a11y';
import { useFocusOn } from '../lib/hooks.js';
import { Icon } from '../lib/icons.jsx';
import { Badge, Problem } from '../lib/states.jsx';
import { ago, moment } from '../lib/time.js';
import { scopeLabel } from './rights.js';

const FEW = 3;

export function When({ time, never = __('never', 'devskyy') }) {
  return time ? <time dateTime={time} title={moment(time)}>{ago(time)}</time> : <span className="devskyy-quiet">{never}</span>;
}

export function Copy({ text, label }) {
  const [copied, setCopied] = useState(false);
  const ref = useCopyToClipboard(text, () => { setCopied(true); speak(__('Copied.', 'devskyy')); });
  return <Button ref={ref} variant="secondary" size="compact" aria-label={label}>{copied ? __('Copied', 'devskyy') : __('Copy', 'devskyy')}</Button>;
}

/** A secret that is shown this once: it lives in this page's memory until the person says that they have it. */
export function Once({ title, values, onDone }) {
  const heading = useFocusOn(title);
  const lost = values.some(({ value }) => !value);
  return (
    <section className="devskyy-once" aria-labelledby="devskyy-once-title">
      <h3 id="devskyy-once-title" tabIndex={-1} ref={heading}>{title}</h3>
      {lost
        ? <p>{__('It was made at an earlier press whose answer was lost on its way, and with it what would have stood here once. It is in the list: end it and make another, or make it a new secret there.', 'devskyy')}</p>
        : <p>{__('This is shown only now and cannot be shown again. Copy it to where it is needed.', 'devskyy')}</p>}
      {!lost && <dl>
        {values.map(({ label, value }) => (
          <div key={label}>
            <dt>{label}</dt>
            {/* translators: %s: what is copied, such as "Password". */}
            <dd><code dir="ltr">{value}</code><Copy text={value} label={sprintf(__('Copy: %s', 'devskyy'), label)} /></dd>
          </div>
        ))}
      </dl>}
      <div><Button variant="primary" size="compact" onClick={onDone}>{lost ? __('Close', 'devskyy') : __('I have it', 'devskyy')}</Button></div>
    </section>
  );
}

/** A button whose first press asks and whose second, named press acts; a `calm` one ends nothing for good. */
export function Ask({ label, name, sure, disabled, calm = false, act, children }) {
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(null);
  const yes = useFocusOn(asked);
  const first = useRef(null);
  const was = useRef(false);
  useEffect(() => {
    if (was.current && !asked) first.current?.focus({ preventScroll: true });
    was.current = asked;
  }, [asked]);
  const go = async () => {
    setBusy(true);
    setError(null);
    try {
      await act();
      speak(__('Done.', 'devskyy'));
      setAsked(false);
    } catch (problem) {
      setError(problem);
    }
    setBusy(false);
  };
  if (!asked) {
    return <Button ref={first} variant="tertiary" size="compact" isDestructive={!calm} disabled={disabled} accessibleWhenDisabled aria-label={`${label}: ${name}`} onClick={() => setAsked(true)}>{label}…</Button>;
  }
  return (
    <div className="devskyy-ask" role="group" aria-label={sure} onKeyDown={(event) => { if (event.key === 'Escape') { event.preventDefault(); setAsked(false); } }}>
      {children && <p>{children}</p>}
      {error && <Problem error={error} />}
      <div className="devskyy-buttons">
        <Button ref={yes} variant="primary" size="compact" isDestructive={!calm} isBusy={busy} disabled={busy || disabled} accessibleWhenDisabled onClick={go}>{sure}</Button>
        <Button variant="tertiary" size="compact" onClick={() => setAsked(false)}>{__('Back', 'devskyy')}</Button>
      </div>
    </div>
  );
}

/** What a key or machine may do: the first few, the rest on a press. */
export function Scopes({ scopes, known }) {
  const [all, setAll] = useState(false);
  const shown = all ? scopes : scopes.slice(0, FEW);
  return (
    <>
      <ul className="devskyy-scopes">{shown.map((scope) => <li key={scope}>{scopeLabel(scope, known)}</li>)}</ul>
      {scopes.length > FEW && (
        <button type="button" className="devskyy-linklike" aria-expanded={all} onClick={() => setAll(!all)}>
          {/* translators: %d: number of further rights. */}
          {all ? __('Show less', 'devskyy') : sprintf(__('and %d more', 'devskyy'), scopes.length - FEW)}
        </button>
      )}
    </>
  );
}

/** Every scope with its words, to tick. */
export function ScopeField({ known, value, onChange, error }) {
  const toggle = (name) => (on) => onChange(on ? [...value, name] : value.filter((other) => other !== name));
  return (
    <fieldset className={`devskyy-choices devskyy-scope-field${error ? ' has-error' : ''}`}>
      <legend>{__('What it may do', 'devskyy')}</legend>
      <div>{known.map(({ name }) => <CheckboxControl key={name} __nextHasNoMarginBottom label={scopeLabel(name, known)} checked={value.includes(name)} onChange={toggle(name)} />)}</div>
      <p className="devskyy-quiet">{__('Nothing of this approves, rejects or undoes a proposal: that takes a person in wp-admin.', 'devskyy')}</p>
      {error && <p className="devskyy-field-error" role="alert">{error}</p>}
    </fieldset>
  );
}

const STATES = () => ({
  active: [__('Active', 'devskyy'), 'good'],
  expired: [__('Expired', 'devskyy'), 'plain'],
  revoked: [__('Ended', 'devskyy'), 'plain'],
});

export function StateBadge({ state }) {
  const [label, tone] = STATES()[state] ?? [state, 'plain'];
  return <Badge tone={tone}>{label}</Badge>;
}

/** A table that stands as cards on a phone; `columns` are `[name, label]`, cells are nodes by name. */
export function Table({ label, columns, rows }) {
  return (
    <table className="devskyy-table devskyy-access-table" role="table">
      <caption className="screen-reader-text">{label}</caption>
      <thead role="rowgroup"><tr role="row">{columns.map(([name, words]) => <th key={name} role="columnheader" scope="col" className={`col-${name}`}>{name === 'acts' ? <span className="screen-reader-text">{words}</span> : words}</th>)}</tr></thead>
      <tbody role="rowgroup">
        {rows.map(({ id, off, cells }) => (
          <tr key={id} role="row" data-row={id} className={off ? 'is-off' : ''}>
            {columns.map(([name, words]) => (
              <td key={name} role="cell" className={`col-${name}`}>
                {!['title', 'acts', 'state'].includes(name) && <span className="devskyy-cell-label" aria-hidden="true">{words}</span>}
                {cells[name]}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The head of a section: what it is, and the one thing to add to it. */
export function Lead({ text, action }) {
  return <div className="devskyy-lead-line"><p>{text}</p>{action}</div>;
}

export function Locked({ text }) {
  return <span className="devskyy-quiet devskyy-who"><Icon name="person" size={16} /> {text}</span>;
}
