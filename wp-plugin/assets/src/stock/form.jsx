import { __ } from '@wordpress/i18n';
import { Button } from '@wordpress/components';
import { useEffect, useRef, useState } from '@wordpress/element';
import { speak } from '@wordpress/a11y';
import { fieldErrors, readValues, startValues } from '../lib/schema.js';
import { SchemaForm } from '../lib/schema-form.jsx';
import { Problem } from '../lib/states.jsx';

/**
 * A small form over a JSON Schema that saves once it is filled in right.
 *
 * `send` gets what was filled in (empty optional fields as null, so that they can be cleared) and answers a promise;
 * what the server complains about stands at its field.
 */
export function Form({ schema, saved, label, save = __('Save', 'devskyy'), away, send, onBack, children }) {
  const [values, setValues] = useState(() => startValues(schema, saved));
  const [errors, setErrors] = useState({});
  const [state, setState] = useState({ busy: false, error: null });
  const form = useRef(null);
  useEffect(() => {
    const field = form.current.querySelector('input, select, textarea');
    field?.focus({ preventScroll: true });
    field?.scrollIntoView({ block: 'nearest' });
  }, []);
  const submit = async (event) => {
    event.preventDefault();
    const read = readValues(schema, values);
    setErrors(read.errors);
    if (Object.keys(read.errors).length) {
      setState({ busy: false, error: null });
      window.requestAnimationFrame(() => form.current?.querySelector('[aria-invalid]')?.focus());
      return;
    }
    const cleared = Object.fromEntries(Object.keys(schema.properties).filter((name) => !(name in read.input)).map((name) => [name, schema.properties[name].type === 'string' ? '' : null]));
    setState({ busy: true, error: null });
    try {
      await send({ ...cleared, ...read.input });
      speak(__('Saved.', 'devskyy'));
      setState({ busy: false, error: null });
    } catch (problem) {
      const named = fieldErrors(problem);
      setErrors(named);
      setState({ busy: false, error: Object.keys(named).length ? null : problem });
    }
  };
  return (
    <form className="devskyy-form" ref={form} noValidate aria-label={label} onSubmit={submit} onKeyDown={(event) => { if (event.key === 'Escape' && onBack) { event.preventDefault(); onBack(); } }}>
      {children}
      <SchemaForm schema={schema} values={values} errors={errors} onChange={setValues} />
      {state.error && <Problem error={state.error} />}
      <div className="devskyy-buttons">
        <Button type="submit" variant="primary" size="compact" isBusy={state.busy} disabled={state.busy || away} accessibleWhenDisabled>{save}</Button>
        {onBack && <Button variant="tertiary" size="compact" onClick={onBack}>{__('Back', 'devskyy')}</Button>}
      </div>
    </form>
  );
}

/** Where the focus returns to once what was opened has closed: the button that opened it, or where that is gone the first one inside the element with this ref. */
export function useReturn(open) {
  const ref = useRef(null);
  const was = useRef(open);
  const opener = useRef(null);
  // Read while rendering: afterwards what has opened holds the focus.
  if (open && !was.current) opener.current = document.activeElement;
  useEffect(() => {
    if (was.current && !open) {
      const back = opener.current?.isConnected && opener.current !== document.body ? opener.current : ref.current?.querySelector('button');
      back?.focus({ preventScroll: true });
      back?.scrollIntoView({ block: 'nearest' });
    }
    was.current = open;
  }, [open]);
  return ref;
}

/** A button that opens what it is about below itself. */
export function Reveal({ label, open, onOpen, disabled }) {
  return <Button variant="secondary" size="compact" aria-expanded={open} disabled={disabled} accessibleWhenDisabled onClick={() => onOpen(!open)}>{label}</Button>;
}
