import { __ } from '@wordpress/i18n';
import { Button, RadioControl, TextControl } from '@wordpress/components';
import { useEffect, useRef, useState } from '@wordpress/element';
import { speak } from '@wordpress/a11y';
import { make, remove } from '../lib/api.js';
import { plain } from '../lib/money.js';
import { Problem } from '../lib/states.jsx';
import { ago, today } from '../lib/time.js';
import { complaints } from '../access/rights.js';
import { Reveal, useReturn } from './form.jsx';
import { faults } from './typed.js';
import { overrideWords } from './words.js';

function Dates({ values, wrong, set }) {
  const field = (name, label, least) => (
    <div className={`devskyy-field${wrong[name] ? ' has-error' : ''}`}>
      <TextControl __nextHasNoMarginBottom __next40pxDefaultSize type="date" min={least} label={label} value={values[name]} onChange={(value) => set({ [name]: value })} aria-invalid={wrong[name] ? true : undefined} />
      {wrong[name] && <p className="devskyy-field-error" role="alert">{wrong[name]}</p>}
    </div>
  );
  return <div className="devskyy-two-fields">{field('first_day', __('From', 'devskyy'))}{field('last_day', __('To, that day included', 'devskyy'), values.first_day || undefined)}</div>;
}

function Form({ item, onMade, onBack }) {
  const [values, setValues] = useState({ kind: 'factor', value: '', first_day: today(), last_day: '', why: '' });
  const [state, setState] = useState({ busy: false, error: null, wrong: {} });
  const root = useRef(null);
  useEffect(() => { root.current?.querySelector('input')?.focus(); }, []);
  const set = (change) => setValues((old) => ({ ...old, ...change }));
  const send = async (event) => {
    event.preventDefault();
    const wrong = faults(values);
    if (Object.keys(wrong).length) {
      setState({ busy: false, error: null, wrong });
      return;
    }
    setState({ busy: true, error: null, wrong: {} });
    try {
      const { kind, value, ...rest } = values;
      onMade((await make('/inventory/overrides', { item_id: item.item_id, [kind]: Number(plain(value)), ...rest, why: rest.why.trim() })).override);
    } catch (error) {
      const { factor, per_day: perDay, ...named } = complaints(error);
      const found = { ...named, ...((factor ?? perDay) && { value: factor ?? perDay }) };
      const known = Object.keys(found).some((name) => name in values);
      setState({ busy: false, error: known ? null : error, wrong: found });
    }
  };
  const { wrong } = state;
  return (
    <form className="devskyy-form" ref={root} noValidate onSubmit={send} aria-label={__('Correct the forecast', 'devskyy')} onKeyDown={(event) => { if (event.key === 'Escape') { event.preventDefault(); onBack(); } }}>
      <RadioControl label={__('What you know better', 'devskyy')} selected={values.kind} onChange={(kind) => set({ kind })}
        options={[{ value: 'factor', label: __('Times the forecast, such as 1.5 for half as much again', 'devskyy') }, { value: 'per_day', label: __('Pieces a day, instead of the forecast', 'devskyy') }]} />
      <div className={`devskyy-field${wrong.value ? ' has-error' : ''}`}>
        <TextControl __nextHasNoMarginBottom __next40pxDefaultSize inputMode="decimal" autoComplete="off" label={values.kind === 'factor' ? __('Factor', 'devskyy') : __('Pieces a day', 'devskyy')} value={values.value} onChange={(value) => set({ value })} aria-invalid={wrong.value ? true : undefined} />
        {wrong.value && <p className="devskyy-field-error" role="alert">{wrong.value}</p>}
      </div>
      <Dates values={values} wrong={wrong} set={set} />
      <TextControl __nextHasNoMarginBottom __next40pxDefaultSize maxLength={300} label={__('Why', 'devskyy')} help={wrong.why ?? __('Such as "newsletter on Friday". You will want to know it in a month.', 'devskyy')} value={values.why} onChange={(why) => set({ why })} />
      {state.error && <Problem error={state.error} />}
      <div className="devskyy-buttons">
        <Button type="submit" variant="primary" size="compact" isBusy={state.busy} disabled={state.busy} accessibleWhenDisabled>{__('Correct it', 'devskyy')}</Button>
        <Button variant="tertiary" size="compact" onClick={onBack}>{__('Back', 'devskyy')}</Button>
      </div>
    </form>
  );
}

function Line({ override, away, onGone }) {
  const [state, setState] = useState({ busy: false, error: null });
  const undo = async () => {
    setState({ busy: true, error: null });
    try {
      await remove(`/inventory/overrides/${override.id}`);
      speak(__('Taken back. The forecast stands again.', 'devskyy'));
      onGone();
    } catch (error) {
      setState({ busy: false, error });
    }
  };
  const who = override.by?.login ?? override.by;
  return (
    <li>
      <div className="devskyy-line-acts">
        <strong>{overrideWords(override)}</strong>
        <Button variant="tertiary" size="compact" isBusy={state.busy} disabled={state.busy || away} accessibleWhenDisabled onClick={undo} aria-label={`${__('Take back', 'devskyy')}: ${overrideWords(override)}`}>{__('Take back', 'devskyy')}</Button>
      </div>
      <p className="devskyy-quiet">{[override.why, typeof who === 'string' ? who : '', override.at ? ago(override.at) : ''].filter(Boolean).join(' · ')}</p>
      {state.error && <Problem error={state.error} />}
    </li>
  );
}

/** What the owner knows better than the forecast for some days; taking it back is one press. */
export function Overrides({ item, overrides: known, away, onChange }) {
  const [form, setForm] = useState(false);
  const [fresh, setFresh] = useState([]);
  const opener = useReturn(form);
  const back = () => setForm(false);
  const made = (override) => {
    // Until the item has been asked anew, which may take a while: it counts already.
    setFresh((old) => [...old, override]);
    speak(__('Corrected. What to order is worked out anew.', 'devskyy'));
    back();
    onChange();
  };
  useEffect(() => setFresh([]), [known]);
  const overrides = [...(known ?? []), ...fresh];
  return (
    <>
      {overrides.length > 0 && <ul className="devskyy-overrides">{overrides.map((override) => <Line key={override.id} override={override} away={away} onGone={onChange} />)}</ul>}
      {!form && <p className="devskyy-quiet">{__('A promotion, a fair, a product that goes: say what the past cannot know, for the days it holds.', 'devskyy')}</p>}
      {form ? <Form item={item} onMade={made} onBack={back} /> : <div ref={opener}><Reveal label={__('Correct the forecast', 'devskyy')} open={false} disabled={away} onOpen={setForm} /></div>}
    </>
  );
}
