import { __, sprintf } from '@wordpress/i18n';
import { Button, TextControl } from '@wordpress/components';
import { useState } from '@wordpress/element';
import { speak } from '@wordpress/a11y';
import { post } from '../lib/api.js';
import { Problem } from '../lib/states.jsx';
import { levelOf } from './typed.js';
import { pieces } from './words.js';

/** At how many pieces WooCommerce warns: for this variation alone, written into the shop at once as the person, with its way back. */
export function LowStock({ item, onChange }) {
  const [held, setHeld] = useState(item.low_stock);
  const [text, setText] = useState(held?.own ?? '');
  const [former, setFormer] = useState(undefined);
  const [state, setState] = useState({ busy: false, error: null, note: '' });
  if (!held?.managed) return <p className="devskyy-quiet">{__('WooCommerce does not count the stock of this item, so it cannot warn.', 'devskyy')}</p>;
  const to = levelOf(text);
  const write = async (value) => {
    setState({ busy: true, error: null, note: '' });
    try {
      const { low_stock: now } = await post(`/inventory/items/${item.item_id}/low-stock`, { was: held.own, to: value });
      setFormer(former === undefined ? held.own : undefined);
      setHeld(now);
      setText(now.own ?? '');
      /* translators: %s: number of pieces. */
      const note = sprintf(__('WooCommerce now warns at %s.', 'devskyy'), pieces(now.holds));
      setState({ busy: false, error: null, note });
      speak(note);
      onChange?.(now);
    } catch (error) {
      setState({ busy: false, error, note: '' });
      speak(error.message, 'assertive');
    }
  };
  /* translators: %s: number of pieces. */
  const suggested = item.reorder_point > 0 && item.reorder_point !== held.own ? item.reorder_point : null;
  return (
    <form noValidate onSubmit={(event) => { event.preventDefault(); if (to !== undefined) write(to); }}>
      <div className="devskyy-inline-form">
        <TextControl __nextHasNoMarginBottom __next40pxDefaultSize type="number" min={0} step={1} label={__('Warn when so many pieces are left', 'devskyy')} value={text} aria-invalid={to === undefined || undefined}
          /* translators: %s: number of pieces. */
          placeholder={held.own === null ? String(held.holds) : ''} onChange={(value) => { setText(value); setFormer(undefined); }} />
        <Button type="submit" variant="secondary" __next40pxDefaultSize isBusy={state.busy} disabled={state.busy || to === undefined || to === held.own} accessibleWhenDisabled>{__('Set', 'devskyy')}</Button>
      </div>
      {to === undefined && <p className="devskyy-field-error" role="alert">{__('This must be a whole number.', 'devskyy')}</p>}
      <p className="devskyy-quiet">
        {/* translators: %s: number of pieces. */}
        {held.own === null && sprintf(__('It has no level of its own: WooCommerce warns at %s. ', 'devskyy'), pieces(held.holds))}
        {held.shared && __('All variations share one stock, so this holds for all of them. ', 'devskyy')}
        {suggested !== null && <button type="button" className="devskyy-linklike" onClick={() => { setText(String(suggested)); setFormer(undefined); }}>{sprintf(/* translators: %s: number of pieces. */ __('Use the order level: %s', 'devskyy'), pieces(suggested))}</button>}
      </p>
      <div role="status" className="devskyy-line-acts">
        {state.note && <span>{state.note}</span>}
        {former !== undefined && state.note && <Button variant="tertiary" size="compact" disabled={state.busy} accessibleWhenDisabled onClick={() => write(former)}>{__('Undo', 'devskyy')}</Button>}
      </div>
      {state.error && <Problem error={state.error} />}
    </form>
  );
}
