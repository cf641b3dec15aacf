import { useState } from '@wordpress/element';
import { make } from '../lib/api.js';
import { Problem } from '../lib/states.jsx';
import { RunProgress, isGoing } from '../agents/run.jsx';

/** An agent that a button starts: `start`, whether it is `going`, and what to show of it until its end. */
export function useRun(agent, input, after) {
  const [state, setState] = useState({ run: null, error: null });
  const start = async () => {
    setState({ run: { id: '', state: 'queued', progress: {} }, error: null });
    try {
      setState({ run: (await make(`/agents/${agent.name}/runs`, { input })).run, error: null });
    } catch (error) {
      setState({ run: null, error });
    }
  };
  const view = state.error ? <Problem error={state.error} retry={start} /> : state.run?.id && <RunProgress run={state.run} agent={agent} onChange={(run) => setState({ run, error: null })} onEnd={after} />;
  return { start, going: isGoing(state.run), view };
}
