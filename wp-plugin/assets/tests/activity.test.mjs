import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { NO_FILTER, actionWords, bounds, chainWords, changes, isFiltered, listsFor, more, productLinks, subject, toQuery, whoIcon, whoWords } from '../src/activity/entry.js';
import { euros, shopTime } from './host.mjs';

const ADMIN = 'http://shop.test/wp-admin/admin.php?page=devskyy';
const NOON = new Date('2026-11-26T12:00:00Z');

beforeEach(() => {
  shopTime('Europe/Berlin', 1);
  globalThis.devskyy = { currency: euros, urls: { inbox: ADMIN, agents: `${ADMIN}-agents`, runs: `${ADMIN}-runs`, access: `${ADMIN}-access`, connections: `${ADMIN}-connections` }, actions: { 'run.ask': 'Started a run' } };
});
afterEach(() => { delete globalThis.devskyy; });

test('an action is said in the plugin\'s words, a new one as well as can be', () => {
  assert.equal(actionWords('run.ask'), 'Started a run');
  assert.equal(actionWords('robot.went_home'), 'Robot went home');
});

test('who did it: people, keys, machines, DevSkyy, and people who were erased', () => {
  assert.equal(whoWords({ by: 'person', who: { id: 7, login: 'anna' } }), 'anna');
  assert.equal(whoWords({ by: 'key', who: { key: 'report' } }), 'Key: report');
  assert.equal(whoWords({ by: 'client', who: { client: 'erp' } }), 'Machine: erp');
  assert.equal(whoWords({ by: 'sidecar' }), 'DevSkyy itself');
  assert.equal(whoWords({ by: 'person', erased: true, who: { id: 7, login: 'erased person' } }), 'Erased person');
  assert.equal(whoWords({ by: 'visitor' }), 'Somebody unknown');
  assert.deepEqual([whoIcon({ by: 'key' }), whoIcon({ by: 'sidecar' })], ['key', 'clock']);
});

test('the chain says what was checked when, and never more than that', () => {
  const now = Date.parse('2026-11-26T12:00:00Z');
  const good = { state: 'unbroken', entries: 1204, since: '2026-11-01T09:00:00Z', checked_at: '2026-11-26T12:00:00Z', whole_at: '2026-11-26T11:59:58Z' };
  assert.equal(chainWords(good, now), 'Unbroken since November 1, 2026, 1.204 entries, checked just now.');
  const older = { ...good, whole_at: '2026-11-26T07:00:00Z' };
  assert.equal(chainWords(older, now), 'Unbroken since November 1, 2026, 1.204 entries. The newest were checked just now, all of them 5 hours ago.');
  const stale = chainWords(older, now + 2 * 3600_000);
  assert.match(stale, /newest were checked 2 hours ago, all of them 7 hours ago/);
  assert.match(chainWords({ ...older, state: 'partly', unread: 1 }, now), /^Kept since .* 1.204 entries checked and found whole; 1 entry still to be checked/);
  const bad = { ...older, state: 'broken', found_at: '2026-11-26T10:00:00Z', problems: [{ n: 1003, what: 'it was altered' }] };
  assert.equal(chainWords(bad, now), 'The record was altered outside DevSkyy. Found 2 hours ago at entry 1.003.');
  assert.match(chainWords({ ...bad, problems: [bad.problems[0], { n: 9 }, { n: 10 }] }, now), /at entry 1.003 and 2 more places\.$/);
  assert.equal(chainWords({ state: 'empty', entries: 0 }, now), '');
  assert.equal(chainWords(undefined), '');
});

test('what it was done on leads there', () => {
  const id = 'ab'.repeat(16);
  assert.deepEqual(subject({ action: 'proposal.approve', target: id, detail: { title: 'Lower it' } }), { text: 'Lower it', href: `${ADMIN}#id=${id}&state=all` });
  assert.deepEqual(subject({ action: 'run.ask', target: id, detail: { agent: 'reorder-points' } }, { 'reorder-points': 'Reorder points' }), { text: 'Reorder points', href: `${ADMIN}-runs#run=${id}` });
  assert.deepEqual(subject({ action: 'product.saved', target: 'wc/v3/products/12' }), { text: 'Product 12', href: 'http://shop.test/wp-admin/post.php?post=12&action=edit' });
  assert.deepEqual(subject({ action: 'key.made', target: '9f31c0aa52e10b77' }, { '9f31c0aa52e10b77': 'Report' }), { text: 'Report', href: `${ADMIN}-access` });
  assert.deepEqual(subject({ action: 'user.changed', target: id }), { text: 'abababab', href: `${ADMIN}-access#tab=people` });
  assert.deepEqual(subject({ action: 'pairing.moved', target: 'http://new.test' }), { text: 'http://new.test', href: undefined });
  assert.deepEqual(subject({ action: 'webhook.test', target: id }, { [id]: 'Till' }), { text: 'Till', href: `${ADMIN}-connections#tab=webhooks&hook=${id}` });
  assert.deepEqual(subject({ action: 'integration.checked', target: id }, { [id]: 'Main' }), { text: 'Main', href: `${ADMIN}-connections` });
  assert.equal(subject({ action: 'pairing.ended' }), null);
});

