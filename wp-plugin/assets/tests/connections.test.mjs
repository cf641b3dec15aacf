import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chosen, eventLabel, grouped, withEvent, withGroup } from '../src/connections/events.js';
import { NEW_SERVICE, explained, hookState, hostOf, messageState, missing, pairs, receiverWords, serviceBody, serviceState, slug, tested, today, trouble, wrongs } from '../src/connections/words.js';

const CATALOGUE = ['proposal.created', 'proposal.applied', 'run.failed', 'webhook.test'].map((event) => ({ event, means: `${event}!` }));
const PROPOSALS = ['proposal', ['proposal.created', 'proposal.applied']];

test('events are chosen by groups or one by one', () => {
  assert.deepEqual(grouped(CATALOGUE), [PROPOSALS, ['run', ['run.failed']]]);
  assert.deepEqual(withGroup(['proposal.created', 'run.failed'], PROPOSALS, true), ['run.failed', 'proposal.*']);
  assert.deepEqual(withGroup(['proposal.*', 'run.failed'], PROPOSALS, false), ['run.failed']);
  assert.deepEqual(withEvent(['proposal.*', 'run.failed'], PROPOSALS, 'proposal.created', false), ['run.failed', 'proposal.applied']);
  assert.deepEqual(withEvent(['proposal.applied'], PROPOSALS, 'proposal.created', true), ['proposal.created', 'proposal.applied']);
  assert.equal(chosen(['*'], PROPOSALS), 'all');
  assert.equal(chosen(['proposal.*'], PROPOSALS), 'all');
  assert.equal(chosen(['proposal.created', 'proposal.applied'], PROPOSALS), 'all');
  assert.equal(chosen(['proposal.created'], PROPOSALS), 'some');
  assert.equal(chosen(['run.*'], PROPOSALS), 'none');
});

test('events have words, new ones the sidecar\'s', () => {
  assert.equal(eventLabel('*'), 'Everything');
  assert.equal(eventLabel('run.*'), 'Runs of agents');
  assert.equal(eventLabel('run.failed'), 'Run failed');
  assert.equal(eventLabel('moon.rose', [{ event: 'moon.rose', means: 'The moon is up.' }]), 'The moon is up.');
  assert.equal(eventLabel('moon.rose'), 'moon.rose');
});

test('a form becomes exactly one way to open a service', () => {
  const plain = { ...NEW_SERVICE, provider: ' Parcel Service ', name: ' Main ', base_url: 'https://api.example.com ', health_path: '', rate_per_minute: '90' };
  assert.deepEqual(serviceBody({ ...plain, key: ' abc ' }), {
    provider: 'parcel-service', name: 'Main', base_url: 'https://api.example.com', health_path: '/', rate_per_minute: 90, api_key: { key: 'abc', header: 'Authorization', prefix: 'Bearer ' },
  });
  assert.deepEqual(serviceBody({ ...plain, kind: 'basic', username: 'anna', password: ' blank ' }).basic, { username: 'anna', password: ' blank ' });
  const oauth = serviceBody({ ...plain, kind: 'oauth2', key: 'left', authorize_url: 'https://a', token_url: 'https://t', client_id: 'me', scopes: 'read, write', params: 'access_type=offline\nnonsense\nprompt = consent=1' });
  assert.deepEqual(oauth.oauth2, { authorize_url: 'https://a', token_url: 'https://t', client_id: 'me', client_auth: 'basic', scopes: ['read', 'write'], params: { access_type: 'offline', prompt: 'consent=1' } });
  assert.equal('api_key' in oauth, false);
  assert.deepEqual(pairs('=x\n\n'), {});
});

test('names of services are those that the sidecar takes', () => {
  for (const [text, name] of [['Mailer', 'mailer'], ['  Été 2 ', 'ete-2'], ['17track', 'track'], ['Ads (EU)', 'ads-eu'], ['!!!', ''], ['x'.repeat(80), 'x'.repeat(60)]]) {
    assert.equal(slug(text), name, text);
    if (name) assert.match(slug(text), /^[a-z][a-z0-9_-]{0,59}$/);
  }
});

