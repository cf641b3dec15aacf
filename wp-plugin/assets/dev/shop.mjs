/** The preview's shop: answers devskyy/v1 from fixtures.mjs and remembers what was decided. */
import { agents, names, proposals, runs, status } from './fixtures.mjs';
import { connectionsRoute } from './connections.mjs';
import { peopleRoute } from './people.mjs';
import { stockRoute } from './stock.mjs';

const AWAY = { code: 'sidecar_unreachable', message: 'The DevSkyy service at 127.0.0.1:8750 refused the connection.', hint: 'Start it on its machine: devskyy serve.' };
const fail = (code, status, message, hint, more = {}) => [status, { code, message, data: { status, hint, request_id: 'req-51c0', ...more } }];
const stale = () => ({ since: new Date(Date.now() - 12 * 60_000).toISOString(), age_seconds: 720, error: AWAY });
let polls = 0;

function listed(query, all) {
  const states = (query.get('state') ?? '').split(',').filter(Boolean);
  const q = (query.get('q') ?? '').toLowerCase();
  const fits = all.filter((p) => (!states.length || states.includes(p.state)) && ['family', 'agent', 'risk'].every((key) => !query.get(key) || p[key] === query.get(key)) && (!q || `${p.title} ${p.subject.name}`.toLowerCase().includes(q)));
  const sort = query.get('sort') ?? '-created_at';
  const key = sort.replace('-', '');
  const value = (p) => ({ effect: p.evidence.effect?.value ?? -1e9, risk: ['low', 'medium', 'high'].indexOf(p.risk), title: p.title, created_at: p.created_at })[key];
  fits.sort((a, b) => (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0) * (sort.startsWith('-') ? -1 : 1));
  const limit = Number(query.get('limit') ?? 25);
  const page = Number(query.get('page') ?? 1);
  const counts = {};
  for (const p of all) counts[p.state] = (counts[p.state] ?? 0) + 1;
  return { ok: true, items: fits.slice((page - 1) * limit, page * limit), total: fits.length, pages: Math.max(1, Math.ceil(fits.length / limit)), counts };
}

function decide(proposal, action, until) {
  if (action === 'approve' && proposal.id.endsWith('3e9')) {
    proposal.state = 'stale';
    return fail('stale', 409, 'The shop changed in the meantime: the price is $49.00 now, this proposal expected $47.00.', 'Nothing was written. Run the agent again to get a fresh proposal.', { results: [{ change_id: proposal.changes[0].change_id, state: 'skipped', message: 'Expected $47.00, found $49.00.' }] });
  }
  proposal.state = { approve: 'applied', reject: 'rejected', snooze: 'snoozed', undo: 'undone' }[action];
  proposal.decided_at = new Date().toISOString();
  proposal.decided_by = { id: 1, login: 'anna' };
  if (until) proposal.snoozed_until = until;
  return [200, { ok: true, proposal, results: proposal.changes.map(({ change_id }) => ({ change_id, state: action === 'undo' ? 'undone' : 'applied' })) }];
}

function bulk({ action, items, until }) {
  return [200, { ok: true, results: items.map(({ id }) => {
    const [code, body] = decide(proposals.find((p) => p.id === id), action, until);
    return code === 200 ? { id, ok: true, proposal: body.proposal } : { id, ok: false, error: { code: body.code, message: body.message, hint: body.data.hint } };
  }) }];
}

function started(name) {
  polls = 0;
  return { ...runs[0], id: 'f'.repeat(32), agent: name, state: 'queued', progress: { done: 0, total: 0, label: '' } };
}

function followed() {
  polls += 1;
  const run = { ...runs[0], id: 'f'.repeat(32), agent: 'slow-stock-markdown', progress: { done: polls * 50, total: 200, label: 'Forecasting products' } };
  return polls < 4 ? run : { ...run, state: 'done', duration_ms: 4200, proposals: proposals.slice(0, 3).map((p) => p.id), output: { considered: 200 } };
}

