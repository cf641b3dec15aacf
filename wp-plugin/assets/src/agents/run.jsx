import { __, _n, sprintf } from '@wordpress/i18n';
import { Button } from '@wordpress/components';
import { useState } from '@wordpress/element';
import { speak } from '@wordpress/a11y';
import { get, post } from '../lib/api.js';
import { usePoll } from '../lib/hooks.js';
import { shop } from '../lib/shop.js';
import { Problem, Progress } from '../lib/states.jsx';
import { duration } from '../lib/time.js';

const POLL_MS = 1500;
const GIVE_UP_AFTER = 5;

export const isGoing = (run) => ['queued', 'running'].includes(run?.state);

/** How a run stands in words. */
export function runWords(run) {
  if (run.state === 'queued') return __('Waiting for its turn…', 'devskyy');
  if (run.state === 'running') return run.progress?.label || __('Running…', 'devskyy');
  if (run.state === 'cancelled') return __('Cancelled. Nothing was proposed.', 'devskyy');
  return '';
}

function endText(run, readonly) {
  if (run.state !== 'done') return runWords(run) || run.error?.message || '';
  const count = run.proposals?.length ?? 0;
  if (readonly) return __('Done. Its report is ready.', 'devskyy');
  if (!count) return __('Done. Nothing to propose today.', 'devskyy');
  /* translators: %d: number of proposals. */
  return sprintf(_n('Done: %d proposal to decide.', 'Done: %d proposals to decide.', count, 'devskyy'), count);
}

/** Follows a run to its end: progress, cancel, then the way to what it found. */
export function RunProgress({ run, agent, onChange, onEnd }) {
  const [misses, setMisses] = useState(0);
  const going = isGoing(run);
  const tick = () => get(`/runs/${run.id}`).then(
    (answer) => {
      setMisses(0);
      onChange(answer.run);
      if (!isGoing(answer.run)) {
        speak(endText(answer.run, agent.readonly));
        onEnd();
      }
    },
    () => setMisses((n) => n + 1),
  );
  usePoll(tick, going && misses < GIVE_UP_AFTER ? POLL_MS : null);
  const cancel = () => post(`/runs/${run.id}/cancel`).then((answer) => onChange(answer.run ?? answer), () => setMisses((n) => n + 1));

  if (going) {
    return (
      <div className="devskyy-run">
        {misses >= GIVE_UP_AFTER
          ? <p>{__('The run goes on, but the sidecar does not answer right now. Look under Runs later.', 'devskyy')}</p>
          : <Progress label={runWords(run)} done={run.progress?.done} total={run.progress?.total} />}
        <Button variant="link" onClick={cancel}>{__('Cancel', 'devskyy')}</Button>
      </div>
    );
  }
  if (run.state === 'failed') {
    return (
      <Problem error={run.error ?? { message: __('The run failed.', 'devskyy') }}>
        <p><a href={`${shop().urls.runs}#run=${run.id}`}>{__('What it did until then', 'devskyy')}</a></p>
      </Problem>
    );
  }
  return (
    <div className="devskyy-outcome is-good">
      <strong>{endText(run, agent.readonly)}</strong>
      <p>
        {run.proposals?.length > 0 && <><a href={`${shop().urls.inbox}#agent=${agent.name}&state=open`}>{__('Decide them in the Inbox', 'devskyy')}</a> · </>}
        <a href={`${shop().urls.runs}#run=${run.id}`}>{__('What it found', 'devskyy')}</a>
        {run.duration_ms !== undefined && <span className="devskyy-quiet"> · {duration(run.duration_ms)}</span>}
      </p>
    </div>
  );
}
