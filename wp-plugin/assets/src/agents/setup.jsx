import { __ } from '@wordpress/i18n';
import { Button } from '@wordpress/components';
import { useEffect, useRef, useState } from '@wordpress/element';
import { fieldErrors, readValues, startValues } from '../lib/schema.js';
import { SchemaForm } from '../lib/schema-form.jsx';
import { Problem } from '../lib/states.jsx';

/** The agent's bounds: save them for every run, or run once with them. */
export function Setup({ agent, away, onSave, onRun }) {
  const schema = agent.input_schema;
  const [values, setValues] = useState(() => startValues(schema, agent.settings?.input));
  const [errors, setErrors] = useState({});
  const [error, setError] = useState(null);
  const [note, setNote] = useState('');
  const [busy, setBusy] = useState(false);
  const form = useRef(null);
  useEffect(() => { form.current?.querySelector('input, select, textarea')?.focus(); }, []);

  const send = async (act, done) => {
    const read = readValues(schema, values);
    setErrors(read.errors);
    setError(null);
    setNote('');
    if (Object.keys(read.errors).length) return;
    setBusy(true);
    const problem = await act(read.input);
    setBusy(false);
    if (!problem) {
      setNote(done);
      return;
    }
    const named = fieldErrors(problem);
    setErrors(named);
    if (!Object.keys(named).length) setError(problem);
  };
  const common = { __next40pxDefaultSize: true, disabled: away || busy, accessibleWhenDisabled: true };
  return (
    <form className="devskyy-setup" ref={form} noValidate onSubmit={(event) => { event.preventDefault(); send(onSave, __('Saved. The next runs use this.', 'devskyy')); }}>
      <SchemaForm schema={schema} values={values} errors={errors} onChange={setValues} />
      {error && <Problem error={error} />}
      <div className="devskyy-buttons">
        <Button {...common} type="submit" variant="primary" isBusy={busy}>{__('Save', 'devskyy')}</Button>
        <Button {...common} variant="secondary" onClick={() => send(onRun, '')}>{__('Run once with this', 'devskyy')}</Button>
        <Button {...common} variant="tertiary" onClick={() => { setValues(startValues(schema)); setErrors({}); }}>{__('Defaults', 'devskyy')}</Button>
      </div>
      <p role="status" className="devskyy-quiet">{note}</p>
    </form>
  );
}
