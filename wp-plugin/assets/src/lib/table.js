/**
 * The state of a list of proposals, as plain data: what is asked for, what is shown, selected and open.
 *
 * `reduce` is pure; fetching and focusing happen around it.
 */
export const PER_PAGE = [10, 25, 50, 100];
export const GROUPS = {
  open: ['pending'],
  later: ['snoozed'],
  applied: ['approved', 'applying', 'applied', 'undoing'],
  problems: ['stale', 'failed'],
  undone: ['undone'],
  rejected: ['rejected'],
  past: ['superseded', 'expired'],
};
const KEPT = ['group', 'family', 'risk', 'agent', 'sort', 'perPage'];

export const EMPTY_VIEW = {
  q: '', group: 'open', family: '', risk: '', agent: '', sort: '-created_at', page: 1, perPage: 25,
};

export function initial(saved = {}, given = {}) {
  const kept = Object.fromEntries(KEPT.filter((key) => key in saved).map((key) => [key, saved[key]]));
  const view = { ...EMPTY_VIEW, ...kept, ...given };
  if (!(view.group in GROUPS) && view.group !== 'all') view.group = 'open';
  if (!PER_PAGE.includes(view.perPage)) view.perPage = 25;
  return { view, selected: [], focus: null, open: null };
}

/** What is worth remembering between visits: the view, not the search or the page. */
export function remembered(view) {
  return Object.fromEntries(KEPT.map((key) => [key, view[key]]));
}

/** The next sort when a column's head is pressed: a fresh column starts with its useful end. */
export function nextSort(sort, column) {
  const first = column === 'title' ? column : `-${column}`;
  if (sort === first) return first === column ? `-${column}` : column;
  return first;
}

export function reduce(state, action) {
  const { view } = state;
  switch (action.type) {
    case 'view':
      return { ...state, view: { ...view, page: 1, ...action.view }, selected: [], focus: null };
    case 'sort':
      return { ...state, view: { ...view, page: 1, sort: nextSort(view.sort, action.column) }, selected: [] };
    case 'clear':
      return { ...state, view: { ...EMPTY_VIEW, group: view.group, sort: view.sort, perPage: view.perPage }, selected: [] };
    case 'toggle': {
      const has = state.selected.includes(action.id);
      const selected = has ? state.selected.filter((id) => id !== action.id) : [...state.selected, action.id];
      return { ...state, selected, focus: action.id };
    }
    case 'range':
      return { ...state, selected: [...new Set([...state.selected, ...between(action.ids, state.focus, action.id)])], focus: action.id };
    case 'all':
      return { ...state, selected: action.on ? [...new Set([...state.selected, ...action.ids])] : state.selected.filter((id) => !action.ids.includes(id)) };
    case 'none':
      return { ...state, selected: [] };
    case 'focus':
      return { ...state, focus: action.id };
    case 'open':
      return { ...state, open: action.id, focus: action.id ?? state.focus };
    case 'loaded':
      return { ...state, selected: state.selected.filter((id) => action.ids.includes(id)) };
    default:
      return state;
  }
}

function between(ids, from, to) {
  const [a, b] = [ids.indexOf(from), ids.indexOf(to)];
  if (a < 0 || b < 0) return [to];
  return ids.slice(Math.min(a, b), Math.max(a, b) + 1);
}

/** The id that an arrow key leads to; the ends hold. */
export function step(ids, current, key) {
  if (!ids.length) return null;
  const at = ids.indexOf(current);
  if (key === 'Home') return ids[0];
  if (key === 'End') return ids[ids.length - 1];
  const down = key === 'ArrowDown' || key === 'j';
  if (at < 0) return down ? ids[0] : ids[ids.length - 1];
  return ids[Math.min(ids.length - 1, Math.max(0, at + (down ? 1 : -1)))];
}

/** The view as query of `GET /proposals`; what is not asked for is left out. */
export function toQuery(view) {
  const query = { sort: view.sort, limit: view.perPage, page: view.page };
  if (view.group !== 'all') query.state = GROUPS[view.group].join(',');
  for (const key of ['family', 'risk', 'agent']) if (view[key]) query[key] = view[key];
  if (view.q.trim()) query.q = view.q.trim();
  return query;
}

/** How many proposals each group holds, from the counts by state. */
export function groupCounts(counts = {}) {
  const sum = (states) => states.reduce((total, state) => total + (counts[state] ?? 0), 0);
  const groups = Object.fromEntries(Object.entries(GROUPS).map(([name, states]) => [name, sum(states)]));
  return { ...groups, all: Object.values(counts).reduce((a, b) => a + b, 0) };
}

/** Whether anything narrows the list beyond its group. */
export function isFiltered(view) {
  return Boolean(view.q.trim() || view.family || view.risk || view.agent);
}
