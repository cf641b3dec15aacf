import { __, _n, sprintf } from '@wordpress/i18n';
import { number } from '../lib/money.js';
import { shop } from '../lib/shop.js';

/** Complaints of the server by the whole name of their field, without the place in a list. */
export function wrongs(error) {
  return Object.entries(error?.fields ?? {}).reduce((all, [path, text]) => {
    const name = path.replace(/^body\./, '').replace(/[.[]\d+\]?$/, '');
    return { ...all, [name]: all[name] ? `${all[name]} ${text}` : text };
  }, {});
}

/** What somebody types as the service, in the letters that its name may have. */
export function slug(text) {
  const plain = text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().replace(/[^a-z0-9_]+/g, '-').replace(/^[-_\d]+|-+$/g, '');
  return plain.slice(0, 60);
}

export const NEW_SERVICE = {
  kind: 'api_key', provider: '', name: '', base_url: '', health_path: '/', rate_per_minute: '60',
  key: '', header: 'Authorization', prefix: 'Bearer ', username: '', password: '',
  authorize_url: '', token_url: '', client_id: '', client_secret: '', scopes: '', revoke_url: '', issuer: '', client_auth: 'basic', params: '',
};

const words = (text) => text.split(/[\s,]+/).filter(Boolean);

/** Lines such as `access_type=offline` as an object; a line without `=` is left out. */
export function pairs(text) {
  const lines = text.split('\n').map((line) => line.trim()).filter((line) => line.indexOf('=') > 0);
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')).trim(), line.slice(line.indexOf('=') + 1).trim()]));
}

const filled = (values) => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));

/** The part of a request that opens the service. */
function opener(values) {
  const { kind, key, header, prefix, username, password } = values;
  if (kind === 'api_key') return { key: key.trim(), header: header.trim(), prefix };
  if (kind === 'basic') return { username: username.trim(), password };
  const { authorize_url, token_url, revoke_url, issuer, client_id, client_secret, client_auth, scopes, params } = values;
  const plain = { authorize_url, token_url, revoke_url, issuer, client_id, client_secret };
  const trimmed = Object.fromEntries(Object.entries(plain).map(([name, value]) => [name, value.trim()]));
  return { ...filled(trimmed), client_auth, scopes: words(scopes), params: pairs(params) };
}

/** The form's values as the route takes them. */
export function serviceBody(values) {
  const { kind, provider, name, base_url, health_path, rate_per_minute } = values;
  const plain = { provider: slug(provider), name: name.trim(), base_url: base_url.trim(), health_path: health_path.trim() || '/' };
  return { ...plain, rate_per_minute: Number(rate_per_minute), [kind]: opener(values) };
}

const NEEDED = {
  all: { provider: 'provider', name: 'name', base_url: 'base_url' },
  api_key: { key: 'api_key.key' },
  basic: { username: 'basic.username' },
  oauth2: { authorize_url: 'oauth2.authorize_url', token_url: 'oauth2.token_url', client_id: 'oauth2.client_id' },
};

/** Complaints about what is empty, before anything is sent. */
export function missing(values) {
  const needed = { ...NEEDED.all, ...NEEDED[values.kind] };
  const empty = Object.entries(needed).filter(([name]) => !(name === 'provider' ? slug(values.provider) : values[name].trim()));
  return Object.fromEntries(empty.map(([, path]) => [path, __('This is needed.', 'devskyy')]));
}

export const kindLabel = (kind) => ({
  api_key: __('Key', 'devskyy'),
  basic: __('User name and password', 'devskyy'),
  oauth2: __('Sign-in at the service (OAuth 2)', 'devskyy'),
})[kind] ?? kind;

/** A service's state: `[words, tone]`. */
export function serviceState({ kind, state }) {
  if (state === 'new') return kind === 'oauth2' ? [__('Not connected yet', 'devskyy'), 'warn'] : [__('Not tested yet', 'devskyy'), 'plain'];
  return { connected: [__('Connected', 'devskyy'), 'good'], failing: [__('Failing', 'devskyy'), 'bad'], revoked: [__('Access ended', 'devskyy'), 'bad'] }[state] ?? [state, 'plain'];
}

/** The last trouble of a service, while no later call has gone well. */
export function trouble({ state, health = {} }) {
  const { last_error: error, last_ok_at: ok } = health;
  if (!error) return null;
  return ['failing', 'revoked'].includes(state) || !ok || Date.parse(error.at) > Date.parse(ok) ? error : null;
}