test('a proposal is named by its sentence, else by its products', () => {
  const entry = { action: 'proposal.applied', target: 'x', products: [{ id: 3, name: 'Scarf' }, { id: 4, name: 'Coat' }, { id: 5, name: 'Hat' }] };
  assert.equal(subject(entry, { x: 'Lower Scarf' }).text, 'Lower Scarf');
  assert.equal(subject(entry).text, 'Scarf, Coat and 1 more');
  assert.deepEqual(productLinks(entry)[1], { name: 'Coat', href: 'http://shop.test/wp-admin/post.php?post=4&action=edit' });
});

test('the ledger\'s changes are said by product where there are several', () => {
  const found = changes({ changed: [{ path: 'regular_price', of: 'Scarf', before: '40.00', after: '34.00' }, { path: 'stock_delta', of: '', before: 5, after: 12 }] });
  assert.deepEqual(found.map(({ label, before, after }) => [label, before, after]), [['Scarf, Regular price', '40,00\u00a0€', '34,00\u00a0€'], ['Stock', '5', '12']]);
});

test('a proposal\'s state is said only where no values changed', () => {
  const states = { before: { state: 'pending' }, after: { state: 'rejected' } };
  assert.deepEqual(changes(states).map(({ before, after }) => [before, after]), [['To decide', 'Rejected']]);
  assert.deepEqual(changes({ ...states, changed: [{ path: 'name', of: '', before: 'a', after: 'b' }] }).map(({ before }) => before), ['a']);
});

test('a target cannot become a link of its own', () => {
  assert.equal(subject({ action: 'pairing.moved', target: 'javascript:alert(1)' }).href, undefined);
  assert.equal(subject({ action: 'run.ask', target: '"><script>&x=1' }).href, `${ADMIN}-runs#run=%22%3E%3Cscript%3E%26x%3D1`);
});

test('names are asked for only where ids need them, once a list', () => {
  const entries = [{ action: 'key.made', target: 'a' }, { action: 'key.revoked', target: 'b' }, { action: 'user.made', target: 'c', detail: { name: 'Ben' } }, { action: 'run.ask', target: 'd' }];
  assert.deepEqual(listsFor(entries), ['keys']);
});

test('changes stand name by name, in words, nested ones opened, equal ones left out', () => {
  const found = changes({
    before: { schedule: 'weekly', enabled: true, input: { days: 60, keep: 1 }, regular_price: '40.00' },
    after: { schedule: 'daily', enabled: true, input: { days: 45, keep: 1 }, regular_price: '34.00' },
  });
  assert.deepEqual(found.map(({ name, before, after }) => [name, before, after]), [
    ['schedule', 'Every week', 'Every day'],
    ['days', '60', '45'],
    ['regular_price', '40,00\u00a0€', '34,00\u00a0€'],
  ]);
});

test('what appeared or went is said', () => {
  assert.deepEqual(changes({ after: { role: 'analyst' } }), [{ name: 'role', label: 'Role', before: 'not set', after: 'Analyst' }]);
  assert.deepEqual(changes({ detail: { before: { active: true }, after: { active: false } } }).map(({ before, after }) => [before, after]), [['yes', 'no']]);
  assert.deepEqual(changes({ before: { input: null }, after: { input: { days: 45 } } }).map(({ name, before, after }) => [name, before, after]), [['days', 'not set', '45']]);
  assert.deepEqual(changes({}), []);
  assert.deepEqual(more({ detail: { enabled: false, why: 'x' }, after: { enabled: false } }), { why: 'x' });
  assert.deepEqual(more({ detail: { before: {}, after: {}, title: 'x', ended: 2 } }), { ended: 2 });
});

test('periods follow the shop\'s own days, summer time too', () => {
  assert.deepEqual(bounds({ period: 'today' }, NOON), { since: '2026-11-25T23:00:00Z', until: '' });
  assert.deepEqual(bounds({ period: 'week' }, NOON), { since: '2026-11-19T23:00:00Z', until: '' });
  assert.deepEqual(bounds({ period: 'month' }, NOON), { since: '2026-10-27T23:00:00Z', until: '' });
  assert.deepEqual(bounds({ period: '' }, NOON), { since: '', until: '' });
  // The last day is in it, to its end.
  assert.deepEqual(bounds({ period: 'own', from: '2026-11-01', to: '2026-11-30' }, NOON), { since: '2026-10-31T23:00:00Z', until: '2026-11-30T23:00:00Z' });
});

test('the query holds what is asked for, a long search cut', () => {
  assert.equal(isFiltered(NO_FILTER), false);
  assert.equal(isFiltered({ ...NO_FILTER, period: 'own' }), false);
  assert.equal(isFiltered({ ...NO_FILTER, failed: 'true' }), true);
  const query = toQuery({ ...NO_FILTER, q: ` ${'x'.repeat(300)} `, person: 'user:7' }, NOON);
  assert.deepEqual([query.q.length, query.person, query.since], [100, 'user:7', '']);
});
