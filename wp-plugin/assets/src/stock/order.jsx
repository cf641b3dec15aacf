import { __, _n, sprintf } from '@wordpress/i18n';
import { Button, TextControl, TextareaControl } from '@wordpress/components';
import { useEffect, useRef, useState } from '@wordpress/element';
import { speak } from '@wordpress/a11y';
import { download, post, put, remove } from '../lib/api.js';
import { useLoad } from '../lib/hooks.js';
import { asTyped, money, number } from '../lib/money.js';
import { SidePanel } from '../lib/panel.jsx';
import { shop } from '../lib/shop.js';
import { Badge, Problem, Skeleton } from '../lib/states.jsx';
import { ago, day, moment } from '../lib/time.js';
import { Ask } from '../access/parts.jsx';
import { Section } from '../inbox/evidence.jsx';
import { Receive, Receipts } from './receive.jsx';
import { remarks } from './remarks.js';
import { Send } from './send.jsx';
import { comesTo, paid, wanted } from './typed.js';
import { cost, orderName, orderState } from './words.js';

export function State({ state }) {
  const [label, tone] = orderState(state);
  return <Badge tone={tone}>{label}</Badge>;
}

const known = (price) => price !== null && price !== undefined && price !== '';

function Line({ line, currency, draft, onType, onRemove }) {
  const wrong = draft && wanted(line.text) === undefined;
  const wrongCost = draft && paid(line.price) === undefined;
  return (
    <tr>
      <th scope="row"><bdi>{line.name}</bdi><span className="devskyy-quiet"><bdi>{[line.sku, line.supplier_sku].filter(Boolean).join(' · ')}</bdi></span></th>
      <td>
        {draft
          ? <TextControl __nextHasNoMarginBottom hideLabelFromVision type="number" min={1} step={1} value={line.text} onChange={(text) => onType({ text })} aria-invalid={wrong || undefined}
            /* translators: %s: name of a product. */
            label={sprintf(__('Pieces of %s', 'devskyy'), line.name)} />
          : <>{number(line.quantity, 0)}{line.received > 0 && <span className="devskyy-quiet">{
            /* translators: %s: number of pieces. */
            sprintf(__('%s received', 'devskyy'), number(line.received, 0))}</span>}</>}
      </td>
      <td>
        {draft
          ? <TextControl __nextHasNoMarginBottom hideLabelFromVision inputMode="decimal" autoComplete="off" value={line.price} onChange={(price) => onType({ price })} placeholder={__('not known', 'devskyy')} aria-invalid={wrongCost || undefined}
            /* translators: 1: name of a product, 2: code of a currency. */
            label={sprintf(__('Cost of a piece of %1$s, in %2$s', 'devskyy'), line.name, currency)} />
          : known(line.cost) ? money(line.cost, { currency }) : <span className="devskyy-quiet">{__('not known', 'devskyy')}</span>}
      </td>
      {draft && (
        <td>
          <Button variant="tertiary" size="compact" isDestructive onClick={onRemove} aria-label={sprintf(/* translators: %s: name of a product. */ __('Take out: %s', 'devskyy'), line.name)}>{__('Take out', 'devskyy')}</Button>
        </td>
      )}
    </tr>
  );
}

/** What the lines come to as they are typed; as the sidecar counted them while nothing was changed. */
function sumsOf(order, lines) {
  if (JSON.stringify(lines) === JSON.stringify(typed(order))) return { pieces: order.pieces, total: order.total };
  const { pieces, value } = comesTo(lines);
  return { pieces, total: lines.some(({ price }) => known(price)) ? { value, currency: order.currency } : null };
}

function Lines({ order, lines, draft, setLines }) {
  const priceless = lines.filter((line) => !known(draft ? line.price : line.cost)).length;
  const sums = draft ? sumsOf(order, lines) : { pieces: order.pieces, total: order.total };
  const set = (id, typedNow) => setLines(lines.map((line) => (line.item_id === id ? { ...line, ...typedNow } : line)));
  return (
    <div className="devskyy-lines-table" tabIndex={0} role="group" aria-label={__('Lines of the order', 'devskyy')}>
      <table>
        <thead><tr><th scope="col">{__('Item', 'devskyy')}</th><th scope="col">{__('Pieces', 'devskyy')}</th><th scope="col">{__('Cost of a piece', 'devskyy')}</th>{draft && <th scope="col"><span className="screen-reader-text">{__('What to do', 'devskyy')}</span></th>}</tr></thead>
        <tbody>{lines.map((line) => <Line key={line.item_id} line={line} currency={order.currency} draft={draft} onType={(typedNow) => set(line.item_id, typedNow)} onRemove={() => setLines(lines.filter(({ item_id: id }) => id !== line.item_id))} />)}</tbody>
        <tfoot>
          <tr><th scope="row">{__('Total', 'devskyy')}</th><td>{number(sums.pieces, 0)}</td><td colSpan={draft ? 2 : 1}><b>{cost(sums.total) || __('Not known', 'devskyy')}</b>{priceless > 0 && sums.total && <span className="devskyy-quiet">{
              /* translators: %d: number of lines of an order. */
              sprintf(_n('without %d line of unknown cost', 'without %d lines of unknown cost', priceless, 'devskyy'), priceless)}</span>}
            </td>
          </tr>
        </tfoot>
      </table>
    </div>
  );
}

