import { __, _n, sprintf } from '@wordpress/i18n';
import { Button } from '@wordpress/components';
import { useState } from '@wordpress/element';
import { speak } from '@wordpress/a11y';
import { post } from '../lib/api.js';
import { useLoad, usePoll } from '../lib/hooks.js';
import { runStateLabel, triggerLabel } from '../lib/labels.js';
import { SidePanel } from '../lib/panel.jsx';
import { Badge, Problem, Progress, Skeleton } from '../lib/states.jsx';
import { shop } from '../lib/shop.js';
import { clock, duration, moment } from '../lib/time.js';
import { Values } from './values.jsx';

const POLL_MS = 1500;
const TONE = { queued: 'plain', running: 'busy', done: 'good', failed: 'bad', cancelled: 'plain' };

function Section({ title, children }) {
  return <section className="devskyy-section"><h3>{title}</h3>{children}</section>;
}

function Summary({ run }) {
  const items = [
    [__('Started', 'devskyy'), run.started_at ? moment(run.started_at) : ''],
    [__('Took', 'devskyy'), duration(run.duration_ms)],
    [__('Why', 'devskyy'), triggerLabel(run.trigger)],
  ].filter(([, value]) => value);
  return <dl className="devskyy-facts">{items.map(([term, value]) => <div key={term}><dt>{term}</dt><dd>{value}</dd></div>)}</dl>;
}

function Found({ run }) {
  const count = run.proposals?.length ?? 0;
  if (run.state !== 'done') return null;
  if (!count) return <p className="devskyy-quiet">{__('It had nothing to propose.', 'devskyy')}</p>;
  return (
    <p>
      <Button variant="secondary" size="compact" href={`${shop().urls.inbox}#agent=${run.agent}${count === 1 ? `&id=${run.proposals[0]}` : ''}`}>
        {/* translators: %d: number of proposals. */}
        {sprintf(_n('See its proposal', 'See its %d proposals', count, 'devskyy'), count)}
      </Button>
    </p>
  );
}

function Log({ lines }) {
  if (!lines?.length) return <p className="devskyy-quiet">{__('It wrote no notes.', 'devskyy')}</p>;
  return (
    <ol className="devskyy-log" tabIndex={0} aria-label={__('Notes of the run', 'devskyy')}>
      {lines.map((line, n) => (
        <li key={n} className={`is-${line.level}`}><time dateTime={line.at}>{clock(line.at)}</time><span>{line.message}</span></li>
      ))}
    </ol>
  );
}

/** One run beside the list: what it was given, what it found, what it noted. */
export function Detail({ id, agents, away, onClose, onChange }) {
  const { data, error, reload } = useLoad(`/runs/${id}`);
  const [failed, setFailed] = useState(null);
  const run = data?.run;
  const going = ['queued', 'running'].includes(run?.state);
  usePoll(() => { reload(); onChange(); }, going ? POLL_MS : null);
  const cancel = () => post(`/runs/${id}/cancel`).then(() => { speak(__('The run is being cancelled.', 'devskyy')); reload(); onChange(); }, setFailed);
  const agent = agents.find((other) => other.name === run?.agent);
  return (
    <SidePanel id={id} title={__('Run', 'devskyy')} onClose={onClose}>
      <div className="devskyy-panel-body">
        {error && !run && <Problem error={error} retry={reload} />}
        {!run && !error && <Skeleton rows={4} tall />}
        {run && (
          <>
            <h2>{__(run.title ?? run.agent, 'devskyy')}</h2>
            <p className="devskyy-panel-badges"><Badge tone={TONE[run.state]}>{runStateLabel(run.state)}</Badge></p>
            {going && (
              <div className="devskyy-run">
                <Progress label={run.progress?.label || runStateLabel(run.state)} done={run.progress?.done} total={run.progress?.total} />
                <Button variant="secondary" size="compact" disabled={away} accessibleWhenDisabled onClick={cancel}>{__('Cancel', 'devskyy')}</Button>
              </div>
            )}
            {failed && <Problem error={failed} />}
            {run.error && <Problem error={run.error} />}
            <Summary run={run} />
            {run.output && <Section title={__('What it found', 'devskyy')}><Values values={run.output} schema={agent?.output_schema} /><Found run={run} /></Section>}
            {!run.output && <Found run={run} />}
            <Section title={__('What it was given', 'devskyy')}><Values values={run.input} schema={agent?.input_schema} empty={__('Its default settings.', 'devskyy')} /></Section>
            <Section title={__('Notes', 'devskyy')}><Log lines={run.log} /></Section>
          </>
        )}
      </div>
    </SidePanel>
  );
}
