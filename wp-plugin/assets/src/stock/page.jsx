import { __, _n, sprintf } from '@wordpress/i18n';
import { Button, Notice } from '@wordpress/components';
import { useEffect, useRef, useState } from '@wordpress/element';
import { speak } from '@wordpress/a11y';
import { get, makeAll } from '../lib/api.js';
import { Frame } from '../lib/frame.jsx';
import { readHash, useFocusOn, useHash, useLoad, useSettled, writeHash } from '../lib/hooks.js';
import { number } from '../lib/money.js';
import { shop } from '../lib/shop.js';
import { Empty, Problem, Skeleton, Stale } from '../lib/states.jsx';
import { Tabs } from '../lib/tabs.jsx';
import { ago, moment, today } from '../lib/time.js';
import { Figures, Picture } from './figures.jsx';
import { Item } from './item.jsx';
import { Chosen, List, NothingHere, Toolbar } from './list.jsx';
import { Orders } from './orders.jsx';
import { useRun } from './run.jsx';
import { Places } from './places.jsx';
import { Suppliers } from './suppliers.jsx';
import { VIEWS, cost, orderName } from './words.js';

const LIMIT = 25;
const TABS = () => [['items', __('Items', 'devskyy')], ['suppliers', __('Suppliers', 'devskyy')], ['orders', __('Purchase orders', 'devskyy')], ['places', __('Places', 'devskyy')]];
const START = 'order';
const viewOf = (view) => (VIEWS.includes(view) ? view : START);
const known = (tab) => (TABS().some(([name]) => name === tab) ? tab : 'items');
const FORECAST = { name: 'demand-forecast', readonly: true };

/** The items of a view: the first page comes with the figures, others and searches by themselves. */
function useItems(first, view, q) {
  const [turn, setTurn] = useState(0);
  const own = view !== START || q;
  const list = useLoad(own ? '/inventory/items' : null, { state: view, search: q, limit: LIMIT }, turn);
  // The rows of another view would stand under this one's words, such as "Never sold", until its own have come.
  const answered = useRef({ data: null, view });
  if (list.data !== answered.current.data) answered.current = { data: list.data, view };
  const mine = answered.current.view === view ? list.data : null;
  const page = own ? mine : first.data?.items;
  const none = { rows: [], next: null, busy: false, error: null };
  const [more, setMore] = useState(none);
  useEffect(() => setMore(none), [view, q, page]);
  const seen = new Set((page?.items ?? []).map((row) => row.item_id));
  const cursor = more.rows.length ? more.next : page?.next;
  const load = () => {
    setMore((old) => ({ ...old, busy: true, error: null }));
    get('/inventory/items', { state: view, search: q, limit: LIMIT, cursor }).then(
      (found) => setMore((old) => ({ rows: [...old.rows, ...found.items], next: found.next ?? null, busy: false, error: null })),
      (error) => setMore((old) => ({ ...old, busy: false, error })),
    );
  };
  return {
    rows: [...(page?.items ?? []), ...more.rows.filter((row) => !seen.has(row.item_id))],
    total: page?.total, totals: page?.totals, loaded: Boolean(page), loading: own ? list.loading : first.loading,
    error: own ? list.error : null, more, cursor, load, reload: () => { setTurn((n) => n + 1); first.reload(); },
  };
}

/** What became of the orders that were asked for. */
function Made({ made, onLook, onClose }) {
  const heading = useFocusOn(made);
  if (!made) return null;
  if (made.error) return <Problem error={made.error} />;
  return (
    <Notice status="success" className="devskyy-notice" onRemove={onClose}>
      {/* translators: %d: number of drafts. */}
      <strong tabIndex={-1} ref={heading}>{sprintf(_n('%d draft is written.', '%d drafts are written.', made.orders.length, 'devskyy'), made.orders.length)}</strong>
      <ul className="devskyy-lines">
        {made.orders.map((order) => <li key={order.id}><button type="button" className="devskyy-linklike" onClick={() => onLook(order.id)}>{orderName(order)}</button>: <bdi>{order.supplier_name}</bdi>{cost(order.total) && `, ${cost(order.total)}`}</li>)}
      </ul>
      <p>{__('Nothing is sent before you look at it and send it.', 'devskyy')}</p>
    </Notice>
  );
}

