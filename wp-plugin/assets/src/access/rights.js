import { __, sprintf } from '@wordpress/i18n';
import { readable } from '../lib/schema.js';

/** Roles, the highest first, as the sidecar ranks them. */
export const ROLES = ['owner', 'manager', 'analyst', 'support', 'agent', 'read-only'];

const rank = (role) => {
  const at = ROLES.indexOf(role);
  return at < 0 ? ROLES.length : at;
};

/** Whether somebody with one role may hand out, change or end another: never more than they have. */
export const covers = (mine, role) => rank(mine) <= rank(role) && rank(mine) < ROLES.length;

/** The roles that a login of this person may have: at most their own in the shop, and at most mine. */
export function rolesFor(person, mine) {
  return ROLES.filter((role) => role !== 'agent' && covers(mine, role) && covers(person?.role, role));
}

export const roleLabel = (role) => ({
  owner: __('Owner', 'devskyy'),
  manager: __('Manager', 'devskyy'),
  analyst: __('Analyst', 'devskyy'),
  support: __('Support', 'devskyy'),
  agent: __('Agent', 'devskyy'),
  'read-only': __('Read only', 'devskyy'),
})[role] ?? readable(role);

const SCOPES = () => ({
  'agents:read': __('See the agents and their settings', 'devskyy'),
  'products:read': __('Read what is known of the catalogue', 'devskyy'),
  'runs:read': __('See runs, what they found and their notes', 'devskyy'),
  'runs:write': __('Start and cancel runs', 'devskyy'),
  'proposals:read': __('See proposals and their evidence', 'devskyy'),
  'status:read': __('See status, health and figures', 'devskyy'),
  'sync:write': __('Have the shop read again', 'devskyy'),
  'audit:read': __('Read the activity', 'devskyy'),
  'users:read': __('See who may sign in', 'devskyy'),
  'webhooks:read': __('See webhooks and what they sent', 'devskyy'),
  'webhooks:write': __('Set up, test and end webhooks', 'devskyy'),
  'integrations:read': __('See connected services', 'devskyy'),
});

/** What a scope lets its holder do; one that is new here is said in the sidecar's own words. */
export function scopeLabel(scope, known = []) {
  const words = known.find(({ name }) => name === scope)?.words;
  return SCOPES()[scope] ?? (words ? words.charAt(0).toUpperCase() + words.slice(1) : scope);
}

/** The lines of a text as networks; empty lines are nothing. */
export const networks = (text) => text.split(/[\s,]+/).map((line) => line.trim()).filter(Boolean);

/** Complaints of the server about a list (`networks.0`) under the field's own name. */
export function complaints(error) {
  return Object.entries(error?.fields ?? {}).reduce((all, [path, text]) => {
    const name = path.replace(/^body\./, '').split(/[.[]/)[0];
    return { ...all, [name]: all[name] ? `${all[name]} ${text}` : text };
  }, {});
}

/** The kind of browser or program out of a User-Agent, in words. */
export function deviceWords(agent) {
  const text = String(agent ?? '');
  const browser = [[/Edg\//, 'Edge'], [/OPR\//, 'Opera'], [/Firefox\//, 'Firefox'], [/Chrome\//, 'Chrome'], [/Safari\//, 'Safari'], [/^curl\//, 'curl'], [/^python-requests\//, 'Python']]
    .find(([pattern]) => pattern.test(text))?.[1];
  const system = [[/iPhone|iPad/, 'iOS'], [/Android/, 'Android'], [/Windows/, 'Windows'], [/Mac OS X/, 'macOS'], [/Linux/, 'Linux']].find(([pattern]) => pattern.test(text))?.[1];
  /* translators: 1: browser, 2: operating system. */
  if (browser && system) return sprintf(__('%1$s on %2$s', 'devskyy'), browser, system);
  return browser ?? (text.slice(0, 60) || __('Unknown device', 'devskyy'));
}
