import { __ } from '@wordpress/i18n';
import { Button } from '@wordpress/components';
import { useState } from '@wordpress/element';
import { speak } from '@wordpress/a11y';
import { post } from '../lib/api.js';
import { Frame } from '../lib/frame.jsx';
import { useLoad, usePoll } from '../lib/hooks.js';
import { Problem, Skeleton } from '../lib/states.jsx';
import { Checks, Headline } from './checks.jsx';
import { Errors, Jobs, Outbox, Sidecar, Sync, Versions } from './parts.jsx';
import { troubles } from './troubles.js';

const POLL_MS = 3000;

/** The Status page's buttons: `run(key, path, data)` sends one and loads the page again. */
function useButtons(reload) {
  const [busy, setBusy] = useState(null);
  const [error, setError] = useState(null);
  const run = async (key, path, data) => {
    setBusy(key);
    setError(null);
    try {
      await post(path, data);
      speak(__('Done.', 'devskyy'));
    } catch (problem) {
      setError(problem);
    }
    setBusy(null);
    reload();
  };
  return { busy, error, run };
}

export function Status() {
  const { data, error, loading, reload } = useLoad('/status');
  const buttons = useButtons(reload);
  const moving = data?.sidecar && (data.sidecar.sync?.state === 'running' || data.sidecar.jobs?.running > 0 || data.sidecar.jobs?.queued > 0);
  usePoll(reload, moving && !data.stale ? POLL_MS : null);
  const sidecar = data?.sidecar;
  const checks = [...(data?.plugin?.checks ?? []), ...(sidecar?.checks ?? []), ...troubles(sidecar)];
  return (
    <Frame page="status" actions={<Button variant="secondary" size="compact" isBusy={loading && Boolean(data)} onClick={reload}>{__('Look again', 'devskyy')}</Button>}>
      {error && <Problem error={error} retry={reload} />}
      {!data && loading && <Skeleton rows={6} tall />}
      {data && (
        <>
          {buttons.error && <Problem error={buttons.error} />}
          <Headline data={data} checks={checks} retry={reload} />
          <Checks checks={checks} buttons={buttons} />
          <div className="devskyy-boxes">
            <Sidecar data={data} />
            {sidecar?.sync && <Sync sync={sidecar.sync} buttons={buttons} away={Boolean(data.stale)} />}
            {data.plugin?.outbox && <Outbox plugin={data.plugin} events={sidecar?.events} buttons={buttons} />}
            {sidecar?.jobs && <Jobs jobs={sidecar.jobs} away={Boolean(data.stale)} />}
            <Versions data={data} />
          </div>
          {sidecar && <Errors errors={sidecar.errors ?? []} />}
        </>
      )}
    </Frame>
  );
}