function NoForecasts({ forecast, away }) {
  return (
    <Empty icon="box" title={__('No forecast yet', 'devskyy')}
      action={forecast.view || <Button variant="primary" __next40pxDefaultSize disabled={away} accessibleWhenDisabled onClick={forecast.start}>{__('Make the first forecast', 'devskyy')}</Button>}>
      {__('What will be sold, what to order and when, and what does not sell stands here once your sales have been looked at. It takes a minute or two; afterwards it is made anew by itself.', 'devskyy')}
    </Empty>
  );
}

/** Drafts of what these rows need: one for each of their suppliers, and one to `supplier` for those without. */
async function draft(rows, supplier) {
  const lines = (some) => some.map((row) => ({ item_id: row.item_id, quantity: row.order_quantity }));
  const [known, others] = [rows.filter((row) => row.supplier_id), rows.filter((row) => !row.supplier_id)];
  const asked = [...(known.length ? [{ lines: lines(known) }] : []), ...(others.length ? [{ lines: lines(others), supplier_id: supplier }] : [])];
  return (await makeAll(asked.map((body) => ['/inventory/purchase-orders', body]))).flatMap(({ orders }) => orders);
}

function Items({ view, open, onView, onOpen, onOrder, onSuppliers }) {
  const [search, setSearch] = useState('');
  const [selected, setSelected] = useState([]);
  const [made, setMade] = useState(null);
  const [busy, setBusy] = useState(false);
  const [turn, setTurn] = useState(0);
  const root = useRef(null);
  const q = useSettled(search).trim();
  const first = useLoad('/inventory', { state: START, limit: LIMIT });
  const items = useItems(first, view, q);
  const { data } = first;
  const overview = data?.overview;
  const away = Boolean(data?.stale) || Boolean(first.error);
  const reload = () => { items.reload(); setTurn((n) => n + 1); };
  const forecast = useRun(FORECAST, {}, reload);
  useEffect(() => setSelected([]), [view, q]);
  useEffect(() => {
    /* translators: %d: number of items. */
    if (items.loaded && !items.loading) speak(sprintf(_n('%d item', '%d items', items.rows.length, 'devskyy'), items.rows.length));
  }, [view, q, items.loaded, items.loading]);
  const close = () => {
    const from = open;
    onOpen(null);
    window.requestAnimationFrame(() => root.current?.querySelector(`[data-row="${from}"] .devskyy-title`)?.focus());
  };
  const make = async (rows, supplier) => {
    setBusy(true);
    setMade(null);
    try {
      setMade({ orders: await draft(rows, supplier) });
      setSelected([]);
      items.reload();
    } catch (error) {
      setMade({ error });
      speak(error.message, 'assertive');
    }
    setBusy(false);
  };
  if (first.error && !data) return <Problem error={first.error} retry={first.reload} />;
  if (!data) return <Skeleton rows={8} />;
  const stale = <Stale stale={data.stale} retry={first.reload}>{__('Orders and corrections wait until it answers again; low-stock warnings can be set meanwhile.', 'devskyy')}</Stale>;
  if (overview.state === 'no_forecasts') return <>{stale}<NoForecasts forecast={forecast} away={away} /></>;
  const shown = items.rows.find((row) => String(row.item_id) === open);
  return (
    <>
      {stale}
      {first.error && <Problem error={first.error} retry={first.reload} />}
      <Figures overview={overview} />
      {!open && <Picture overview={overview} />}
      <div className="devskyy-line-acts devskyy-made-at">
        <span className="devskyy-quiet" title={moment(overview.fitted_at)}>{overview.fitted_at && sprintf(/* translators: %s: age such as "3 hours ago". */ __('Forecast made %s', 'devskyy'), ago(overview.fitted_at))}</span>
        <Button variant="tertiary" size="compact" disabled={away || forecast.going} accessibleWhenDisabled onClick={forecast.start}>{__('Forecast anew', 'devskyy')}</Button>
      </div>
      {forecast.view}
      <div ref={root}>
        <Made made={made} onLook={onOrder} onClose={() => setMade(null)} />
        <div className={`devskyy-split${open ? ' has-panel' : ''}`}>
          <div className="devskyy-list" onKeyDown={(event) => { if (event.key === 'Escape' && open && !event.defaultPrevented) close(); }}>
            <Toolbar view={view} search={search} onView={onView} onSearch={setSearch} />
            <Chosen rows={items.rows.filter((row) => selected.includes(row.item_id))} busy={busy} away={away} onMake={make} onNone={() => setSelected([])} onSuppliers={onSuppliers} />
            {items.error && <Problem error={items.error} retry={items.reload} />}
            {!items.loaded && !items.error && <Skeleton rows={6} />}
            {items.loaded && !items.rows.length && !items.loading && <NothingHere view={view} searching={Boolean(q)} onClear={() => setSearch('')} />}
            {items.rows.length > 0 && (
              <div className={items.loading ? 'is-loading' : ''} aria-busy={items.loading}>
                <List view={view} rows={items.rows} today={today()} urls={shop().urls} selected={selected} open={open} onOpen={onOpen}
                  onSelect={(id) => setSelected((old) => (old.includes(id) ? old.filter((other) => other !== id) : [...old, id]))}
                  onAll={(on) => setSelected(on ? items.rows.map((row) => row.item_id) : [])} />
                {items.more.error && <Problem error={items.more.error} retry={items.load} />}
                <div className="devskyy-pages">
                  <span>
                    {/* translators: 1: number of items shown, 2: number of items. */}
                    {sprintf(__('%1$s of %2$s', 'devskyy'), number(items.rows.length, 0), number(items.total ?? items.rows.length, 0))}
                    {view === 'order' && cost(items.totals?.order_cost) && <> · <b>{
                      /* translators: %s: money. */
                      sprintf(__('%s in all', 'devskyy'), cost(items.totals.order_cost))}</b></>}
                  </span>
                  {items.cursor && <Button variant="secondary" size="compact" isBusy={items.more.busy} disabled={items.more.busy || away} accessibleWhenDisabled onClick={items.load}>{__('Show more', 'devskyy')}</Button>}
                </div>
                <p id="devskyy-keys" className="devskyy-keys">{__('Keyboard: arrows or J and K move, Enter opens, Escape closes.', 'devskyy')}</p>
              </div>
            )}
          </div>
          {open && <Item key={open} id={open} row={shown} away={away} busy={busy} turn={turn} onClose={close} onMake={make} onChange={items.reload} />}
        </div>
      </div>
    </>
  );
}

