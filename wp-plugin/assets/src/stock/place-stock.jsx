import { __, sprintf } from '@wordpress/i18n';
import { Button, SearchControl, TextControl } from '@wordpress/components';
import { useState } from '@wordpress/element';
import { speak } from '@wordpress/a11y';
import { put } from '../lib/api.js';
import { useFocusOn, useLoad, useSettled } from '../lib/hooks.js';
import { Problem, Skeleton } from '../lib/states.jsx';
import { levelOf } from './typed.js';

const FOUND = 10;

/** How many pieces of one item lie there: typed, then saved by Enter or the button. */
function Pieces({ place, row, away, onSaved }) {
  const [text, setText] = useState(row.quantity ?? '');
  const [held, setHeld] = useState(row.quantity ?? null);
  const [state, setState] = useState({ busy: false, error: null });
  const pieces = levelOf(text);
  const name = row.name ?? row.sku ?? `#${row.item_id}`;
  const save = async (event) => {
    event.preventDefault();
    if (pieces === undefined || pieces === null || pieces === held) return;
    setState({ busy: true, error: null });
    try {
      await put(`/inventory/locations/${place}/stock/${row.item_id}`, { quantity: pieces });
      setHeld(pieces);
      setState({ busy: false, error: null });
      speak(__('Saved.', 'devskyy'));
      onSaved();
    } catch (error) {
      setState({ busy: false, error });
    }
  };
  return (
    <li data-row={row.item_id}>
      <form noValidate onSubmit={save}>
        <span><bdi>{name}</bdi>{row.sku && row.name && <bdi className="devskyy-quiet">{row.sku}</bdi>}</span>
        {/* translators: %s: name of a product. */}
        <TextControl __nextHasNoMarginBottom hideLabelFromVision type="number" min={0} step={1} label={sprintf(__('Pieces of %s', 'devskyy'), name)} value={text} onChange={setText} aria-invalid={pieces === undefined || undefined} />
        {/* translators: %s: name of a product. */}
        <Button type="submit" variant="secondary" size="compact" aria-label={sprintf(__('Save: %s', 'devskyy'), name)} isBusy={state.busy} disabled={away || state.busy || pieces === undefined || pieces === null || pieces === held} accessibleWhenDisabled>{pieces === held && held !== null ? __('Saved', 'devskyy') : __('Save', 'devskyy')}</Button>
      </form>
      {pieces === undefined && <p className="devskyy-field-error" role="alert">{__('This must be a whole number.', 'devskyy')}</p>}
      {state.error && <Problem error={state.error} />}
    </li>
  );
}

/** What lies at a place, item by item; the search finds what does not lie there yet. */
export function PlaceStock({ place, away, onSaved, onBack }) {
  const [search, setSearch] = useState('');
  const q = useSettled(search).trim();
  const there = useLoad(`/inventory/locations/${place.id}/stock`);
  const found = useLoad(q ? '/inventory/items' : null, { state: 'all', search: q, limit: FOUND });
  const heading = useFocusOn(place.id);
  const lies = there.data?.items ?? [];
  const known = new Map(lies.map((row) => [row.item_id, row]));
  const rows = q ? (found.data?.items ?? []).map((item) => known.get(item.item_id) ?? { item_id: item.item_id, name: item.name, sku: item.sku }) : lies;
  const saved = () => { there.reload(); onSaved(); };
  const error = there.error ?? (q ? found.error : null);
  /* translators: %s: name of a place where stock lies. */
  const title = sprintf(__('What lies in %s', 'devskyy'), place.name);
  return (
    <section className="devskyy-card devskyy-new devskyy-place-stock" aria-label={title}>
      <h3 tabIndex={-1} ref={heading}>{title}</h3>
      <SearchControl __nextHasNoMarginBottom label={__('Find an item', 'devskyy')} placeholder={__('Find an item', 'devskyy')} value={search} onChange={setSearch} />
      {error && <Problem error={error} retry={there.error ? there.reload : found.reload} />}
      {!there.data && there.loading && <Skeleton rows={3} />}
      {there.data && !q && !lies.length && <p className="devskyy-quiet">{__('Nothing yet. Find an item by its name or SKU, or import a file.', 'devskyy')}</p>}
      {q && found.data && !found.loading && !rows.length && <p className="devskyy-quiet">{__('No item is called so.', 'devskyy')}</p>}
      {there.data && rows.length > 0 && <ul>{rows.map((row) => <Pieces key={row.item_id} place={place.id} row={row} away={away} onSaved={saved} />)}</ul>}
      <div className="devskyy-buttons"><Button variant="tertiary" size="compact" onClick={onBack}>{__('Close', 'devskyy')}</Button></div>
    </section>
  );
}
