import { __, _n, sprintf } from '@wordpress/i18n';
import { Button } from '@wordpress/components';
import { useState } from '@wordpress/element';
import { eventLabel, resourceLabel } from '../lib/labels.js';
import { number } from '../lib/money.js';
import { shop } from '../lib/shop.js';
import { Badge, Progress } from '../lib/states.jsx';
import { ago, moment, span } from '../lib/time.js';

function Box({ title, badge, children, actions }) {
  return (
    <section className="devskyy-card">
      <header><h3>{title}</h3>{badge}</header>
      {children}
      {actions && <div className="devskyy-card-acts">{actions}</div>}
    </section>
  );
}

function Facts({ items }) {
  const shown = items.filter(([, value]) => value !== undefined && value !== null && value !== '');
  return <dl className="devskyy-facts">{shown.map(([term, value]) => <div key={term}><dt>{term}</dt><dd>{value}</dd></div>)}</dl>;
}

const when = (time) => (time ? <time dateTime={time} title={moment(time)}>{ago(time)}</time> : __('never', 'devskyy'));

export function Sidecar({ data }) {
  const { sidecar, plugin = {} } = data;
  const reached = sidecar && !data.stale;
  const badge = reached ? <Badge tone="good">{__('Answers', 'devskyy')}</Badge>
    : <Badge tone={plugin.paired === false ? 'plain' : 'bad'}>{plugin.paired === false ? __('Not connected', 'devskyy') : __('Does not answer', 'devskyy')}</Badge>;
  return (
    <Box title={__('Sidecar', 'devskyy')} badge={badge}
      actions={shop().can.pair && <Button variant="secondary" size="compact" href={shop().urls.settings}>{plugin.paired === false ? __('Connect', 'devskyy') : __('Connection settings', 'devskyy')}</Button>}>
      <Facts items={[
        [__('Address', 'devskyy'), plugin.sidecar_url],
        [__('Shop', 'devskyy'), sidecar?.shop?.name],
        [__('Connected since', 'devskyy'), sidecar?.shop?.paired_at && moment(sidecar.shop.paired_at)],
        [__('Last answer', 'devskyy'), data.stale ? when(data.stale.since) : null],
      ]} />
    </Box>
  );
}

const SYNC = () => ({
  never: [__('Not yet', 'devskyy'), 'plain'],
  running: [__('Running', 'devskyy'), 'busy'],
  ok: [__('Up to date', 'devskyy'), 'good'],
  failed: [__('Failed', 'devskyy'), 'bad'],
});

/** How far what the agents see is behind the shop. */
export function Sync({ sync, buttons, away }) {
  // With the sidecar away nothing runs, and nobody knows how far behind it is.
  const [label, tone] = away ? [__('Waits', 'devskyy'), 'plain'] : SYNC()[sync.state] ?? [sync.state, 'plain'];
  const button = (key, full, text) => (
    <Button variant="secondary" size="compact" isBusy={buttons.busy === key} disabled={away || Boolean(buttons.busy) || sync.state === 'running'} accessibleWhenDisabled
      onClick={() => buttons.run(key, '/status/sync', { full })}>{text}</Button>
  );
  return (
    <Box title={__('Copy of the shop', 'devskyy')} badge={<Badge tone={tone}>{label}</Badge>}
      actions={<>{button('sync', false, __('Read what is new', 'devskyy'))}{button('sync-full', true, __('Read all again', 'devskyy'))}</>}>
      {sync.state === 'running' && !away && <Progress label={sync.progress?.label || __('Reading…', 'devskyy')} done={sync.progress?.done} total={sync.progress?.total} />}
      {sync.error && <p className="devskyy-field-error">{typeof sync.error === 'string' ? sync.error : `${sync.error.message} ${sync.error.hint ?? ''}`}</p>}
      <Facts items={[
        [__('Behind the shop by', 'devskyy'), away || sync.lag_seconds === undefined || sync.lag_seconds === null ? null : span(sync.lag_seconds)],
        [__('Last read', 'devskyy'), when(sync.last_incremental_at ?? sync.last_full_at)],
        [__('Last read in full', 'devskyy'), when(sync.last_full_at)],
      ]} />
      <dl className="devskyy-stats">
        {Object.entries(sync.counts ?? {}).map(([resource, count]) => <div key={resource}><dt>{resourceLabel(resource)}</dt><dd>{number(count, 0)}</dd></div>)}
      </dl>
    </Box>
  );
}

function Parked({ row, buttons }) {
  const [asked, setAsked] = useState(false);
  const key = `parked-${row.seq}`;
  const common = { size: 'compact', disabled: Boolean(buttons.busy), accessibleWhenDisabled: true };
  return (
    <li>
      <div>
        <strong>{eventLabel(row.type)}</strong> #{row.resource_id} <span className="devskyy-quiet">{ago(row.at)}</span>
        <p>{row.message}</p>
      </div>
      <div className="devskyy-buttons">
        <Button {...common} variant="secondary" isBusy={buttons.busy === key} onClick={() => buttons.run(key, `/status/parked/${row.seq}/retry`)}>{__('Try again', 'devskyy')}</Button>
        {asked
          ? <Button {...common} variant="primary" isDestructive onClick={() => buttons.run(key, `/status/parked/${row.seq}/drop`)}>{__('Yes, drop it', 'devskyy')}</Button>
          : <Button {...common} variant="tertiary" isDestructive onClick={() => setAsked(true)}>{__('Drop…', 'devskyy')}</Button>}
      </div>
    </li>
  );
}

