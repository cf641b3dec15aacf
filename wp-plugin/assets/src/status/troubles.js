import { __, _n, sprintf } from '@wordpress/i18n';
import { chainWords } from '../activity/entry.js';
import { explained, hookName, serviceState, trouble } from '../connections/words.js';
import { number } from '../lib/money.js';
import { shop } from '../lib/shop.js';
import { moment } from '../lib/time.js';

const look = (url) => ({ id: 'open', label: __('Look at it', 'devskyy'), url });

/** A connected service whose last call failed, or that no longer lets us in. */
function ofService(service) {
  const error = trouble(service);
  if (!error) return null;
  const { message, hint } = explained(error);
  /* translators: %s: name of a connected service. */
  const label = sprintf(__('Service "%s"', 'devskyy'), service.name);
  const ended = service.state === 'revoked';
  return { id: `service-${service.id}`, label, status: ended ? 'critical' : 'warning', message: ended ? `${serviceState(service)[0]}. ${message}` : message, hint, action: look(shop().urls.connections) };
}

/** Why a webhook's messages do not arrive, and what to do: `[words, what to do]`. */
function why({ paused_why: paused, state, failures, retry_at: retry, dead }) {
  if (paused === 'gone') return [__('The receiver answered that this address is gone (410).', 'devskyy'), __('Change the address, then resume it; or end it.', 'devskyy')];
  if (state === 'failing') {
    /* translators: %d: number of attempts. */
    const words = [sprintf(_n('%d attempt in a row has failed.', '%d attempts in a row have failed.', failures, 'devskyy'), failures)];
    /* translators: %s: date and time. */
    if (retry) words.push(sprintf(__('The next one is made at %s. Messages wait in their order for 24 hours.', 'devskyy'), moment(retry)));
    return [words.join(' '), __('See in its messages what the receiver answers, and mend it there.', 'devskyy')];
  }
  /* translators: %s: number of messages. */
  return [sprintf(_n('%s message of the last week was given up.', '%s messages of the last week were given up.', dead, 'devskyy'), number(dead, 0)), __('Send again what the receiver still needs.', 'devskyy')];
}

function ofHook(hook) {
  const [message, hint] = why(hook);
  /* translators: %s: name of a webhook. */
  const label = sprintf(__('Webhook "%s"', 'devskyy'), hookName(hook));
  return { id: `webhook-${hook.id}`, label, status: 'warning', message, hint, action: look(`${shop().urls.connections}#${new URLSearchParams({ tab: 'webhooks', hook: hook.id })}`) };
}

function ofAudit(audit) {
  if (audit?.state !== 'broken') return null;
  return { id: 'audit', label: __('Record of all that happened', 'devskyy'), status: 'critical', message: chainWords(audit), hint: __('Keep a copy of the sidecar\'s database as it is now; Activity says what to do then.', 'devskyy'), action: look(shop().urls.activity) };
}

/** Services, webhooks and the record of what happened, where something is wrong: as checks of the page. */
export function troubles(sidecar) {
  if (!sidecar) return [];
  return [ofAudit(sidecar.audit), ...(sidecar.integrations ?? []).map(ofService), ...(sidecar.webhooks ?? []).map(ofHook)].filter(Boolean);
}