/** What to know before it is sent, such as a supplier's smallest order. */
function Notes({ notes = [] }) {
  return notes.length > 0 && <ul className="devskyy-lines">{remarks(notes).map((note) => <li key={note}>{note}</li>)}</ul>;
}

/** A cost with the shop's decimals, or with as many as it has. */
const priceText = (price) => (known(price) ? asTyped(Number(price).toFixed(Math.max(shop().currency.decimals, (String(Number(price)).split('.')[1] ?? '').length))) : '');

const typed = (order) => order.lines.map((line) => ({ ...line, text: String(line.quantity), price: priceText(line.cost) }));

const held = (order) => ({ lines: typed(order), note: order.note ?? '', shipTo: order.ship_to ?? '', expectedOn: order.expected_on ?? '' });
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/** What stands in a draft's fields: a newer answer goes into those that were not typed in since `rest` was called or the last answer came. */
function useFields(order) {
  const [fields, setFields] = useState(() => held(order));
  const base = useRef(fields);
  const now = held(order);
  useEffect(() => {
    const before = base.current;
    base.current = now;
    setFields((old) => Object.fromEntries(Object.entries(now).map(([name, value]) => [name, same(old[name], before[name]) ? value : old[name]])));
  }, [JSON.stringify(now)]);
  return { ...fields, set: (change) => setFields((old) => ({ ...old, ...change })), changed: !same(fields, now), rest: () => { base.current = fields; } };
}

function Draft({ order, away, onChange, onGone }) {
  const { lines, note, shipTo, expectedOn, set, changed, rest } = useFields(order);
  const [state, setState] = useState({ busy: false, error: null });
  const counted = lines.length > 0 && lines.every(({ text }) => wanted(text) !== undefined);
  const priced = lines.every(({ price }) => paid(price) !== undefined);
  const fits = counted && priced;
  const save = async () => {
    setState({ busy: true, error: null });
    try {
      const answer = await put(`/inventory/purchase-orders/${order.id}`, {
        lines: lines.map(({ item_id: item, text, price }) => ({ item_id: item, quantity: wanted(text), ...(paid(price) !== null && { cost: paid(price) }) })), note, ship_to: shipTo, expected_on: expectedOn || null,
      });
      speak(__('Saved.', 'devskyy'));
      rest();
      setState({ busy: false, error: null });
      onChange(answer.order);
    } catch (error) {
      setState({ busy: false, error });
    }
  };
  return (
    <>
      <Section title={__('What is ordered', 'devskyy')}>
        <Lines order={order} lines={lines} draft setLines={(changedLines) => set({ lines: changedLines })} />
        <Notes notes={order.notes} />
        <div className="devskyy-form">
          <TextareaControl __nextHasNoMarginBottom rows={2} label={__('Words to the supplier', 'devskyy')} value={note} onChange={(text) => set({ note: text })} maxLength={2000} />
          <TextareaControl __nextHasNoMarginBottom rows={2} label={__('Deliver to', 'devskyy')} value={shipTo} onChange={(text) => set({ shipTo: text })} maxLength={1000} />
          <TextControl __nextHasNoMarginBottom __next40pxDefaultSize type="date" label={__('Expected on', 'devskyy')} value={expectedOn} onChange={(text) => set({ expectedOn: text })} />
        </div>
        {!counted && <p className="devskyy-field-error" role="alert">{lines.length ? __('Each line needs a whole number of pieces.', 'devskyy') : __('An order needs a line; delete it instead.', 'devskyy')}</p>}
        {!priced && <p className="devskyy-field-error" role="alert">{__('A cost is a number from 0 with at most four decimals; left empty, it is the one known of the item.', 'devskyy')}</p>}
        {state.error && <Problem error={state.error} />}
        <div className="devskyy-buttons">
          <Button variant="secondary" size="compact" isBusy={state.busy} disabled={away || state.busy || !changed || !fits} accessibleWhenDisabled onClick={save}>{__('Save', 'devskyy')}</Button>
          <Ask label={__('Delete', 'devskyy')} name={orderName(order)} sure={__('Yes, delete this draft', 'devskyy')} disabled={away} act={() => remove(`/inventory/purchase-orders/${order.id}`).then(onGone)} />
        </div>
      </Section>
      <Section title={__('Send it', 'devskyy')}>
        {changed ? <p className="devskyy-quiet">{__('Save your changes first.', 'devskyy')}</p> : <Send order={order} away={away} onChange={onChange} />}
      </Section>
    </>
  );
}

