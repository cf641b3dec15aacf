import { __ } from '@wordpress/i18n';
import { readable } from '../lib/schema.js';

/** What webhooks tell about, in the shop's words; a new event is said in the sidecar's own. */
const WORDS = () => ({
  'proposal.created': __('An agent proposes a change', 'devskyy'),
  'proposal.approved': __('Approved', 'devskyy'),
  'proposal.rejected': __('Rejected', 'devskyy'),
  'proposal.snoozed': __('Put off until later', 'devskyy'),
  'proposal.woken': __('Pending again after a pause', 'devskyy'),
  'proposal.superseded': __('Replaced by a newer one', 'devskyy'),
  'proposal.expired': __('Nobody decided in time', 'devskyy'),
  'proposal.applying': __('Change begun', 'devskyy'),
  'proposal.applied': __('Change applied', 'devskyy'),
  'proposal.stale': __('Not written: the shop had changed', 'devskyy'),
  'proposal.failed': __('Change failed', 'devskyy'),
  'proposal.undoing': __('Undo asked for', 'devskyy'),
  'proposal.undone': __('Change undone', 'devskyy'),
  'proposal.undo_failed': __('Undo failed', 'devskyy'),
  'proposal.released': __('Approval not carried out, pending again', 'devskyy'),
  'run.finished': __('Run finished', 'devskyy'),
  'run.failed': __('Run failed', 'devskyy'),
  'run.cancelled': __('Run cancelled', 'devskyy'),
  'sync.finished': __('Shop read', 'devskyy'),
  'sync.failed': __('Reading the shop failed', 'devskyy'),
  'shop.paired': __('Shop connected', 'devskyy'),
  'shop.unpaired': __('Shop disconnected', 'devskyy'),
  'shop.moved': __('Shop moved to a new address', 'devskyy'),
  'security.login_locked': __('Login locked after wrong passwords', 'devskyy'),
  'security.session_reused': __('Stolen sign-in suspected', 'devskyy'),
  'security.session_revoked': __('Session ended', 'devskyy'),
  'security.key_revoked': __('API key ended', 'devskyy'),
  'security.client_revoked': __('Machine ended', 'devskyy'),
  'webhook.test': __('Test', 'devskyy'),
});

const GROUPS = () => ({
  proposal: __('Proposals', 'devskyy'),
  run: __('Runs of agents', 'devskyy'),
  sync: __('Reading the shop', 'devskyy'),
  shop: __('Connection of the shop', 'devskyy'),
  security: __('Security', 'devskyy'),
});

// Sent when somebody asks for it, whatever a webhook listens to.
const BY_HAND = 'webhook.test';
const groupOf = (event) => event.split('.')[0];

export const groupLabel = (group) => GROUPS()[group] ?? readable(group);

/** An event, a group (`run.*`) or all (`*`) in words. */
export function eventLabel(event, catalogue = []) {
  if (event === '*') return __('Everything', 'devskyy');
  /* A group says its name alone: "Proposals" is all that happens to them. */
  if (event.endsWith('.*')) return groupLabel(groupOf(event));
  return WORDS()[event] ?? catalogue.find((one) => one.event === event)?.means ?? event;
}

/** The catalogue by groups, in its own order: `[[group, [event]]]`. */
export function grouped(catalogue) {
  const groups = new Map();
  for (const { event } of catalogue) {
    if (event !== BY_HAND) groups.set(groupOf(event), [...(groups.get(groupOf(event)) ?? []), event]);
  }
  return [...groups];
}

/** How much of a group is chosen: `all`, `some` or `none`. */
export function chosen(value, [group, events]) {
  if (value.includes('*') || value.includes(`${group}.*`)) return 'all';
  const count = events.filter((event) => value.includes(event)).length;
  return count === 0 ? 'none' : count === events.length ? 'all' : 'some';
}

const without = (value, group) => value.filter((event) => groupOf(event) !== group);

/** A list with all of a group, or with nothing of it. */
export const withGroup = (value, [group], on) => [...without(value, group), ...(on ? [`${group}.*`] : [])];

/** A list with one event more or less; a whole group that loses one becomes the others of it. */
export function withEvent(value, [group, events], event, on) {
  const had = events.filter((one) => value.includes(`${group}.*`) || value.includes(one));
  const now = on ? [...had, event] : had.filter((one) => one !== event);
  return [...without(value, group), ...events.filter((one) => now.includes(one))];
}
