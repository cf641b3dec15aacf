import { __, sprintf } from '@wordpress/i18n';
import { Button, SelectControl, ToggleControl } from '@wordpress/components';
import { useState } from '@wordpress/element';
import { speak } from '@wordpress/a11y';
import { make, post } from '../lib/api.js';
import { readsLabel, runStateLabel, scheduleLabel } from '../lib/labels.js';
import { number } from '../lib/money.js';
import { RiskLine } from './risk.jsx';
import { shop } from '../lib/shop.js';
import { Badge, Problem } from '../lib/states.jsx';
import { ago, moment } from '../lib/time.js';
import { Setup } from './setup.jsx';
import { RunProgress } from './run.jsx';

const SCHEDULES = ['off', 'hourly', 'daily', 'weekly', 'monthly'];

function Stats({ agent }) {
  const { stats = {} } = agent;
  if (agent.readonly) return null;
  const figures = [
    [__('Proposed', 'devskyy'), stats.proposals],
    [__('Applied', 'devskyy'), stats.applied],
    [__('Rejected', 'devskyy'), stats.rejected],
    [__('Undone', 'devskyy'), stats.undone],
  ];
  return (
    <dl className="devskyy-stats">
      {figures.map(([term, value]) => <div key={term}><dt>{term}</dt><dd>{number(value ?? 0, 0)}</dd></div>)}
    </dl>
  );
}

function LastRun({ agent }) {
  const last = agent.last_run;
  if (!last) return <p className="devskyy-quiet">{__('Has not run yet.', 'devskyy')}</p>;
  const when = last.finished_at ?? last.started_at ?? last.created_at;
  return (
    <p className="devskyy-quiet">
      <span title={moment(when)}>
        {/* translators: %s: age such as "3 hours ago". */}
        {sprintf(__('Last ran %s', 'devskyy'), ago(when))}
      </span>
      {last.state !== 'done' && <> <Badge tone={last.state === 'failed' ? 'bad' : 'plain'}>{runStateLabel(last.state)}</Badge></>}
      {last.id && <> · <a href={`${shop().urls.runs}#run=${last.id}`}>{__('Look at it', 'devskyy')}</a></>}
    </p>
  );
}

/** One agent: what it does, when, how it went, and the ways to change that. */
export function Card({ agent, away, onChange, onRan }) {
  const [error, setError] = useState(null);
  const [saving, setSaving] = useState(false);
  const [shown, setShown] = useState(false);
  const [run, setRun] = useState(null);
  const { settings = {} } = agent;

  const save = async (change) => {
    setSaving(true);
    setError(null);
    try {
      const answer = await post(`/agents/${agent.name}/settings`, change);
      onChange(answer.agent ?? answer);
      speak(__('Saved.', 'devskyy'));
      return null;
    } catch (problem) {
      if (!change.input) setError(problem);
      return problem;
    } finally {
      setSaving(false);
    }
  };
  const start = async (input) => {
    setError(null);
    try {
      const answer = await make(`/agents/${agent.name}/runs`, { input });
      setRun(answer.run);
      setShown(false);
      /* translators: %s: name of an agent. */
      speak(sprintf(__('%s has started.', 'devskyy'), agent.title));
      return null;
    } catch (problem) {
      if (!shown) setError(problem);
      return problem;
    }
  };
  const going = run && ['queued', 'running'].includes(run.state);
  const reads = (agent.reads ?? []).map(readsLabel).join(', ');
  const schedule = settings.schedule ?? agent.schedule ?? 'off';
  return (
    <article className={`devskyy-card${settings.enabled === false ? ' is-off' : ''}`} aria-labelledby={`agent-${agent.name}`}>
      <header>
        <h3 id={`agent-${agent.name}`}>{__(agent.title, 'devskyy')}</h3>
        <ToggleControl __nextHasNoMarginBottom checked={settings.enabled !== false} disabled={away || saving}
          label={settings.enabled === false ? __('Off', 'devskyy') : __('On', 'devskyy')}
          /* translators: %s: name of an agent. */
          aria-label={sprintf(__('%s is switched on', 'devskyy'), agent.title)} onChange={(enabled) => save({ enabled })} />
      </header>
      <p className="devskyy-card-summary">{__(agent.summary, 'devskyy')}</p>
      <p className="devskyy-quiet">
        {/* translators: %s: list such as "products, sales". */}
        {reads && sprintf(__('Reads %s.', 'devskyy'), reads)} <RiskLine agent={agent} />
      </p>
      <Stats agent={agent} />
      <LastRun agent={agent} />
      <div className="devskyy-card-acts">
        <SelectControl __nextHasNoMarginBottom __next40pxDefaultSize label={__('Runs', 'devskyy')} value={schedule} disabled={away || saving || settings.enabled === false}
          options={[...new Set([...SCHEDULES, schedule])].map((value) => ({ value, label: scheduleLabel(value) }))} onChange={(value) => save({ schedule: value })} />
        <Button variant="secondary" __next40pxDefaultSize disabled={away || going} accessibleWhenDisabled
          /* translators: %s: name of an agent. */
          aria-label={sprintf(__('Run now: %s', 'devskyy'), agent.title)} onClick={() => start(settings.input ?? {})}>{__('Run now', 'devskyy')}</Button>
        <Button variant="tertiary" __next40pxDefaultSize aria-expanded={shown} onClick={() => setShown(!shown)}
          /* translators: %s: name of an agent. */
          aria-label={sprintf(__('Set up: %s', 'devskyy'), agent.title)}>{__('Set up', 'devskyy')}</Button>
      </div>
      {error && <Problem error={error} />}
      {run && <RunProgress run={run} agent={agent} onChange={setRun} onEnd={onRan} />}
      {shown && <Setup agent={agent} away={away} onSave={(input) => save({ input })} onRun={start} />}
    </article>
  );
}
