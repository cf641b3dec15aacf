import { __, _n, sprintf } from '@wordpress/i18n';
import { Button } from '@wordpress/components';
import { useState } from '@wordpress/element';
import { speak } from '@wordpress/a11y';
import { download, post } from '../lib/api.js';
import { useFocusOn } from '../lib/hooks.js';
import { number } from '../lib/money.js';
import { Problem } from '../lib/states.jsx';
import { today } from '../lib/time.js';
import { decode } from './csv.js';
import { remarkWords } from './remarks.js';

const MOST_BYTES = 3_500_000;
const SHOWN = 200;

function BadRows({ bad }) {
  return (
    <div className="devskyy-chart-table" tabIndex={0} role="group" aria-label={__('Rows that were left out', 'devskyy')}>
      <table>
        <thead><tr><th scope="col">{__('Line', 'devskyy')}</th><th scope="col">{__('Column', 'devskyy')}</th><th scope="col">{__('What stands there', 'devskyy')}</th><th scope="col">{__('What is wrong', 'devskyy')}</th></tr></thead>
        <tbody>
          {bad.slice(0, SHOWN).map((row, n) => (
            <tr key={n}><th scope="row">{row.line}</th><td><bdi>{row.column ?? ''}</bdi></td><td><bdi>{row.value === null || row.value === undefined ? '' : String(row.value).slice(0, 80)}</bdi></td><td>{remarkWords(row)}</td></tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What became of a file, row by row where it went wrong. */
export function Report({ report, onDone }) {
  const heading = useFocusOn(report);
  const { bad = [], bad_rows: lines = 0, created_suppliers: made = [], ignored_columns: ignored = [] } = report;
  return (
    <section className="devskyy-card devskyy-report" aria-labelledby="devskyy-report">
      <h3 id="devskyy-report" tabIndex={-1} ref={heading}>
        {/* translators: 1: rows kept, 2: rows of the file. */}
        {sprintf(__('%1$s of %2$s rows are in', 'devskyy'), number(report.kept, 0), number(report.read, 0))}
      </h3>
      {made.length > 0 && (
        <p>
          {/* translators: 1: number of suppliers, 2: their names. */}
          {sprintf(_n('%1$d new supplier: %2$s', '%1$d new suppliers: %2$s', made.length, 'devskyy'), made.length, made.map((one) => one.name ?? one).join(', '))}
        </p>
      )}
      {ignored.length > 0 && (
        <p>
          {/* translators: %s: names of columns of a file. */}
          {sprintf(__('Columns that are not known and were left out: %s', 'devskyy'), ignored.join(', '))}
        </p>
      )}
      {lines > 0 && (
        <>
          {/* translators: %s: number of rows. */}
          <p>{sprintf(_n('%s row was left out; nothing of it is kept. Correct it in your file and import the file again.', '%s rows were left out; nothing of them is kept. Correct them in your file and import the file again.', lines, 'devskyy'), number(lines, 0))}</p>
          <BadRows bad={bad} />
          {bad.length > SHOWN && <p className="devskyy-quiet">{sprintf(
            /* translators: %s: number of complaints. */
            __('and %s more', 'devskyy'), number(bad.length - SHOWN, 0))}</p>}
        </>
      )}
      <div><Button variant="secondary" size="compact" onClick={onDone}>{__('Close', 'devskyy')}</Button></div>
    </section>
  );
}

/**
 * A CSV file: chosen, read in this browser, imported, and reported on.
 *
 * `path` takes it; `known` is the route of what is known so far, saved as `name`; `children` say what stands in it.
 */
export function Import({ path, known, name, label = __('Import a file', 'devskyy'), away, onDone, onBack, children }) {
  const [file, setFile] = useState(null);
  const [state, setState] = useState({ busy: false, error: null });
  const [report, setReport] = useState(null);
  const first = useFocusOn('import');
  const send = async (event) => {
    event.preventDefault();
    if (!file) {
      setState({ busy: false, error: { message: __('Choose a file first.', 'devskyy') } });
      return;
    }
    if (file.size > MOST_BYTES) {
      setState({ busy: false, error: { message: __('This file is too large.', 'devskyy'), hint: __('Cut it into parts of at most 3 MB and import one after another.', 'devskyy') } });
      return;
    }
    setState({ busy: true, error: null });
    try {
      const found = await post(path, { csv: decode(await file.arrayBuffer()) });
      setReport(found);
      setState({ busy: false, error: null });
      /* translators: 1: rows kept, 2: rows of the file. */
      speak(sprintf(__('%1$s of %2$s rows are in', 'devskyy'), number(found.kept, 0), number(found.read, 0)));
      onDone();
    } catch (error) {
      const why = error.data?.details?.why;
      setState({ busy: false, error: why ? { ...error, message: remarkWords(why) } : error });
    }
  };
  const template = () => download(known, {}, `${name}-${today()}.csv`).catch((error) => setState({ busy: false, error }));
  if (report) return <Report report={report} onDone={onBack} />;
  return (
    <form className="devskyy-card devskyy-form devskyy-new" onSubmit={send} aria-label={label} onKeyDown={(event) => { if (event.key === 'Escape') onBack(); }}>
      <h3>{label}</h3>
      <p className="devskyy-quiet">{children} {__('Good rows are kept, each bad one is named with what is wrong.', 'devskyy')}</p>
      <p><Button variant="link" onClick={template}>{__('Save what is known so far as CSV, to add to', 'devskyy')}</Button></p>
      <label className="devskyy-file">{__('File', 'devskyy')} <input ref={first} type="file" accept=".csv,text/csv,text/plain" onChange={(event) => setFile(event.target.files[0] ?? null)} /></label>
      {state.error && <Problem error={state.error} />}
      <div className="devskyy-buttons">
        <Button type="submit" variant="primary" size="compact" isBusy={state.busy} disabled={state.busy || away} accessibleWhenDisabled>{__('Import', 'devskyy')}</Button>
        <Button variant="tertiary" size="compact" onClick={onBack}>{__('Back', 'devskyy')}</Button>
      </div>
    </form>
  );
}