/** What waits to be told to the sidecar, and what it could not read. */
export function Outbox({ plugin, events, buttons }) {
  const { outbox, ledger = {} } = plugin;
  const parked = outbox.parked ?? [];
  const badge = parked.length
    /* translators: %d: number of messages. */
    ? <Badge tone="bad">{sprintf(_n('%d set aside', '%d set aside', parked.length, 'devskyy'), parked.length)}</Badge>
    : <Badge tone={outbox.waiting ? 'busy' : 'good'}>{outbox.waiting ? __('Waiting', 'devskyy') : __('All sent', 'devskyy')}</Badge>;
  return (
    <Box title={__('News from the shop', 'devskyy')} badge={badge}
      actions={(
        <>
          <Button variant="secondary" size="compact" isBusy={buttons.busy === 'drain'} disabled={Boolean(buttons.busy)} accessibleWhenDisabled onClick={() => buttons.run('drain', '/status/drain')}>{__('Send now', 'devskyy')}</Button>
          {(ledger.unsettled > 0 || ledger.unreported > 0) && <Button variant="secondary" size="compact" isBusy={buttons.busy === 'settle'} disabled={Boolean(buttons.busy)} accessibleWhenDisabled onClick={() => buttons.run('settle', '/status/settle')}>{__('Settle changes', 'devskyy')}</Button>}
        </>
      )}>
      <Facts items={[
        [__('Waiting to be sent', 'devskyy'), number(outbox.waiting ?? 0, 0)],
        [__('Last sent', 'devskyy'), when(outbox.last_sent_at)],
        [__('Received by the sidecar', 'devskyy'), events && number(events.received ?? 0, 0)],
        [__('Changes not settled', 'devskyy'), ledger.unsettled ? number(ledger.unsettled, 0) : null],
        [__('Changes not reported yet', 'devskyy'), ledger.unreported ? number(ledger.unreported, 0) : null],
      ]} />
      {outbox.last_error && <p className="devskyy-field-error">{typeof outbox.last_error === 'string' ? outbox.last_error : `${outbox.last_error.message ?? ''} ${outbox.last_error.hint ?? ''}`}</p>}
      {parked.length > 0 && <ul className="devskyy-parked">{parked.map((row) => <Parked key={row.seq} row={row} buttons={buttons} />)}</ul>}
    </Box>
  );
}

export function Jobs({ jobs, away }) {
  if (away) return null;
  return (
    <Box title={__('Work of the sidecar', 'devskyy')} badge={<Badge tone={jobs.failed ? 'bad' : jobs.running ? 'busy' : 'good'}>{jobs.failed ? __('Some failed', 'devskyy') : jobs.running ? __('Working', 'devskyy') : __('Idle', 'devskyy')}</Badge>}
      actions={<Button variant="secondary" size="compact" href={shop().urls.runs}>{__('See runs', 'devskyy')}</Button>}>
      <dl className="devskyy-stats">
        <div><dt>{__('Waiting', 'devskyy')}</dt><dd>{number(jobs.queued ?? 0, 0)}</dd></div>
        <div><dt>{__('Running', 'devskyy')}</dt><dd>{number(jobs.running ?? 0, 0)}</dd></div>
        <div><dt>{__('Failed', 'devskyy')}</dt><dd>{number(jobs.failed ?? 0, 0)}</dd></div>
      </dl>
    </Box>
  );
}

export function Versions({ data }) {
  const versions = data.sidecar?.shop?.versions ?? {};
  return (
    <Box title={__('Versions', 'devskyy')}>
      <Facts items={[
        [__('Plugin', 'devskyy'), data.plugin?.version ?? shop().version],
        [__('Sidecar', 'devskyy'), data.sidecar?.version],
        ['WordPress', versions.wordpress],
        ['WooCommerce', versions.woocommerce],
        ['PHP', versions.php],
      ]} />
    </Box>
  );
}

/** The last errors, each with what to do. */
export function Errors({ errors }) {
  return (
    <section className="devskyy-errors">
      <h2>{__('Last errors', 'devskyy')}</h2>
      {!errors.length && <p className="devskyy-quiet">{__('None.', 'devskyy')}</p>}
      {errors.length > 0 && (
        <ul>
          {errors.map((error, n) => (
            <li key={n}>
              <span className="devskyy-quiet"><time dateTime={error.at} title={moment(error.at)}>{ago(error.at)}</time> · {error.where}</span>
              <strong>{error.message}</strong>
              {error.hint && <p>{error.hint}</p>}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
