import { __, _n, sprintf } from '@wordpress/i18n';
import { Button, CheckboxControl, TextControl } from '@wordpress/components';
import { useState } from '@wordpress/element';
import { speak } from '@wordpress/a11y';
import { post } from '../lib/api.js';
import { number } from '../lib/money.js';
import { Badge, Problem } from '../lib/states.jsx';
import { ago, moment } from '../lib/time.js';
import { Section } from '../inbox/evidence.jsx';
import { arrived, pressKey } from './typed.js';
import { pieces } from './words.js';

const open = (lines) => lines.filter(({ quantity, received = 0 }) => received < quantity);

/** What arrived, line by line; it raises the stock in the shop at once and can be undone. */
export function Receive({ order, away, onChange }) {
  const [texts, setTexts] = useState({});
  const [over, setOver] = useState(false);
  // It stays through failures: an answer that was lost on its way must not put the pieces in twice.
  const [key] = useState(pressKey);
  const [state, setState] = useState({ busy: false, error: null });
  const found = arrived(order.lines, texts);
  const total = found.lines.reduce((sum, { quantity }) => sum + quantity, 0);
  const all = () => setTexts(Object.fromEntries(open(order.lines).map(({ item_id: item, quantity, received = 0 }) => [item, String(quantity - received)])));
  const send = async (event) => {
    event.preventDefault();
    setState({ busy: true, error: null });
    try {
      await post(`/inventory/purchase-orders/${order.id}/receive`, { key, lines: found.lines, ...(found.over.length && over && { over: true }) });
      /* translators: %s: number of pieces. */
      speak(sprintf(__('%s are in stock.', 'devskyy'), pieces(total)));
      onChange();
    } catch (error) {
      setState({ busy: false, error });
    }
  };
  return (
    <Section title={__('What arrived', 'devskyy')}>
      <form noValidate onSubmit={send} className="devskyy-receive">
        <ul>
          {order.lines.map((line) => {
            const left = Math.max(0, line.quantity - (line.received ?? 0));
            return (
              <li key={line.item_id}>
                <span><bdi>{line.name}</bdi> <span className="devskyy-quiet">{
                  /* translators: %s: number of pieces. */
                  sprintf(__('%s missing', 'devskyy'), number(left, 0))}</span></span>
                <TextControl __nextHasNoMarginBottom hideLabelFromVision type="number" min={0} step={1} value={texts[line.item_id] ?? ''} placeholder="0" aria-invalid={found.wrong.includes(line.item_id) || undefined}
                  /* translators: %s: name of a product. */
                  label={sprintf(__('Arrived of %s', 'devskyy'), line.name)} onChange={(text) => setTexts((old) => ({ ...old, [line.item_id]: text }))} />
              </li>
            );
          })}
        </ul>
        {found.wrong.length > 0 && <p className="devskyy-field-error" role="alert">{__('This must be a whole number.', 'devskyy')}</p>}
        {found.over.length > 0 && <CheckboxControl __nextHasNoMarginBottom label={__('More arrived than was ordered, and I keep it', 'devskyy')} checked={over} onChange={setOver} />}
        {state.error && <Problem error={state.error} />}
        <div className="devskyy-buttons">
          <Button type="submit" variant="primary" size="compact" isBusy={state.busy} disabled={away || state.busy || !total || found.wrong.length > 0 || (found.over.length > 0 && !over)} accessibleWhenDisabled>
            {/* translators: %s: number of pieces. */}
            {total ? sprintf(_n('Put %s piece into stock', 'Put %s pieces into stock', total, 'devskyy'), number(total, 0)) : __('Put into stock', 'devskyy')}
          </Button>
          <Button variant="tertiary" size="compact" onClick={all}>{__('All of it arrived', 'devskyy')}</Button>
        </div>
      </form>
    </Section>
  );
}

const STATES = () => ({ pending: [__('Being put into stock', 'devskyy'), 'busy'], applied: [__('In stock', 'devskyy'), 'good'], undone: [__('Taken back', 'devskyy'), 'plain'], failed: [__('Not put into stock', 'devskyy'), 'bad'] });

function Receipt({ receipt, away, onChange }) {
  const [state, setState] = useState({ busy: false, error: null });
  const [label, tone] = STATES()[receipt.state] ?? [receipt.state, 'plain'];
  const total = (receipt.lines ?? []).reduce((sum, { quantity }) => sum + quantity, 0);
  const undo = async () => {
    setState({ busy: true, error: null });
    try {
      await post(`/proposals/${receipt.proposal_id}/undo`);
      speak(__('Undone. The former values stand again.', 'devskyy'));
      onChange();
    } catch (error) {
      setState({ busy: false, error });
    }
  };
  return (
    <li>
      <div className="devskyy-line-acts">
        <span>{pieces(total)} <Badge tone={tone}>{label}</Badge> <time className="devskyy-quiet" dateTime={receipt.at} title={moment(receipt.at)}>{ago(receipt.at)}</time></span>
        {receipt.state === 'applied' && receipt.proposal_id && (
          <Button variant="tertiary" size="compact" isBusy={state.busy} disabled={away || state.busy} accessibleWhenDisabled onClick={undo}
            /* translators: %s: number of pieces. */
            aria-label={sprintf(__('Undo: %s out of stock again', 'devskyy'), pieces(total))}>{__('Undo', 'devskyy')}</Button>
        )}
      </div>
      {state.error && <Problem error={state.error} />}
    </li>
  );
}

/** What was received before, each with its way back. */
export function Receipts({ order, away, onChange }) {
  if (!order.receipts?.length) return null;
  return <Section title={__('Received so far', 'devskyy')}><ul className="devskyy-overrides">{order.receipts.map((receipt) => <Receipt key={receipt.id} receipt={receipt} away={away} onChange={onChange} />)}</ul></Section>;
}