const TROUBLES = () => ({
  unreachable: [__('The service does not answer.', 'devskyy'), __('Check its address and whether it is up; it is tried again by itself.', 'devskyy')],
  address_refused: [__('Nothing is sent to this address.', 'devskyy'), __('It must be public. Addresses inside your network must be allowed where the sidecar lives (DEVSKYY_INTEGRATIONS_ALLOW_PRIVATE).', 'devskyy')],
  server_error: [__('The service has trouble of its own.', 'devskyy'), __('Wait; it is tried again by itself.', 'devskyy')],
  rate_limited: [__('The service asks for fewer calls.', 'devskyy'), __('Press Change and lower the calls a minute.', 'devskyy')],
  budget: [__('The rate budget is used up for now.', 'devskyy'), __('Wait a minute, or press Change and raise the calls a minute.', 'devskyy')],
  credentials_refused: [__('The service refused the credentials.', 'devskyy'), __('Enter them again, as the service shows them.', 'devskyy')],
  client_refused: [__('The service refused the client secret.', 'devskyy'), __('Enter it again, as the service shows it.', 'devskyy')],
  token_answer_broken: [__('The answer of the token address holds no token.', 'devskyy'), __('Compare the address with the service\'s documentation; to change it, disconnect and connect anew.', 'devskyy')],
  revoked: [__('The service no longer accepts the connection.', 'devskyy'), __('Press Connect again and say yes there.', 'devskyy')],
  not_connected: [__('Nobody has signed in there yet.', 'devskyy'), __('Press Connect and say yes there.', 'devskyy')],
  health_path: [__('The path for tests answered with an error.', 'devskyy'), __('Press Change and name a path that these credentials may read.', 'devskyy')],
});

/** What went wrong and what to do: the sidecar's own sentence where that can be read, ours elsewhere. */
export function explained({ code = '', message = '', hint = '' }) {
  const [words, todo] = TROUBLES()[code.replace(/^integration_/, '')] ?? [];
  const readable = String(shop().locale).startsWith('en') || !words;
  return { message: readable ? message : words, hint: todo ?? hint };
}

/** Today's calls in one line; empty before the first. */
export function today({ calls_today: calls = 0, failed_today: failed = 0, refused_today: held = 0, mean_ms: mean } = {}) {
  const parts = [];
  /* translators: %s: number of calls. */
  if (calls) parts.push(sprintf(_n('%s call today', '%s calls today', calls, 'devskyy'), number(calls, 0)));
  /* translators: %s: number of calls. */
  if (failed) parts.push(sprintf(_n('%s failed', '%s failed', failed, 'devskyy'), number(failed, 0)));
  /* translators: %s: number of calls. */
  if (held) parts.push(sprintf(_n('%s held back', '%s held back', held, 'devskyy'), number(held, 0)));
  /* translators: %s: number of milliseconds. */
  if (mean !== undefined) parts.push(sprintf(__('%s ms on average', 'devskyy'), number(mean, 0)));
  return parts.join(' · ');
}

/** How a test of a service went, in one sentence. */
export function tested({ works, status, ms, error }) {
  /* translators: 1: HTTP status such as 200, 2: number of milliseconds. */
  if (works) return sprintf(__('It works: answered %1$d in %2$s ms.', 'devskyy'), status, number(ms, 0));
  return error ? explained(error).message : __('It does not work.', 'devskyy');
}

/** What a webhook is called. */
export const hookName = ({ description, url }) => description || hostOf(url);

/** A webhook's state: `[words, tone]`. */
export function hookState({ state, paused_why: why }) {
  if (state === 'paused') return why === 'gone' ? [__('Stopped: the receiver is gone', 'devskyy'), 'bad'] : [__('Paused', 'devskyy'), 'plain'];
  return { active: [__('Active', 'devskyy'), 'good'], failing: [__('Failing', 'devskyy'), 'bad'] }[state] ?? [state, 'plain'];
}

/** A message's state: `[words, tone]`. */
export const messageState = ({ state, attempts }) => ({
  waiting: attempts ? [__('Will be tried again', 'devskyy'), 'warn'] : [__('Waiting', 'devskyy'), 'busy'],
  delivered: [__('Delivered', 'devskyy'), 'good'],
  dead: [__('Given up', 'devskyy'), 'bad'],
})[state] ?? [state, 'plain'];

/** What a receiver wrote beside its status, or why nothing came of it; status and code stand elsewhere. */
export const receiverWords = ({ state, error = '' }) => (state === 'delivered' ? '' : error.replace(/^(HTTP \d+ ?|[a-z_]+: )/, ''));

/** The name of an address; the text itself where it has none. */
export function hostOf(url) {
  try {
    return new URL(url.replace('?…', '')).host;
  } catch {
    return url;
  }
}