test('trouble is explained in the shop\'s language, new kinds in the sidecar\'s words', () => {
  const error = { code: 'integration_server_error', message: 'The service answered 503.', hint: 'h' };
  globalThis.devskyy = { locale: 'en_GB' };
  assert.deepEqual(explained(error), { message: 'The service answered 503.', hint: 'Wait; it is tried again by itself.' });
  globalThis.devskyy = { locale: 'de_DE' };
  assert.equal(explained(error).message, 'The service has trouble of its own.');
  assert.deepEqual(explained({ code: 'moon_down', message: 'm', hint: 'h' }), { message: 'm', hint: 'h' });
  delete globalThis.devskyy;
});

test('what is empty is named before anything is sent', () => {
  assert.deepEqual(Object.keys(missing(NEW_SERVICE)).sort(), ['api_key.key', 'base_url', 'name', 'provider']);
  const filled = { ...NEW_SERVICE, provider: 'a', name: 'b', base_url: 'c' };
  assert.deepEqual(Object.keys(missing({ ...filled, kind: 'oauth2' })).sort(), ['oauth2.authorize_url', 'oauth2.client_id', 'oauth2.token_url']);
  assert.deepEqual(missing({ ...filled, key: 'd' }), {});
});

test('complaints keep the whole name of their field', () => {
  assert.deepEqual(wrongs({ fields: { 'body.oauth2.scopes.0': 'is odd', 'oauth2.scopes.1': 'too', base_url: 'is private' } }), { 'oauth2.scopes': 'is odd too', base_url: 'is private' });
  assert.deepEqual(wrongs(null), {});
});

test('states and troubles are said in words', () => {
  assert.deepEqual(serviceState({ kind: 'oauth2', state: 'new' }), ['Not connected yet', 'warn']);
  assert.deepEqual(serviceState({ kind: 'api_key', state: 'new' }), ['Not tested yet', 'plain']);
  assert.deepEqual(hookState({ state: 'paused', paused_why: 'gone' })[1], 'bad');
  assert.deepEqual(messageState({ state: 'waiting', attempts: 0 })[0], 'Waiting');
  assert.deepEqual(messageState({ state: 'waiting', attempts: 2 })[0], 'Will be tried again');
  const error = { at: '2026-11-26T10:00:00Z', message: 'no' };
  assert.equal(trouble({ state: 'connected', health: { last_error: error, last_ok_at: '2026-11-26T11:00:00Z' } }), null);
  assert.equal(trouble({ state: 'connected', health: { last_error: error, last_ok_at: '2026-11-26T09:00:00Z' } }), error);
  assert.equal(trouble({ state: 'revoked', health: { last_error: error, last_ok_at: '2026-11-26T11:00:00Z' } }), error);
  assert.equal(trouble({ state: 'new', health: {} }), null);
  assert.equal(today({ calls_today: 1, failed_today: 0, mean_ms: 0 }), '1 call today · 0 ms on average');
  assert.equal(today({}), '');
  assert.equal(tested({ works: true, status: 200, ms: 12 }), 'It works: answered 200 in 12 ms.');
  assert.equal(tested({ works: false, error: { message: 'The key was refused.' } }), 'The key was refused.');
  assert.equal(receiverWords({ state: 'waiting', error: 'HTTP 503 try later' }), 'try later');
  assert.equal(receiverWords({ state: 'dead', error: 'unreachable: The name does not resolve.' }), 'The name does not resolve.');
  assert.equal(receiverWords({ state: 'delivered', error: 'HTTP 503' }), '');
  assert.equal(hostOf('https://hooks.example.com/in?…'), 'hooks.example.com');
  assert.equal(hostOf('nonsense'), 'nonsense');
});
