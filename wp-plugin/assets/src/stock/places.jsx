import { __, sprintf } from '@wordpress/i18n';
import { Button } from '@wordpress/components';
import { useState } from '@wordpress/element';
import { make, put, remove } from '../lib/api.js';
import { useLoad } from '../lib/hooks.js';
import { number } from '../lib/money.js';
import { Empty, Problem, Skeleton, Stale } from '../lib/states.jsx';
import { Ask, Lead, Table } from '../access/parts.jsx';
import { Form, useReturn } from './form.jsx';
import { Import } from './import.jsx';
import { PlaceStock } from './place-stock.jsx';
import { percent } from './words.js';

const schema = () => ({
  type: 'object',
  required: ['name'],
  properties: {
    name: { type: 'string', title: __('Name', 'devskyy'), maxLength: 200 },
    share: { type: 'number', title: __('Part of the sales served from here', 'devskyy'), description: __('WooCommerce does not know it. Left empty, nothing is said about what this place needs.', 'devskyy'), unit: 'percent', minimum: 0, maximum: 1 },
    counted: { type: 'boolean', title: __('WooCommerce\'s stock contains what lies here', 'devskyy'), default: true },
  },
});

const columns = () => [
  ['title', __('Place', 'devskyy')],
  ['share', __('Part of the sales', 'devskyy')],
  ['items', __('Items', 'devskyy')],
  ['pieces', __('Pieces', 'devskyy')],
  ['acts', __('What to do', 'devskyy')],
];

/** Where stock lies, for shops with several places, and what lies there. */
export function Places() {
  const list = useLoad('/inventory/locations');
  const [form, setForm] = useState(null);
  const lead = useReturn(Boolean(form));
  const { data } = list;
  const away = Boolean(data?.stale);
  const items = data?.items ?? [];
  const back = () => setForm(null);
  const send = (values) => (form.id ? put(`/inventory/locations/${form.id}`, values) : make('/inventory/locations', values)).then(() => { back(); list.reload(); });
  const add = <Button variant="primary" __next40pxDefaultSize disabled={away} accessibleWhenDisabled onClick={() => setForm({ kind: 'form' })}>{__('Add a place', 'devskyy')}</Button>;
  const row = (place) => ({
    id: place.id,
    cells: {
      title: <><strong><bdi>{place.name}</bdi></strong>{place.counted === false && <p className="devskyy-quiet">{__('Not in WooCommerce\'s stock', 'devskyy')}</p>}</>,
      share: place.share === undefined || place.share === null ? <span className="devskyy-quiet">{__('Not known', 'devskyy')}</span> : percent(place.share),
      items: number(place.items ?? 0, 0),
      pieces: number(place.pieces ?? 0, 0),
      acts: (
        <div className="devskyy-buttons devskyy-row-acts">
          <Button variant="tertiary" size="compact" aria-label={sprintf(/* translators: %s: name of a place where stock lies. */ __('What lies in %s', 'devskyy'), place.name)} onClick={() => setForm({ ...place, kind: 'stock' })}>{__('Pieces', 'devskyy')}</Button>
          <Button variant="tertiary" size="compact" disabled={away} accessibleWhenDisabled aria-label={sprintf(/* translators: %s: name of a place where stock lies. */ __('Import what lies in %s', 'devskyy'), place.name)} onClick={() => setForm({ ...place, kind: 'import' })}>{__('Import', 'devskyy')}</Button>
          <Button variant="tertiary" size="compact" disabled={away} accessibleWhenDisabled aria-label={sprintf(/* translators: %s: name of a supplier or place. */ __('Change: %s', 'devskyy'), place.name)} onClick={() => setForm({ ...place, kind: 'form' })}>{__('Change', 'devskyy')}</Button>
          <Ask label={__('Remove', 'devskyy')} name={place.name} sure={sprintf(/* translators: %s: name of a supplier or place. */ __('Yes, remove %s', 'devskyy'), place.name)} disabled={away} act={() => remove(`/inventory/locations/${place.id}`).then(() => { if (form?.id === place.id) back(); list.reload(); })}>
            {__('What was told of its stock goes with it. The stock in WooCommerce stays as it is.', 'devskyy')}
          </Ask>
        </div>
      ),
    },
  });
  return (
    <>
      <Stale stale={data?.stale} retry={list.reload} />
      {list.error && <Problem error={list.error} retry={list.reload} />}
      {form?.kind === 'import' && (
        <Import key={form.id} path={`/inventory/locations/${form.id}/stock/import`} known={`/inventory/locations/${form.id}/stock.csv`} name="stock" label={sprintf(/* translators: %s: name of a place where stock lies. */ __('Import what lies in %s', 'devskyy'), form.name)} away={away} onDone={list.reload} onBack={back}>
          {__('A CSV file with a row for each item: its SKU and how many pieces lie there.', 'devskyy')}
        </Import>
      )}
      {form?.kind === 'stock' && <PlaceStock key={form.id} place={form} away={away} onSaved={list.reload} onBack={back} />}
      {form?.kind === 'form' && (
        <div className="devskyy-card devskyy-new">
          <h3>{form.name ?? __('Add a place', 'devskyy')}</h3>
          <Form key={form.id ?? 'new'} schema={schema()} saved={form} label={form.name ?? __('Add a place', 'devskyy')} away={away} send={send} onBack={back} />
        </div>
      )}
      {data && !form && (items.length > 0 || list.loading) && <Lead text={__('Where your stock lies. With what lies in each place and how much is sold from there, moves from one to the other are worked out before anything is bought.', 'devskyy')} action={<div ref={lead}>{add}</div>} />}
      {data && !items.length && !form && !list.loading && (
        <Empty icon="box" title={__('One place only', 'devskyy')} action={<div ref={lead}>{add}</div>}>
          {__('If your stock lies in several places, such as a shop and a warehouse, add them: then moves between them are proposed before you buy.', 'devskyy')}
        </Empty>
      )}
      {!items.length && list.loading && <Skeleton rows={3} />}
      {items.length > 0 && <Table label={__('Places', 'devskyy')} columns={columns()} rows={items.map(row)} />}
    </>
  );
}