export function Stock() {
  const start = readHash();
  const [place, setPlace] = useState({ tab: known(start.tab), view: viewOf(start.view), item: start.item ?? null, order: start.order ?? null });
  const go = (change) => setPlace((old) => ({ ...old, ...change }));
  useEffect(() => {
    const items = place.tab === 'items';
    writeHash({ tab: items ? '' : place.tab, view: items && place.view !== START ? place.view : '', item: items ? place.item : null, order: place.tab === 'orders' ? place.order : null });
  }, [place]);
  useHash(({ tab, view, item, order }) => go({ tab: known(tab), ...(view && { view: viewOf(view) }), ...(item && { item }), ...(order && { order }) }));
  return (
    <Frame page="stock">
      <Tabs label={__('Stock', 'devskyy')} tabs={TABS()} tab={place.tab} onTab={(tab) => go({ tab })} />
      <div id="devskyy-part" role="tabpanel" aria-labelledby={`devskyy-tab-${place.tab}`} className={['suppliers', 'places'].includes(place.tab) ? 'devskyy-list' : ''}>
        {place.tab === 'items' && <Items view={place.view} open={place.item} onView={(view) => go({ view })} onOpen={(item) => go({ item })} onOrder={(order) => go({ tab: 'orders', order })} onSuppliers={() => go({ tab: 'suppliers' })} />}
        {place.tab === 'suppliers' && <Suppliers />}
        {place.tab === 'places' && <Places />}
        {place.tab === 'orders' && <Orders open={place.order} onOpen={(order) => go({ order })} onStock={() => go({ tab: 'items' })} />}
      </div>
    </Frame>
  );
}
