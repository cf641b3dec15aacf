import { __, sprintf } from '@wordpress/i18n';
import { SelectControl } from '@wordpress/components';
import { useState } from '@wordpress/element';
import { put } from '../lib/api.js';
import { useLoad } from '../lib/hooks.js';
import { money, number } from '../lib/money.js';
import { Problem, Skeleton } from '../lib/states.jsx';
import { Form, Reveal, useReturn } from './form.jsx';
import { percent } from './words.js';

/** The terms that an item, a supplier or the whole shop may set, each falling back on the next wider one. */
export const termFields = () => ({
  lead_days: { type: 'integer', title: __('Delivery time in days', 'devskyy'), description: __('From the order until it is on your shelf.', 'devskyy'), minimum: 0, maximum: 365 },
  lead_spread_days: { type: 'number', title: __('Early or late by days', 'devskyy'), description: __('How many days deliveries are usually early or late.', 'devskyy'), minimum: 0, maximum: 180 },
  review_days: { type: 'integer', title: __('Days between two orders', 'devskyy'), description: __('How often you look at what to order.', 'devskyy'), minimum: 1, maximum: 90 },
  service_level: { type: 'number', title: __('In stock until the delivery comes', 'devskyy'), description: __('In how many of a hundred cases the stock shall last.', 'devskyy'), unit: 'percent', minimum: 0.5, maximum: 0.999 },
});

/** The sizes of an order, of an item or of the whole shop. */
export const packFields = () => ({
  moq: { type: 'integer', title: __('Smallest order in pieces', 'devskyy'), minimum: 1, maximum: 1_000_000 },
  pack: { type: 'integer', title: __('Pieces in a pack', 'devskyy'), description: __('Orders come in whole packs.', 'devskyy'), minimum: 1, maximum: 100_000 },
});

const itemFields = () => ({
  type: 'object',
  properties: {
    supplier_sku: { type: 'string', title: __('Number at the supplier', 'devskyy'), maxLength: 200 },
    cost: { type: 'number', title: __('Cost of a piece', 'devskyy'), description: __('Used where WooCommerce holds no cost of goods.', 'devskyy'), minimum: 0, maximum: 100_000_000 },
    ...packFields(),
    ...termFields(),
  },
});

/** What a piece costs, and whose word that is: the supplier's goes first. */
function costWords(supply, item) {
  if (known(supply.cost)) return money(supply.cost);
  /* translators: %s: money. */
  return known(item.cost?.value) ? sprintf(__('%s, as in WooCommerce', 'devskyy'), money(item.cost.value, { currency: item.cost.currency })) : __('Not known', 'devskyy');
}

const known = (value) => value !== null && value !== undefined && value !== '';

/** What holds for an item now, own or inherited; `service` is the share that its order goes by. */
export function SupplyFacts({ supply, item, service = supply.service_level }) {
  const days = (value) => number(value, 1);
  const pays = !supply.service_given && item.notes?.includes('service_that_pays');
  const facts = [
    [__('Supplier', 'devskyy'), supply.supplier_name || __('None yet', 'devskyy')],
    [__('Number at the supplier', 'devskyy'), supply.supplier_sku],
    [__('Cost of a piece', 'devskyy'), costWords(supply, item)],
    /* translators: 1: days, 2: days early or late. */
    [__('Delivery time in days', 'devskyy'), sprintf(__('%1$s, give or take %2$s', 'devskyy'), days(supply.lead_days), days(supply.lead_spread_days))],
    [__('Smallest order in pieces', 'devskyy'), supply.moq > 1 ? number(supply.moq, 0) : ''],
    [__('Pieces in a pack', 'devskyy'), supply.pack > 1 ? number(supply.pack, 0) : ''],
    [__('Days between two orders', 'devskyy'), days(supply.review_days)],
    [__('In stock until the delivery comes', 'devskyy'), pays ? sprintf(/* translators: %s: a share such as "98%". */ __('%s, which pays best', 'devskyy'), percent(service)) : percent(service)],
  ].filter(([, value]) => value !== '' && value !== undefined && value !== null);
  return <dl className="devskyy-facts">{facts.map(([term, value]) => <div key={term}><dt>{term}</dt><dd><bdi>{value}</bdi></dd></div>)}</dl>;
}

function Edit({ item, own, away, onSaved, onBack }) {
  const suppliers = useLoad('/inventory/suppliers');
  const [supplier, setSupplier] = useState(own?.supplier_id ?? '');
  if (suppliers.error) return <Problem error={suppliers.error} retry={suppliers.reload} />;
  if (!suppliers.data) return <Skeleton rows={3} />;
  const options = [{ value: '', label: __('None', 'devskyy') }, ...suppliers.data.items.map(({ id, name }) => ({ value: id, label: name }))];
  return (
    <Form schema={itemFields()} saved={own ?? {}} label={__('Supply', 'devskyy')} away={away} onBack={onBack}
      send={(values) => put(`/inventory/supplies/${item.item_id}`, { ...values, supplier_id: supplier || null }).then(onSaved)}>
      <SelectControl __nextHasNoMarginBottom __next40pxDefaultSize label={__('Supplier', 'devskyy')} value={supplier} options={options} onChange={setSupplier} />
      <p className="devskyy-quiet">{__('What is left empty holds as at the supplier, or as for the whole shop.', 'devskyy')}</p>
    </Form>
  );
}

/** From whom an item comes and on what terms. */
export function Supply({ item, parts = [], away, onChange }) {
  const [form, setForm] = useState(false);
  const found = useLoad(`/inventory/supplies/${item.item_id}`);
  const opener = useReturn(form);
  const saved = () => { setForm(false); found.reload(); onChange(); };
  if (found.error && !found.data) return <Problem error={found.error} retry={found.reload} />;
  if (!found.data) return <Skeleton rows={2} />;
  const { supply, own } = found.data;
  return form
    ? <Edit item={item} own={own} away={away} onSaved={saved} onBack={() => setForm(false)} />
    : <><SupplyFacts supply={supply} item={item} service={parts.find(({ code }) => code === 'service_level')?.value} /><div ref={opener}><Reveal label={__('Change the supply', 'devskyy')} open={false} disabled={away} onOpen={setForm} /></div></>;
}