function route(state, method, path, query, body) {
  const empty = state === 'empty' || state === 'unpaired';
  const all = empty ? [] : proposals;
  const mark = state === 'away' ? { stale: stale() } : {};
  const one = /^\/devskyy\/v1\/proposals\/(\w{32})(?:\/(\w+))?$/.exec(path);
  const variations = /^\/wc\/v3\/products\/(\d+)\/variations$/.exec(path);
  if (state === 'lost' && !path.endsWith('/status')) return fail(AWAY.code, 503, AWAY.message, AWAY.hint);
  if (state === 'error') return fail('internal', 500, 'The database is locked.', 'Try again in a minute; if it stays so, look at Status.');
  const known = peopleRoute(empty, method, path, query, body) ?? connectionsRoute(empty, method, path, query, body) ?? stockRoute(state, method, path, query, body);
  if (known) return [known[0], { ...known[1], ...mark }];
  if (path === '/wc/v3/products') return [200, names.products];
  if (variations) return [200, query.get('include').split(',').map((id) => names.variation(Number(id)))];
  if (path === '/devskyy/v1/proposals') return [200, { ...listed(query, all), ...mark }];
  if (path === '/devskyy/v1/proposals/bulk') return bulk(body);
  if (one && method === 'POST') return decide(proposals.find((p) => p.id === one[1]), one[2], body.until);
  if (one) {
    const proposal = all.find((p) => p.id === one[1]);
    return proposal ? [200, { ok: true, proposal, history: all.filter((p) => p.agent === proposal.agent && !['pending', 'snoozed'].includes(p.state)), ...mark }] : fail('not_found', 404, 'There is no such proposal.', 'Go back to the list.');
  }
  if (path === '/devskyy/v1/agents') return [200, { ok: true, items: agents, ...mark }];
  if (path.endsWith('/settings')) {
    const agent = agents.find((a) => path.includes(a.name));
    if (body.input?.unsold_days === 13) return fail('invalid', 422, 'The settings do not fit.', 'Correct the marked fields.', { fields: { 'input.unsold_days': 'Thirteen brings bad luck.' } });
    Object.assign(agent.settings, body);
    return [200, { ok: true, agent }];
  }
  if (/agents\/.*\/runs$/.test(path)) return [202, { ok: true, run: started(path.split('/')[4]) }];
  if (path === '/devskyy/v1/runs') return [200, { ok: true, items: empty ? [] : runs.filter((r) => ['agent', 'state'].every((key) => !query.get(key) || r[key] === query.get(key))), total: empty ? 0 : runs.length, ...mark }];
  if (path.startsWith('/devskyy/v1/runs/')) return [200, { ok: true, run: path.includes('ffffff') ? followed() : runs.find((r) => path.includes(r.id)) ?? runs[1], ...mark }];
  if (path === '/devskyy/v1/status') {
    if (state === 'unpaired') return [200, { ok: true, sidecar: null, plugin: { ...status.plugin, paired: false, outbox: { waiting: 0, parked: [] }, checks: [] } }];
    if (state === 'lost') return [200, { ...status, sidecar: null, error: AWAY }];
    if (state === 'empty') return [200, { ...status, sidecar: { ...status.sidecar, sync: { state: 'running', progress: { done: 4200, total: 20114, label: 'Reading orders' }, counts: {} }, jobs: { queued: 0, running: 1, failed: 0 }, checks: [], errors: [] }, plugin: { ...status.plugin, outbox: { waiting: 0, parked: [], last_sent_at: null }, checks: [] } }];
    return [200, { ...status, ...mark, ...(state === 'away' ? { error: AWAY } : {}) }];
  }
  return [200, { ok: true }];
}

export function answer(state, method, path, query, body, reply) {
  const [code, data] = route(state, method, path, query, body);
  setTimeout(() => reply(code, data), state === 'slow' ? 20_000 : 60);
}
