import assert from 'node:assert/strict';
import { test } from 'node:test';
import { troubles } from '../src/status/troubles.js';
import { shopTime } from './host.mjs';

shopTime('UTC', 0);
const service = (state, health = {}) => ({ id: 'a'.repeat(32), provider: 'mailer', name: 'Newsletter', state, health });
const hook = (more) => ({ id: 'b'.repeat(32), description: 'Chat', url: 'https://chat.example/x', state: 'active', failures: 0, dead: 0, ...more });
const refused = { at: '2026-11-26T10:00:00Z', code: 'integration_credentials_refused', message: 'The service refused the credentials.', hint: 'x' };

test('only what is wrong is told, each with what to do', () => {
  assert.deepEqual(troubles(null), []);
  assert.deepEqual(troubles({}), []);
  assert.deepEqual(troubles({ integrations: [service('connected', { last_ok_at: '2026-11-26T11:00:00Z', last_error: refused }), service('new')], webhooks: [] }), []);
  const all = troubles({
    audit: { state: 'broken', found_at: '2026-11-26T09:00:00Z', problems: [{ n: 3, what: 'altered' }] },
    integrations: [service('failing', { last_error: refused }), service('revoked', { last_error: { ...refused, code: 'integration_revoked', message: 'It said no.' } })],
    webhooks: [hook({ state: 'failing', failures: 5, retry_at: '2026-11-26T12:00:00Z' }), hook({ state: 'paused', paused_why: 'gone' }), hook({ dead: 1 })],
  });
  assert.deepEqual(all.map(({ status }) => status), ['critical', 'warning', 'critical', 'warning', 'warning', 'warning']);
  assert.ok(all.every(({ label, message, hint, action }) => label && message && hint && action.label));
  assert.match(all[0].message, /altered outside DevSkyy.*entry 3/);
  assert.equal(all[1].message, 'The service refused the credentials.');
  assert.match(all[2].message, /^Access ended\. /);
  assert.match(all[3].message, /^5 attempts in a row have failed\. The next one is made at November 26, 2026/);
  assert.match(all[4].message, /gone \(410\)/);
  assert.equal(all[5].message, '1 message of the last week was given up.');
  assert.match(all[5].action.url, /#tab=webhooks&hook=b{32}$/);
});
