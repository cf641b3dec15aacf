import { __, sprintf } from '@wordpress/i18n';
import { Button, Notice } from '@wordpress/components';
import { tryAgain } from './api.js';
import { Icon } from './icons.jsx';
import { shop } from './shop.js';
import { ago } from './time.js';

/** Grey lines where content is about to stand. */
export function Skeleton({ rows = 6, tall = false }) {
  return (
    <div className={`devskyy-skeleton${tall ? ' is-tall' : ''}`} role="status">
      <span className="screen-reader-text">{__('Loading…', 'devskyy')}</span>
      {Array.from({ length: rows }, (_, n) => <div key={n} className="devskyy-skeleton-row" aria-hidden="true"><i /><b /><u /></div>)}
    </div>
  );
}

/** What will stand here, and the one thing to do. */
export function Empty({ icon = 'inbox', title, children, action }) {
  return (
    <div className="devskyy-empty">
      <Icon name={icon} size={40} />
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}

/** Something failed: what happened, what to do, and a way to try again. */
export function Problem({ error, retry, children }) {
  return (
    <Notice status="error" isDismissible={false} className="devskyy-notice">
      <strong>{error.message}</strong>
      {error.hint && <p>{error.hint}</p>}
      {children}
      {error.request_id && (
        <p className="devskyy-quiet">
          {/* translators: %s: number of the request, for a support question. */}
          {sprintf(__('Request %s', 'devskyy'), error.request_id)}
        </p>
      )}
      {retry && <Button variant="secondary" size="compact" onClick={() => tryAgain(retry)}>{__('Try again', 'devskyy')}</Button>}
    </Notice>
  );
}

/** The sidecar is away: what is shown is the last known state, how old that is, and what waits meanwhile. */
export function Stale({ stale, retry, children }) {
  if (!stale) return null;
  const message = stale.error?.message ?? __('The sidecar does not answer.', 'devskyy');
  return (
    <Notice status="warning" isDismissible={false} className="devskyy-notice">
      {/* translators: 1: what is wrong, as a sentence, 2: age such as "12 minutes ago". */}
      <strong>{sprintf(__('%1$s You see what was known %2$s.', 'devskyy'), message, ago(stale.since))}</strong>
      {stale.error?.hint && <p>{stale.error.hint}</p>}
      {children && <p>{children}</p>}
      <div className="devskyy-buttons">
        <Button variant="secondary" size="compact" onClick={() => tryAgain(retry)}>{__('Try again', 'devskyy')}</Button>
        <Button variant="tertiary" size="compact" href={shop().urls.status}>{__('Look at Status', 'devskyy')}</Button>
      </div>
    </Notice>
  );
}

/** Nothing works before the shop is connected: one sentence, one way on. */
export function NotConnected() {
  const { can, urls } = shop();
  return (
    <Empty icon="plug" title={__('Connect DevSkyy to your shop', 'devskyy')}
      action={can.pair && <Button variant="primary" __next40pxDefaultSize href={urls.settings}>{__('Connect', 'devskyy')}</Button>}>
      {can.pair
        ? __('DevSkyy reads your products and orders, and proposes what could be better. Nothing changes before you approve it. Connecting takes one code and about a minute.', 'devskyy')
        : __('DevSkyy is not connected yet. Ask an administrator of this site to connect it under WooCommerce → Settings → DevSkyy.', 'devskyy')}
    </Empty>
  );
}

/** A bar with its count in words; unknown totals show the words only. */
export function Progress({ done = 0, total = 0, label }) {
  const share = total ? Math.min(1, done / total) : null;
  return (
    <div className="devskyy-progress">
      <div className="devskyy-progress-words">
        <span>{label}</span>
        {/* translators: 1: how many are done, 2: how many there are. */}
        {total > 0 && <span>{sprintf(__('%1$d of %2$d', 'devskyy'), done, total)}</span>}
      </div>
      <div className={`devskyy-bar${share === null ? ' is-open' : ''}`} role="progressbar" aria-label={label}
        aria-valuemin={0} aria-valuemax={total || undefined} aria-valuenow={share === null ? undefined : done}>
        <i style={share === null ? undefined : { inlineSize: `${share * 100}%` }} />
      </div>
    </div>
  );
}

export function Badge({ tone = 'plain', children, title }) {
  return <span className={`devskyy-badge is-${tone}`} title={title}>{children}</span>;
}
