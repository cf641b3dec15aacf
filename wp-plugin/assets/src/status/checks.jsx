import { __, _n, sprintf } from '@wordpress/i18n';
import { Button } from '@wordpress/components';
import { tryAgain } from '../lib/api.js';
import { Icon } from '../lib/icons.jsx';
import { shop } from '../lib/shop.js';
import { ago } from '../lib/time.js';

const ORDER = { critical: 0, warning: 1, good: 2 };
const TONE = { critical: 'bad', warning: 'warn', good: 'good' };

/** Where each mending button goes: a route of the shop, or a page. */
function wayOf(action) {
  switch (action.id) {
    case 'sync': return { path: '/status/sync', data: { full: true } };
    case 'retry': return action.job ? { path: `/jobs/${action.job}/retry` } : { href: shop().urls.runs };
    case 'drain': return { path: '/status/drain' };
    case 'settle': return { path: '/status/settle' };
    case 're-pair': return { href: shop().urls.settings };
    default: return action.url ? { href: action.url } : null;
  }
}

/** The whole in one line; with the sidecar away, why, and from when the rest is. */
export function Headline({ data, checks, retry }) {
  const { error, stale, sidecar, plugin } = data;
  const bad = checks.filter((check) => check.status === 'critical').length;
  const odd = checks.filter((check) => check.status === 'warning').length;
  if (plugin?.paired === false) {
    return <Line tone="warn" title={__('DevSkyy is not connected yet', 'devskyy')}><p>{__('Your shop works as always. Connect under WooCommerce → Settings → DevSkyy to begin.', 'devskyy')}</p></Line>;
  }
  if (!sidecar || stale) {
    return (
      <Line tone="bad" title={error?.message ?? __('The sidecar does not answer.', 'devskyy')}>
        {error?.hint && <p>{error.hint}</p>}
        <p>
          {__('Your shop sells on as always. What happens meanwhile waits here and is sent once the sidecar is back.', 'devskyy')}{' '}
          {/* translators: %s: age such as "12 minutes ago". */}
          {stale && sprintf(__('Below stands what was known %s.', 'devskyy'), ago(stale.since))}
        </p>
        <Button variant="secondary" size="compact" onClick={() => tryAgain(retry)}>{__('Try again', 'devskyy')}</Button>
      </Line>
    );
  }
  if (bad) {
    /* translators: %d: number of things. */
    return <Line tone="bad" title={sprintf(_n('%d thing needs you', '%d things need you', bad, 'devskyy'), bad)} />;
  }
  if (odd) {
    /* translators: %d: number of things. */
    return <Line tone="warn" title={sprintf(_n('Works, with %d thing to look at', 'Works, with %d things to look at', odd, 'devskyy'), odd)} />;
  }
  return <Line tone="good" title={__('All is well', 'devskyy')} />;
}

function Line({ tone, title, children }) {
  return (
    <div className={`devskyy-headline is-${tone}`}>
      <Icon name={tone === 'good' ? 'check' : 'warning'} size={28} />
      <div><h2>{title}</h2>{children}</div>
    </div>
  );
}

function Mend({ check, buttons }) {
  const { action } = check;
  const route = action && wayOf(action);
  if (!route) return null;
  if (route.href) {
    // The settings are for administrators; others are told what to ask for by the hint.
    const allowed = route.href !== shop().urls.settings || shop().can.pair;
    return allowed && <Button variant="secondary" size="compact" href={route.href} aria-label={`${__(action.label, 'devskyy')}: ${__(check.label, 'devskyy')}`}>{__(action.label, 'devskyy')}</Button>;
  }
  const key = `check-${check.id}`;
  return (
    <Button variant="secondary" size="compact" isBusy={buttons.busy === key} disabled={Boolean(buttons.busy)} accessibleWhenDisabled onClick={() => buttons.run(key, route.path, route.data)}>
      {__(action.label, 'devskyy')}
    </Button>
  );
}

function Check({ check, buttons }) {
  return (
    <li className={`is-${TONE[check.status] ?? 'plain'}`}>
      <Icon name={check.status === 'good' ? 'check' : 'warning'} />
      <div>
        <strong>{__(check.label, 'devskyy')}</strong>
        {check.status !== 'good' && <span className="screen-reader-text"> ({check.status === 'critical' ? __('needs you', 'devskyy') : __('look at it', 'devskyy')})</span>}
        <p>{check.message && __(check.message, 'devskyy')} {check.status !== 'good' && check.hint}</p>
      </div>
      {check.status !== 'good' && <Mend check={check} buttons={buttons} />}
    </li>
  );
}

/** Every check, the red ones first, each with the button that mends it. */
export function Checks({ checks, buttons }) {
  if (!checks.length) return null;
  const sorted = [...checks].sort((a, b) => (ORDER[a.status] ?? 3) - (ORDER[b.status] ?? 3));
  const bad = sorted.filter((check) => check.status !== 'good');
  const good = sorted.filter((check) => check.status === 'good');
  return (
    <>
      {bad.length > 0 && <ul className="devskyy-checks">{bad.map((check) => <Check key={check.id} check={check} buttons={buttons} />)}</ul>}
      {good.length > 0 && (
        <details className="devskyy-good">
          {/* translators: %d: number of checks. */}
          <summary>{sprintf(_n('%d check passed', '%d checks passed', good.length, 'devskyy'), good.length)}</summary>
          <ul className="devskyy-checks">{good.map((check) => <Check key={check.id} check={check} buttons={buttons} />)}</ul>
        </details>
      )}
    </>
  );
}
