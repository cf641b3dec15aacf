/** What the preview's Activity and Access pages show. */
const NOW = Date.now();
const iso = (t) => new Date(t).toISOString().replace(/\.\d+Z$/, 'Z');
const back = (hours) => iso(NOW - hours * 3_600_000);
const hex = (n) => n.toString(16).padStart(32, '0');
const anna = { by: 'person', person: 'user:7', who: { id: 7, login: 'anna' } };
const entry = (n, hours, action, target, more) => ({ n, at: back(hours), action, target, detail: {}, request_id: hex(n * 7919).slice(-16), hash: hex(n * 104729).repeat(2).slice(0, 64), ...more });

export const audit = [
  entry(812, 0.2, 'proposal.applied', hex(1001), { by: 'sidecar', products: [{ id: 36, name: 'Silk scarf, red' }] }),
  entry(811, 0.2, 'proposal.approve', hex(1001), { ...anna, detail: { digest: hex(99).repeat(2) }, products: [{ id: 36, name: 'Silk scarf, red' }], changed: [{ path: 'regular_price', of: '', before: '40.00', after: '34.00' }] }),
  entry(810, 3, 'agent.settings', 'slow-stock-markdown', { ...anna, before: { schedule: 'weekly', enabled: true, input: { unsold_days: 60 } }, after: { schedule: 'daily', enabled: false, input: { unsold_days: 45 } } }),
  entry(809, 5, 'login.failed', 'user', { by: 'person', person: 'user:9', who: { id: 9, login: 'ben' }, failed: true, personal: { ip: '192.0.2.17' }, detail: { login: 'ben' } }),
  entry(808, 8, 'key.made', '9f31c0aa52e10b77', { ...anna, detail: { name: 'Weekly report', scopes: ['runs:read', 'agents:read'] } }),
  entry(807, 26, 'run.ask', hex(77), { by: 'key', who: { key: 'Weekly report' }, detail: { agent: 'reorder-points', trigger: 'api' } }),
  entry(806, 50, 'proposal.reject', hex(1004), { by: 'person', person: 'user:3', erased: true, who: { id: 3, login: 'erased person' } }),
  entry(805, 74, 'run.ask', hex(78), { by: 'client', who: { client: 'Reporting tool' }, detail: { agent: 'slow-stock-markdown', trigger: 'api' } }),
  entry(804, 98, 'pairing.made', 'http://shop.test', { ...anna }),
];
export const summary = {
  ok: true, total: 812, failed: 3, first_at: back(24 * 63), chain: { state: 'unbroken', entries: 812, since: back(24 * 63), checked_at: iso(NOW), whole_at: back(5) }, people: [{ person: 'user:7', by: 'person', who: { id: 7, login: 'anna' }, count: 400, failed: 0 }, { person: 'user:9', by: 'person', who: { id: 9, login: 'ben' }, count: 12, failed: 3 }, { by: 'sidecar', count: 400, failed: 0 }],
};
export const actions = { 'proposal.applied': 'Change applied', 'proposal.approve': 'Approved a proposal', 'agent.settings': 'Changed an agent', 'login.failed': 'Sign-in refused', 'key.made': 'Made an API key', 'run.ask': 'Started a run', 'proposal.reject': 'Rejected a proposal', 'pairing.made': 'Connected the shop' };
export const groups = { 'proposal.': 'Proposals', 'run.': 'Runs', 'agent.': 'Agents', 'login.,session.': 'Signing in', 'key.,user.': 'Access' };

