import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROLES, complaints, covers, deviceWords, networks, roleLabel, rolesFor, scopeLabel } from '../src/access/rights.js';

test('nobody hands out more than they have', () => {
  assert.deepEqual(rolesFor({ role: 'owner' }, 'manager'), ['manager', 'analyst', 'support', 'read-only']);
  assert.deepEqual(rolesFor({ role: 'support' }, 'owner'), ['support', 'read-only']);
  assert.deepEqual(rolesFor({ role: 'owner' }, 'owner'), ['owner', 'manager', 'analyst', 'support', 'read-only']);
  assert.deepEqual(rolesFor({ role: null }, 'owner'), []);
  assert.deepEqual(rolesFor({ role: 'owner' }, undefined), []);
});

test('one may change equals and those below', () => {
  for (const mine of ROLES) for (const role of ROLES) assert.equal(covers(mine, role), ROLES.indexOf(mine) <= ROLES.indexOf(role));
  assert.equal(covers('nobody', 'read-only'), false);
  assert.equal(covers(undefined, undefined), false);
});

test('scopes and roles have words, new ones the sidecar\'s', () => {
  assert.equal(scopeLabel('runs:write'), 'Start and cancel runs');
  assert.equal(scopeLabel('moon:read', [{ name: 'moon:read', words: 'see the moon' }]), 'See the moon');
  assert.equal(scopeLabel('moon:read'), 'moon:read');
  assert.equal(roleLabel('read-only'), 'Read only');
});

test('networks are lines or a list', () => {
  assert.deepEqual(networks(' 192.0.2.0/24\n\n2001:db8::/32, 198.51.100.7 '), ['192.0.2.0/24', '2001:db8::/32', '198.51.100.7']);
  assert.deepEqual(networks('  \n'), []);
});

test('complaints of a list stand at its field', () => {
  assert.deepEqual(complaints({ fields: { 'networks.0': 'is none', 'networks.1': 'is none either', 'body.name': 'too long' } }), { networks: 'is none is none either', name: 'too long' });
  assert.deepEqual(complaints(null), {});
});

test('devices are named by browser and system', () => {
  assert.equal(deviceWords('Mozilla/5.0 (Windows NT 10.0; Win64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0'), 'Edge on Windows');
  assert.equal(deviceWords('Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1'), 'Safari on iOS');
  assert.equal(deviceWords('python-requests/2.32.5'), 'Python');
  assert.equal(deviceWords(''), 'Unknown device');
  assert.equal(deviceWords('x'.repeat(200)).length, 60);
});
