import { __, _n, sprintf } from '@wordpress/i18n';
import { Button } from '@wordpress/components';
import { useState } from '@wordpress/element';
import { make, put, remove } from '../lib/api.js';
import { useLoad } from '../lib/hooks.js';
import { money, number } from '../lib/money.js';
import { Empty, Problem, Skeleton, Stale } from '../lib/states.jsx';
import { Ask, Lead, Table } from '../access/parts.jsx';
import { Form, useReturn } from './form.jsx';
import { Import } from './import.jsx';
import { packFields, termFields } from './supply.jsx';
import { percent } from './words.js';

const schema = () => ({
  type: 'object',
  required: ['name'],
  properties: {
    name: { type: 'string', title: __('Name', 'devskyy'), maxLength: 200 },
    contact: { type: 'string', title: __('Contact', 'devskyy'), maxLength: 200 },
    email: { type: 'string', title: __('E-mail', 'devskyy'), description: __('Where purchase orders go once you send them.', 'devskyy'), maxLength: 254 },
    phone: { type: 'string', title: __('Telephone', 'devskyy'), maxLength: 60 },
    ...termFields(),
    min_order: { type: 'number', title: __('Smallest order, in money', 'devskyy'), minimum: 0, maximum: 100_000_000 },
    note: { type: 'string', title: __('Note for yourself', 'devskyy'), maxLength: 2000 },
  },
});

const columns = () => [
  ['title', __('Supplier', 'devskyy')],
  ['lead', __('Delivery', 'devskyy')],
  ['least', __('Smallest order', 'devskyy')],
  ['items', __('Items', 'devskyy')],
  ['acts', __('What to do', 'devskyy')],
];

const isSet = (value) => value !== null && value !== undefined && value !== '';

function delivery({ lead_days: days, lead_spread_days: spread }) {
  if (!isSet(days)) return <span className="devskyy-quiet">{__('As for the whole shop', 'devskyy')}</span>;
  /* translators: %s: number of days. */
  const main = sprintf(_n('%s day', '%s days', Number(days), 'devskyy'), number(days, 1));
  /* translators: 1: number of days, 2: days early or late. */
  return isSet(spread) && Number(spread) > 0 ? sprintf(__('%1$s, give or take %2$s', 'devskyy'), main, number(spread, 1)) : main;
}

/** The terms that hold where neither the item nor its supplier says otherwise. */
function Defaults({ away }) {
  const [open, setOpen] = useState(false);
  const opener = useReturn(open);
  const found = useLoad('/inventory/defaults');
  if (!found.data) return found.error ? <Problem error={found.error} retry={found.reload} /> : null;
  const { supply: terms, own } = found.data;
  const saved = () => { setOpen(false); found.reload(); };
  return (
    <section className="devskyy-card devskyy-defaults">
      <h3>{__('For everything else', 'devskyy')}</h3>
      {open
        ? <Form schema={{ type: 'object', properties: { ...termFields(), ...packFields() } }} saved={own} label={__('For everything else', 'devskyy')} away={away} onBack={() => setOpen(false)} send={(values) => put('/inventory/defaults', values).then(saved)} />
        : (
          <>
            {/* translators: 1: days, 2: days early or late, 3: days, 4: share such as "95%". */}
            <p>{sprintf(__('Delivery in %1$s days, give or take %2$s; ordered every %3$s days; in stock in %4$s of cases until it comes.', 'devskyy'), number(terms.lead_days, 1), number(terms.lead_spread_days, 1), number(terms.review_days, 1), percent(terms.service_level))}{!isSet(own.service_level) && ` ${__('Where cost and margin are known, what pays best is used in place of that share.', 'devskyy')}`}</p>
            <div ref={opener}><Button variant="secondary" size="compact" disabled={away} accessibleWhenDisabled onClick={() => setOpen(true)}>{__('Change', 'devskyy')}</Button></div>
          </>
        )}
    </section>
  );
}