const scopes = ['agents:read', 'products:read', 'runs:read', 'runs:write', 'proposals:read', 'status:read', 'sync:write', 'audit:read', 'users:read', 'webhooks:read', 'webhooks:write', 'integrations:read'];
const roles = { ok: true, mine: 'manager', scopes: scopes.map((name) => ({ name, words: name })), roles: [] };
const people = [
  { id: 7, login: 'anna', name: 'Anna Berg', role: 'manager', you: true }, { id: 1, login: 'admin', name: 'Site owner', role: 'owner', you: false },
  { id: 9, login: 'ben', name: 'Ben Okafor', role: 'analyst', you: false }, { id: 12, login: 'cleo', name: 'Cleo Marsh', role: 'support', you: false },
];
const lists = {
  keys: [
    { id: '9f31c0aa52e10b77', name: 'Weekly report', scopes: ['agents:read', 'runs:read', 'runs:write', 'proposals:read', 'status:read'], networks: ['192.0.2.0/24', '2001:db8::/32'], owner_id: 7, state: 'active', created_at: back(200), expires_at: iso(NOW + 80 * 86_400_000), last_used_at: back(2) },
    { id: '1f31c0aa52e10b78', name: 'Monitoring', scopes: ['status:read'], state: 'active', created_at: back(2000) },
    { id: '2f31c0aa52e10b79', name: 'Old script', scopes: ['runs:read', 'status:read'], owner_id: 1, state: 'revoked', created_at: back(4000), revoked_at: back(300), last_used_at: back(320) },
  ],
  users: [
    { id: hex(1), login: 'anna', role: 'manager', wp_user_id: 7, active: true, sessions: 2, created_at: back(500), last_login_at: back(3) },
    { id: hex(2), login: 'admin', role: 'owner', wp_user_id: 1, active: true, sessions: 0, created_at: back(900), last_login_at: back(90) },
    { id: hex(3), login: 'ben', role: 'analyst', wp_user_id: 9, active: true, locked_until: iso(NOW + 600_000), sessions: 0, created_at: back(300) },
    { id: hex(4), login: 'reports', role: 'read-only', active: false, sessions: 0, created_at: back(800), last_login_at: back(700) },
  ],
  sessions: [
    { id: hex(11), user_id: hex(1), login: 'anna', device: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1', created_at: back(60), last_used_at: back(3), expires_at: iso(NOW + 4 * 86_400_000) },
    { id: hex(12), user_id: hex(1), login: 'anna', device: 'python-requests/2.32.5', created_at: back(10), last_used_at: back(0.1), expires_at: iso(NOW + 6 * 86_400_000) },
  ],
  clients: [{ id: hex(21), name: 'Reporting tool', scopes: ['runs:read', 'audit:read'], owner_id: 7, state: 'active', created_at: back(100), expires_at: iso(NOW + 265 * 86_400_000), last_used_at: back(74) }],
};

/** Answers the routes of both pages, or null for a route of another page. */
export function peopleRoute(empty, method, path, query, body) {
  const [, list, id] = /^\/devskyy\/v1\/access\/(\w+)(?:\/(\w+))?$/.exec(path) ?? [];
  if (path === '/devskyy/v1/audit/summary') return [200, empty ? { ok: true, total: 0, failed: 0, people: [] } : summary];
  if (path === '/devskyy/v1/audit') {
    const q = query.get('q') ?? '';
    const items = empty ? [] : audit.filter((one) => JSON.stringify(one).toLowerCase().includes(q.toLowerCase()) && (!query.get('person') || one.person === query.get('person')));
    return [200, { ok: true, items, total: empty ? 0 : q ? items.length : 34_211, ...(q || empty ? {} : { next: '804' }) }];
  }
  if (!list) return null;
  if (method === 'GET') return [200, list === 'roles' ? roles : { ok: true, items: list === 'people' ? people : empty ? [] : lists[list] }];
  if (method === 'POST' && !id) {
    if (body.name === 'bad') return [422, { code: 'invalid', message: 'The request is not valid.', data: { status: 422, hint: 'See the fields for what is wrong.', fields: { 'networks.0': 'is no network' } } }];
    if (list === 'users') return [201, { ok: true, user: { ...lists.users[2], login: 'cleo' }, password: 'correct-horse-battery-staple-42' }];
    return [201, list === 'keys' ? { ok: true, key: lists.keys[0], text: `dsk_${hex(9).slice(-16)}_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG` } : { ok: true, client: lists.clients[0], client_secret: 'dss_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG' }];
  }
  const at = lists[list].findIndex((one) => one.id === id);
  if ('new_password' in body) return [200, { ok: true, user: lists.users[at], password: 'another-horse-battery-staple-43' }];
  if (body.role || 'active' in body) Object.assign(lists.users[at], body);
  else if (list === 'keys' || list === 'clients') Object.assign(lists[list][at], { state: 'revoked', revoked_at: back(0) });
  else lists[list].splice(at, 1);
  return [200, { ok: true }];
}
