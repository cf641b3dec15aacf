import { __, _n, sprintf } from '@wordpress/i18n';
import { getDate } from '@wordpress/date';
import { roleLabel } from '../access/rights.js';
import { pathLabel, valueText } from '../lib/changes.js';
import { scheduleLabel, stateLabel } from '../lib/labels.js';
import { number } from '../lib/money.js';
import { readable } from '../lib/schema.js';
import { shop } from '../lib/shop.js';
import { ago, day, today } from '../lib/time.js';

/** What was done, in the shop's words; the plugin knows them all, and names a new one as well as it can. */
export const actionWords = (action) => shop().actions?.[action] ?? readable(String(action).replace('.', ' '));

/** Who did it: a person's name, a key or a machine by its name, or the sidecar by itself. */
export function whoWords(entry) {
  const { who = {}, by } = entry;
  if (entry.erased) return __('Erased person', 'devskyy');
  if (who.login) return who.login;
  /* translators: %s: name of an API key. */
  if (who.key) return sprintf(__('Key: %s', 'devskyy'), who.key);
  /* translators: %s: name of a program. */
  if (who.client) return sprintf(__('Machine: %s', 'devskyy'), who.client);
  return by === 'sidecar' || !by ? __('DevSkyy itself', 'devskyy') : __('Somebody unknown', 'devskyy');
}

export const whoIcon = ({ by }) => ({ person: 'person', key: 'key', client: 'device' })[by] ?? 'clock';

const short = (id) => (/^[0-9a-f]{16,32}$/.test(id) ? id.slice(0, 8) : id);
// The lists whose names stand for the ids of such actions.
const LISTS = { 'proposal.': 'proposals', 'key.': 'keys', 'client.': 'clients', 'user.': 'users', 'session.': 'sessions', 'integration.': 'services', 'webhook.': 'webhooks' };
const listOf = (action) => LISTS[`${String(action).split('.')[0]}.`];

/** Which lists know the names of what these entries are about. */
export const listsFor = (entries) => [...new Set(entries.filter(({ target, detail }) => target && !detail?.name).map(({ action }) => listOf(action)).filter(Boolean))].sort();

/** Where an entry's thing can be looked at, or undefined. */
function place({ target = '', action = '' }) {
  const { urls } = shop();
  const product = /^(?:wc\/v3\/)?products\/(\d+)/.exec(target);
  if (product) return new URL(`post.php?post=${product[1]}&action=edit`, urls.inbox).href;
  const part = { keys: '', clients: 'machines', users: 'people', sessions: 'sessions' }[listOf(action)];
  if (part !== undefined) return urls.access + (part && `#tab=${part}`);
  if (action.startsWith('integration.')) return urls.connections;
  if (action.startsWith('webhook.')) return `${urls.connections}#${new URLSearchParams({ tab: 'webhooks', hook: target })}`;
  if (action.startsWith('proposal.')) return `${urls.inbox}#${new URLSearchParams({ id: target, state: 'all' })}`;
  if (action.startsWith('run.')) return `${urls.runs}#${new URLSearchParams({ run: target })}`;
  return action.startsWith('agent.') ? urls.agents : undefined;
}

/** `Silk scarf, Wool coat and 3 more`, or undefined. */
function productNames({ products }) {
  if (!products?.length) return undefined;
  const shown = products.slice(0, 2).map(({ name }) => name).join(', ');
  /* translators: 1: names of products, 2: number of further products. */
  return products.length > 2 ? sprintf(__('%1$s and %2$d more', 'devskyy'), shown, products.length - 2) : shown;
}

/** The products that an entry is about, each with its page: `[{name, href}]`. */
export const productLinks = ({ products }) => (products ?? []).map(({ id, name }) => ({ name, href: new URL(`post.php?post=${id}&action=edit`, shop().urls.inbox).href }));

/**
 * On what it was done, and where to look at it: `{text, href?}`, or null.
 *
 * `names` = names by id, of agents and of what stands on the page Access.
 */
export function subject(entry, names = {}) {
  const { target = '', detail = {} } = entry;
  if (!target) return null;
  const product = /^(?:wc\/v3\/)?products\/(\d+)/.exec(target);
  /* translators: %s: number of a product. */
  const text = product ? sprintf(__('Product %s', 'devskyy'), product[1]) : names[target] ?? productNames(entry) ?? names[detail.agent] ?? detail.name ?? detail.title ?? short(target);
  return { text, href: place(entry) };
}

/** `{input: {days: 3}, on: true}` as `{days: 3, on: true}`: only what is no list and not empty is opened. */
function flat(values = {}) {
  return Object.entries(values ?? {}).reduce((all, [name, value]) => {
    const open = value && typeof value === 'object' && !Array.isArray(value);
    return { ...all, ...(open ? flat(value) : { [name]: value }) };
  }, {});
}

const WORDS = { role: roleLabel, schedule: scheduleLabel, state: stateLabel };

