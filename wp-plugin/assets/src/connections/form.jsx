import { __ } from '@wordpress/i18n';
import { Button, TextControl } from '@wordpress/components';
import { useEffect, useRef, useState } from '@wordpress/element';
import { Problem } from '../lib/states.jsx';
import { wrongs } from './words.js';

/** Values, complaints and sending of a form; `check` says what is wrong before anything is sent. */
export function useForm(start, check = () => ({})) {
  const [values, setValues] = useState(start);
  const [state, setState] = useState({ error: null, busy: false });
  const send = async (act) => {
    const fields = check(values);
    if (Object.keys(fields).length) {
      setState({ error: { fields }, busy: false });
      return;
    }
    setState({ error: null, busy: true });
    try {
      await act(values);
    } catch (error) {
      setState({ error, busy: false });
    }
  };
  return { ...state, values, wrong: wrongs(state.error), send, set: (name) => (value) => setValues((old) => ({ ...old, [name]: value })) };
}

/** A place, and a way to put the focus on something in it once what had the focus is gone. */
export function useFocusBack() {
  const root = useRef(null);
  const [aim, setAim] = useState(null);
  // In an effect, so that what takes the focus stands there by then.
  useEffect(() => { if (aim) root.current?.querySelector(aim.selector)?.focus(); }, [aim]);
  return [root, (selector) => setAim({ selector })];
}

/** The frame of a form: its heading, what went wrong, its buttons. Escape goes back. */
export function Form({ form, title, label, act, onBack, card = false, children }) {
  const root = useRef(null);
  useEffect(() => {
    if (form.error?.fields) root.current?.querySelector('.has-error :is(input, textarea, select)')?.focus();
  }, [form.error]);
  return (
    <form ref={root} className={`devskyy-form ${card ? 'devskyy-card devskyy-new' : 'devskyy-setup'}`} aria-label={title} noValidate
      onSubmit={(event) => { event.preventDefault(); form.send(act); }} onKeyDown={(event) => { if (event.key === 'Escape') { event.stopPropagation(); onBack(); } }}>
      {card ? <h3>{title}</h3> : <h4>{title}</h4>}
      {form.error?.message && <Problem error={form.error} />}
      {children}
      <div className="devskyy-buttons">
        <Button type="submit" variant="primary" __next40pxDefaultSize isBusy={form.busy} disabled={form.busy} accessibleWhenDisabled>{label}</Button>
        <Button variant="tertiary" __next40pxDefaultSize onClick={onBack}>{__('Back', 'devskyy')}</Button>
      </div>
    </form>
  );
}

const field = (wrong) => (wrong ? 'devskyy-field has-error' : 'devskyy-field');

/** One line of text; `path` is the field's name at the server where that is another. */
export function Line({ form, name, path = name, label, help, first, ...more }) {
  const wrong = form.wrong[path];
  return (
    <TextControl __nextHasNoMarginBottom __next40pxDefaultSize ref={first} label={label} value={form.values[name]} onChange={form.set(name)} autoComplete="off" spellCheck={false}
      className={field(wrong)} help={wrong ?? help} aria-invalid={Boolean(wrong)} {...more} />
  );
}

/** An address; they read from left to right in every language. */
export const Address = (props) => <Line dir="ltr" inputMode="url" maxLength={400} {...props} />;

/** Something secret: not shown while it is typed, and kept by no browser. */
export const Secret = (props) => <Line dir="ltr" type="password" autoComplete="new-password" maxLength={4000} {...props} />;

/** Calls or messages a minute. */
export const Rate = (props) => <Line name="rate_per_minute" type="number" min={1} max={6000} step={1} {...props} />;