function Files({ order }) {
  const [error, setError] = useState(null);
  const save = (kind) => { setError(null); download(`/inventory/purchase-orders/${order.id}/${kind}`, {}, `${order.number}.${kind}`).catch(setError); };
  return (
    <>
      <div className="devskyy-buttons">
        <Button variant="secondary" size="compact" onClick={() => save('pdf')}>{__('Save as PDF', 'devskyy')}</Button>
        <Button variant="secondary" size="compact" onClick={() => save('csv')}>{__('Save as CSV', 'devskyy')}</Button>
      </div>
      {error && <Problem error={error} />}
    </>
  );
}

/** An order whose sending nobody knows the end of: a person looks and says what happened. */
function Unknown({ order, away, onChange }) {
  const act = (step) => () => post(`/inventory/purchase-orders/${order.id}/${step}`).then(onChange);
  return (
    <Section title={__('Was it sent?', 'devskyy')}>
      <p>{__('The sending was interrupted. Look into your sent mail or ask the supplier; it is never sent again by itself.', 'devskyy')}</p>
      <div className="devskyy-buttons">
        <Ask calm label={__('It was sent', 'devskyy')} name={orderName(order)} sure={__('Yes, it was sent', 'devskyy')} disabled={away} act={act('mark-sent')} />
        <Ask label={__('It was not sent', 'devskyy')} name={orderName(order)} sure={__('Yes, make it a draft again', 'devskyy')} disabled={away} act={act('reopen')} />
      </div>
    </Section>
  );
}

function Body({ order, away, onChange, onGone }) {
  const open = ['sent', 'part'].includes(order.state);
  return (
    <div className="devskyy-panel-body">
      <h2>{orderName(order)} · <bdi>{order.supplier_name}</bdi></h2>
      <p className="devskyy-panel-badges">
        <State state={order.state} />
        <span className="devskyy-quiet" title={moment(order.created_at)}>{
          /* translators: %s: age such as "3 hours ago". */
          sprintf(__('made %s', 'devskyy'), ago(order.created_at))}</span>
        {order.sent_at && <span className="devskyy-quiet" title={moment(order.sent_at)}>{
          /* translators: %s: age such as "3 hours ago". */
          sprintf(__('sent %s', 'devskyy'), ago(order.sent_at))}</span>}
        {order.expected_on && order.state !== 'draft' && <span className="devskyy-quiet">{
          /* translators: %s: a day. */
          sprintf(__('expected on %s', 'devskyy'), day(order.expected_on))}</span>}
      </p>
      {order.sent_at && (
        <p className="devskyy-quiet">
          {order.sent_how === 'other' ? __('Ordered another way; nothing was mailed.', 'devskyy') : order.sent_to && sprintf(/* translators: %s: e-mail address. */ __('Mailed to %s.', 'devskyy'), order.sent_to)}
        </p>
      )}
      {order.closed_short && <p className="devskyy-quiet">{__('Closed before all of it came.', 'devskyy')}</p>}
      {order.error && order.state !== 'unknown' && <p className="devskyy-field-error">{__(order.error, 'devskyy')}</p>}
      {order.state === 'draft'
        ? <Draft key={order.id} order={order} away={away} onChange={onChange} onGone={onGone} />
        : <Section title={__('What is ordered', 'devskyy')}><Lines order={order} lines={order.lines} setLines={() => {}} />{[order.note, order.ship_to].filter(Boolean).map((words) => <p key={words} className="devskyy-quiet devskyy-lines-kept"><bdi>{words}</bdi></p>)}</Section>}
      {order.state === 'unknown' && <Unknown order={order} away={away} onChange={onChange} />}
      {open && <Receive key={JSON.stringify(order.lines)} order={order} away={away} onChange={onChange} />}
      <Receipts order={order} away={away} onChange={onChange} />
      <Section title={__('The paper', 'devskyy')}><Files order={order} /></Section>
      {open && (
        <Section title={__('The rest', 'devskyy')}>
          <Ask label={__('Nothing more will come', 'devskyy')} name={orderName(order)} sure={__('Yes, close this order', 'devskyy')} disabled={away} act={() => remove(`/inventory/purchase-orders/${order.id}`).then(onChange)}>
            {__('What is still missing is no longer counted as on its way. Tell the supplier yourself.', 'devskyy')}
          </Ask>
        </Section>
      )}
    </div>
  );
}

/** One purchase order beside the list. */
export function Order({ id, away, onClose, onChange, onGone }) {
  const { data, error, reload, set } = useLoad(`/inventory/purchase-orders/${id}`);
  const changed = (order) => {
    if (order?.lines) set({ ...data, order });
    else reload();
    onChange();
  };
  return (
    <SidePanel id={id} title={__('Purchase order', 'devskyy')} onClose={onClose}>
      {error && <div className="devskyy-panel-body"><Problem error={error} retry={reload} /></div>}
      {!data && !error && <div className="devskyy-panel-body"><Skeleton rows={5} tall /></div>}
      {data?.order && <Body order={data.order} away={away || Boolean(data.stale)} onChange={changed} onGone={onGone} />}
    </SidePanel>
  );
}