/** A value in words; the few names whose values are words of ours are translated. */
export const worth = (name, value) => (WORDS[name] && typeof value === 'string' ? WORDS[name](value) : valueText(name, value));

/** What changed, name by name: `[{name, label, before, after}]` in words; of proposals the shop's ledger knows it. */
export function changes({ before, after, detail, changed }) {
  if (changed?.length) {
    return changed.map(({ path, of, before: was, after: became }) => {
      const label = path === 'stock_delta' ? __('Stock', 'devskyy') : pathLabel(path);
      /* translators: 1: name of a product, 2: what changed of it, such as "Regular price". */
      return { name: `${of} ${path}`, label: of ? sprintf(__('%1$s, %2$s', 'devskyy'), of, label) : label, before: worth(path, was), after: worth(path, became) };
    });
  }
  const [was, became] = [flat(before ?? detail?.before), flat(after ?? detail?.after)];
  const names = [...new Set([...Object.keys(was), ...Object.keys(became)])];
  const found = names.map((name) => ({ name, label: pathLabel(name), before: worth(name, was[name]), after: worth(name, became[name]) }));
  return found.filter((change) => change.before !== change.after);
}

/** What else is noted, without what is shown elsewhere. */
export function more({ detail = {}, after: changed }) {
  const { before, after, title, name, ...rest } = detail;
  return Object.fromEntries(Object.entries(rest).filter(([key]) => !(key in (changed ?? {}))));
}

const counted = (n) =>
  /* translators: %s: number of entries of the record. */
  sprintf(_n('%s entry', '%s entries', n, 'devskyy'), number(n, 0));

/** Where a record is broken: `entry 3`, or `entry 3 and 2 more places`. */
function brokenAt(problems) {
  /* translators: %s: number of an entry. */
  const first = sprintf(__('entry %s', 'devskyy'), number(problems[0].n, 0));
  const more = problems.length - 1;
  /* translators: 1: an entry, such as "entry 3", 2: number of further places. */
  return more ? sprintf(_n('%1$s and %2$d more place', '%1$s and %2$d more places', more, 'devskyy'), first, more) : first;
}

/** Whether the record is unbroken and what was looked at when, in a sentence or two; empty before there is one. */
export function chainWords(chain, now = Date.now()) {
  if (!chain || chain.state === 'empty') return '';
  const { state, entries, unread = 0, since, checked_at: checked, whole_at: whole, found_at: found, problems = [] } = chain;
  if (state === 'broken') {
    /* translators: 1: when, such as "2 hours ago", 2: where, such as "entry 3 and 2 more places". */
    return sprintf(__('The record was altered outside DevSkyy. Found %1$s at %2$s.', 'devskyy'), ago(found, now), brokenAt(problems));
  }
  if (state === 'partly') {
    /* translators: 1: a day, 2: how many, such as "1,000 entries", 3: the same. */
    return sprintf(__('Kept since %1$s. %2$s checked and found whole; %3$s still to be checked, which happens by itself.', 'devskyy'), day(since), counted(entries), counted(unread));
  }
  if (Date.parse(checked) - Date.parse(whole) < 60_000) {
    /* translators: 1: a day, 2: how many, such as "120 entries", 3: when, such as "just now". */
    return sprintf(__('Unbroken since %1$s, %2$s, checked %3$s.', 'devskyy'), day(since), counted(entries), ago(checked, now));
  }
  /* translators: 1: a day, 2: how many, such as "120 entries", 3: when the newest were checked, such as "just now", 4: when all were, such as "5 hours ago". */
  return sprintf(__('Unbroken since %1$s, %2$s. The newest were checked %3$s, all of them %4$s.', 'devskyy'), day(since), counted(entries), ago(checked, now), ago(whole, now));
}

export const NO_FILTER = { q: '', action: '', person: '', period: '', from: '', to: '', failed: '' };

const startOf = (day) => getDate(`${day}T00:00:00`).toISOString().replace(/\.\d+Z$/, 'Z');

function plus(day, count) {
  const noon = new Date(`${day}T12:00:00Z`);
  noon.setUTCDate(noon.getUTCDate() + count);
  return noon.toISOString().slice(0, 10);
}

/** The first and last moment of a period, by the shop's own days; `to` is the last day that is still in it. */
export function bounds({ period, from, to }, now = new Date()) {
  const day = today(now);
  if (period === 'own') {
    return { since: from ? startOf(from) : '', until: to ? startOf(plus(to, 1)) : '' };
  }
  const back = { today: 0, week: 6, month: 29 }[period];
  return { since: back === undefined ? '' : startOf(plus(day, -back)), until: '' };
}

/** The filters as the query of `GET /audit`; what is not asked for is empty and left out. */
export function toQuery(filter, now) {
  const { q, action, person, failed } = filter;
  return { q: q.trim().slice(0, 100), action, person, failed, ...bounds(filter, now) };
}

export const isFiltered = (filter) => Object.entries(toQuery(filter)).some(([, value]) => value);
