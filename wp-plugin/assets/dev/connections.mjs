/** What the preview's page Connections shows. */
const NOW = Date.now();
const iso = (t) => new Date(t).toISOString().replace(/\.\d+Z$/, 'Z');
const back = (minutes) => iso(NOW - minutes * 60_000);
const hex = (n) => n.toString(16).padStart(32, '0');

const service = (n, provider, name, kind, state, health, more) => ({
  id: hex(n), provider, name, kind, state, rate_per_minute: 60, base_url: `https://api.${provider}.example.com/v2`, health_path: '/me', config: {}, created_at: back(90_000), updated_at: back(9_000),
  health: { failures: 0, calls_today: 0, failed_today: 0, refused_today: 0, used_this_minute: 0, ...health }, ...more,
});
const services = [
  service(1, 'ads', 'Shop account', 'oauth2', 'connected', { last_used_at: back(4), last_ok_at: back(4), calls_today: 412, failed_today: 3, refused_today: 1, used_this_minute: 12, mean_ms: 141 }),
  service(2, 'mailer', 'Newsletter', 'api_key', 'failing', { last_used_at: back(2), last_ok_at: back(300), failures: 6, calls_today: 31, failed_today: 6, mean_ms: 80, retry_at: back(-3), last_error: { at: back(2), code: 'credentials_refused', message: 'The service refused the credentials.', hint: 'Enter new credentials for the service.' } }),
  service(3, 'parcels', 'Main account', 'oauth2', 'new', {}),
  service(4, 'accounting', 'Books', 'oauth2', 'revoked', { last_used_at: back(3000), last_ok_at: back(3100), last_error: { at: back(3000), code: 'revoked', message: 'The service no longer accepts the connection.', hint: 'Connect it again in wp-admin: the service no longer accepts what it gave.' } }),
];
const hook = (n, url, description, events, state, counts, more) => ({ id: hex(n), url, description, events, state, rate_per_minute: 60, failures: 0, created_at: back(80_000), counts: { waiting: 0, delivered: 0, dead: 0, ...counts }, ...more });
const webhooks = [
  hook(11, 'https://hooks.bookkeeping.example.com/devskyy/incoming?…', 'Bookkeeping', ['proposal.applied', 'proposal.undone', 'sync.failed', 'run.failed', 'security.*'], 'active', { delivered: 1284, waiting: 1 }, { last_ok_at: back(11) }),
  hook(12, 'https://chat.example.com/hooks/team', '', ['proposal.*', 'run.failed'], 'failing', { delivered: 90, waiting: 4, dead: 2 }, { failures: 9, retry_at: back(-14), last_ok_at: back(1500) }),
  hook(13, 'https://till.example.com/in', 'Till', ['*'], 'paused', { delivered: 12 }, { paused_why: 'gone', last_ok_at: back(9000) }),
];
const message = (n, event, state, minutes, more) => ({ id: hex(n), seq: n, event, state, attempts: 1, created_at: back(minutes), payload: { type: event, timestamp: back(minutes), data: { shop: '11111111-2222-4333-8444-555555555555', proposal: hex(1001), agent: 'slow-stock-markdown', run: hex(77), state: 'applied' } }, ...more });
const messages = [
  message(206, 'proposal.approved', 'waiting', 3, { attempts: 2, status: 503, duration_ms: 90, error: 'HTTP 503 try later', next_at: back(-6) }),
  message(205, 'proposal.applied', 'delivered', 11, { status: 200, duration_ms: 41, done_at: back(11) }),
  message(204, 'webhook.test', 'delivered', 60, { status: 204, duration_ms: 38, done_at: back(60) }),
  message(203, 'run.failed', 'dead', 1500, { attempts: 31, error: 'unreachable: The name chat.example.com does not resolve.', done_at: back(60) }),
  message(202, 'proposal.rejected', 'dead', 1510, { attempts: 31, status: 500, duration_ms: 1200, error: 'HTTP 500 <html><head><title>Internal Server Error</title></head>', done_at: back(70) }),
];
const events = ['proposal.created', 'proposal.approved', 'proposal.rejected', 'proposal.snoozed', 'proposal.applied', 'proposal.stale', 'proposal.failed', 'proposal.undone', 'run.finished', 'run.failed', 'run.cancelled', 'sync.finished', 'sync.failed', 'shop.paired', 'shop.unpaired', 'security.login_locked', 'security.key_revoked', 'webhook.test']
  .map((event) => ({ event, means: `${event}.`, fields: {} }));

/** What comes back from a service's page, by the preview's `returned=`. */
export const returned = (how) => ({
  ok: { ok: true, id: hex(1), name: 'Shop account' },
  denied: { ok: false, id: hex(3), error: { code: 'authorization_refused', message: 'Access was denied there.', hint: 'Nothing has changed. Press Connect again when you want to let DevSkyy in.' } },
})[how];

const found = (list, id) => list.find((one) => one.id === id);
const drop = (list, id) => list.splice(list.findIndex((one) => one.id === id), 1);

function ofServices(empty, method, id, act, body) {
  if (method === 'GET') return [200, { ok: true, items: empty ? [] : services, total: services.length }];
  if (act === 'authorize') return [200, { ok: true, url: 'https://auth.example.com/authorize' }];
  if (act === 'check') return id === hex(2) ? [200, { ok: true, works: false, error: { code: 'integration_credentials_refused', message: 'The service refused the credentials.', hint: 'Enter new credentials for the service.' } }] : [200, { ok: true, works: true, status: 200, ms: 38 }];
  if (method === 'DELETE') drop(services, id);
  if (method === 'PATCH') Object.assign(found(services, id), { name: body.name ?? found(services, id).name });
  if (method === 'POST' && body.base_url === 'http://x') return [422, { code: 'invalid', message: 'Plain http is refused.', data: { status: 422, hint: 'Use https.', fields: { base_url: 'Plain http is refused.' } } }];
  if (method === 'POST') services.push(service(9, body.provider, body.name, body.api_key ? 'api_key' : body.basic ? 'basic' : 'oauth2', 'new', {}));
  return [200, { ok: true, revoked: false, integration: services.at(-1) }];
}

function ofWebhooks(empty, method, id, act, query, body) {
  if (act?.startsWith('messages') && method === 'GET') return [200, { ok: true, items: messages.filter((one) => !query.get('state') || one.state === query.get('state')), next: '202' }];
  if (method === 'GET') return [200, { ok: true, items: empty ? [] : webhooks }];
  if (method === 'DELETE') drop(webhooks, id);
  if (method === 'PATCH') Object.assign(found(webhooks, id), body);
  if (act === 'test') messages.unshift(message(300 + messages.length, 'webhook.test', 'delivered', 0, { status: 200, duration_ms: 12 }));
  const secret = { secret: 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=' };
  if (method === 'POST' && !id) webhooks.push(hook(19, body.url, body.description, body.events, 'active', {}));
  return [200, { ok: true, webhook: { ...(found(webhooks, id) ?? webhooks.at(-1)), ...secret } }];
}

/** Answers the page's routes, or null for a route of another page. */
export function connectionsRoute(empty, method, path, query, body) {
  const [, list, id, act] = /^\/devskyy\/v1\/connections\/(\w+)(?:\/(\w{32}))?(?:\/(.+))?$/.exec(path) ?? [];
  if (list === 'events') return [200, { ok: true, items: events }];
  if (list === 'services') return ofServices(empty, method, id, act, body);
  return list === 'webhooks' ? ofWebhooks(empty, method, id, act, query, body) : null;
}
