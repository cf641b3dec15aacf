import { __, sprintf } from '@wordpress/i18n';
import { readable } from './schema.js';

const known = (table, name) => table[name] ?? readable(name);

export const riskLabel = (risk) => known({
  low: __('Low risk', 'devskyy'),
  medium: __('Medium risk', 'devskyy'),
  high: __('High risk', 'devskyy'),
}, risk);

export const stateLabel = (state) => known({
  pending: __('To decide', 'devskyy'),
  snoozed: __('Later', 'devskyy'),
  approved: __('Approved', 'devskyy'),
  applying: __('Being applied', 'devskyy'),
  applied: __('Applied', 'devskyy'),
  undoing: __('Being undone', 'devskyy'),
  undone: __('Undone', 'devskyy'),
  rejected: __('Rejected', 'devskyy'),
  superseded: __('Replaced by a newer one', 'devskyy'),
  expired: __('Expired', 'devskyy'),
  stale: __('Shop changed since', 'devskyy'),
  failed: __('Could not be applied', 'devskyy'),
}, state);

export const groupLabel = (group) => known({
  open: __('To decide', 'devskyy'),
  later: __('Later', 'devskyy'),
  applied: __('Applied', 'devskyy'),
  problems: __('Not applied', 'devskyy'),
  undone: __('Undone', 'devskyy'),
  rejected: __('Rejected', 'devskyy'),
  past: __('Past', 'devskyy'),
  all: __('All', 'devskyy'),
}, group);

export const runStateLabel = (state) => known({
  queued: __('Waiting', 'devskyy'),
  running: __('Running', 'devskyy'),
  done: __('Done', 'devskyy'),
  failed: __('Failed', 'devskyy'),
  cancelled: __('Cancelled', 'devskyy'),
}, state);

export const familyLabel = (family) => known({
  catalog: __('Catalog', 'devskyy'),
  pricing: __('Pricing', 'devskyy'),
  inventory: __('Stock', 'devskyy'),
  seo: __('SEO', 'devskyy'),
  support: __('Support', 'devskyy'),
  themes: __('Themes', 'devskyy'),
  marketing: __('Marketing', 'devskyy'),
  analytics: __('Analytics', 'devskyy'),
}, family);

export const scheduleLabel = (schedule) => known({
  off: __('Only by hand', 'devskyy'),
  hourly: __('Every hour', 'devskyy'),
  daily: __('Every day', 'devskyy'),
  weekly: __('Every week', 'devskyy'),
  monthly: __('Every month', 'devskyy'),
}, schedule);

const TRIGGERS = () => ({
  person: __('Started by hand', 'devskyy'),
  schedule: __('By its schedule', 'devskyy'),
  event: __('After a change in the shop', 'devskyy'),
  cli: __('From the command line', 'devskyy'),
  api: __('From outside', 'devskyy'),
  plugin: __('By another tool in WordPress', 'devskyy'),
});

/** Why a run started; an event says which (`event:order.created`). */
export function triggerLabel(trigger) {
  const [kind, what] = String(trigger ?? '').split(':');
  /* translators: %s: what happened in the shop, such as "New order". */
  return kind === 'event' && what ? sprintf(__('After: %s', 'devskyy'), eventLabel(what)) : known(TRIGGERS(), kind);
}

export const readsLabel = (name) => known({
  products: __('products', 'devskyy'),
  sales: __('sales', 'devskyy'),
  orders: __('orders', 'devskyy'),
  order_lines: __('order lines', 'devskyy'),
  stock: __('stock', 'devskyy'),
  stock_days: __('stock history', 'devskyy'),
  prices: __('prices', 'devskyy'),
  customers: __('customers without names', 'devskyy'),
  reviews: __('reviews', 'devskyy'),
  categories: __('categories', 'devskyy'),
  coupons: __('coupons', 'devskyy'),
  refunds: __('returns', 'devskyy'),
}, name);

const FIELDS = () => ({
  regular_price: __('Regular price', 'devskyy'),
  sale_price: __('Sale price', 'devskyy'),
  date_on_sale_from_gmt: __('Sale starts', 'devskyy'),
  date_on_sale_to_gmt: __('Sale ends', 'devskyy'),
  low_stock_amount: __('Low stock threshold', 'devskyy'),
  stock_delta: __('Stock', 'devskyy'),
  name: __('Name', 'devskyy'),
  description: __('Description', 'devskyy'),
  short_description: __('Short description', 'devskyy'),
  weight: __('Weight', 'devskyy'),
  sku: __('SKU', 'devskyy'),
  categories: __('Categories', 'devskyy'),
  tags: __('Tags', 'devskyy'),
  amount: __('Amount', 'devskyy'),
  code: __('Code', 'devskyy'),
  date_expires: __('Valid until', 'devskyy'),
});

export const fieldLabel = (path) => known(FIELDS(), path);

export const resourceLabel = (resource) => known({
  products: __('Products', 'devskyy'),
  variations: __('Variations', 'devskyy'),
  orders: __('Orders', 'devskyy'),
  order_lines: __('Order lines', 'devskyy'),
  customers: __('Customers', 'devskyy'),
  reviews: __('Reviews', 'devskyy'),
  refunds: __('Returns', 'devskyy'),
  coupons: __('Coupons', 'devskyy'),
  categories: __('Categories', 'devskyy'),
}, resource);

export const eventLabel = (type) => known({
  'order.created': __('New order', 'devskyy'),
  'order.changed': __('Order changed', 'devskyy'),
  'order.refunded': __('Order refunded', 'devskyy'),
  'product.saved': __('Product saved', 'devskyy'),
  'product.deleted': __('Product deleted', 'devskyy'),
  'stock.changed': __('Stock changed', 'devskyy'),
  'review.posted': __('New review', 'devskyy'),
  'customer.created': __('New customer', 'devskyy'),
}, type);