/** Whom the shop buys from and on what terms. */
export function Suppliers() {
  const list = useLoad('/inventory/suppliers');
  const [form, setForm] = useState(null);
  const { data } = list;
  const away = Boolean(data?.stale);
  const items = data?.items ?? [];
  const lead = useReturn(Boolean(form));
  const back = () => setForm(null);
  const reload = list.reload;
  const saved = () => { back(); reload(); };
  const send = (values) => (form.id ? put(`/inventory/suppliers/${form.id}`, values) : make('/inventory/suppliers', values)).then(saved);
  const add = <Button variant="primary" __next40pxDefaultSize disabled={away} accessibleWhenDisabled onClick={() => setForm({})}>{__('Add a supplier', 'devskyy')}</Button>;
  const file = <Button variant="secondary" __next40pxDefaultSize disabled={away} accessibleWhenDisabled onClick={() => setForm('import')}>{__('Import a file', 'devskyy')}</Button>;
  const row = (supplier) => ({
    id: supplier.id,
    cells: {
      title: <><strong><bdi>{supplier.name}</bdi></strong><p className="devskyy-quiet"><bdi>{[supplier.contact, supplier.email, supplier.phone].filter(Boolean).join(' · ') || __('No e-mail address yet', 'devskyy')}</bdi></p></>,
      lead: delivery(supplier),
      least: isSet(supplier.min_order) ? money(supplier.min_order) : <span className="devskyy-quiet">{__('none', 'devskyy')}</span>,
      items: isSet(supplier.items) ? number(supplier.items, 0) : '',
      acts: (
        <div className="devskyy-buttons devskyy-row-acts">
          <Button variant="tertiary" size="compact" disabled={away} accessibleWhenDisabled aria-label={sprintf(/* translators: %s: name of a supplier or place. */ __('Change: %s', 'devskyy'), supplier.name)} onClick={() => setForm(supplier)}>{__('Change', 'devskyy')}</Button>
          <Ask label={__('Remove', 'devskyy')} name={supplier.name} sure={sprintf(/* translators: %s: name of a supplier or place. */ __('Yes, remove %s', 'devskyy'), supplier.name)} disabled={away} act={() => remove(`/inventory/suppliers/${supplier.id}`).then(reload)}>
            {__('Its items have no supplier then. Orders that were made stay.', 'devskyy')}
          </Ask>
        </div>
      ),
    },
  });
  return (
    <>
      <Stale stale={data?.stale} retry={list.reload} />
      {list.error && <Problem error={list.error} retry={list.reload} />}
      {form === 'import' && (
        <Import path="/inventory/supplies/import" known="/inventory/supplies.csv" name="supplies" away={away} onDone={reload} onBack={back}>
          {__('A CSV file with a row for each item: its SKU, the supplier, cost, delivery time, smallest order and pack.', 'devskyy')}
        </Import>
      )}
      {form && form !== 'import' && (
        <div className="devskyy-card devskyy-new">
          <h3>{form.id ? form.name : __('Add a supplier', 'devskyy')}</h3>
          <Form schema={schema()} saved={form} label={form.id ? form.name : __('Add a supplier', 'devskyy')} away={away} send={send} onBack={back} />
        </div>
      )}
      {data && !form && (items.length > 0 || list.loading) && <Lead text={__('From whom you buy, how long it takes and how much you have to order. An item may differ from its supplier: open it under Items.', 'devskyy')} action={<div className="devskyy-buttons" ref={lead}>{add}{file}</div>} />}
      {data && !items.length && !form && !list.loading && (
        <Empty icon="truck" title={__('No suppliers yet', 'devskyy')} action={<div className="devskyy-buttons" ref={lead}>{add}{file}</div>}>
          {__('With suppliers, delivery times and costs it is known when to order what, and orders are written for you. Until then the same terms hold for everything.', 'devskyy')}
        </Empty>
      )}
      {!items.length && list.loading && <Skeleton rows={4} />}
      {items.length > 0 && <Table label={__('Suppliers', 'devskyy')} columns={columns()} rows={items.map(row)} />}
      {data && <Defaults away={away} />}
    </>
  );
}
