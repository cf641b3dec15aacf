import { __, _n, sprintf } from '@wordpress/i18n';
import { fieldLabel } from './labels.js';
import { money, number } from './money.js';
import { moment } from './time.js';

const PRICE = /^(regular_price|sale_price|price|amount)$/;
const DATE = /^(date_|.*_gmt$)/;

/** The product and variation behind `wc/v3/products/12/variations/34`: `{product, variation}` or null. */
export function target(resource) {
  const found = /^wc\/v3\/products\/(\d+)(?:\/variations\/(\d+))?$/.exec(resource ?? '');
  return found ? { product: Number(found[1]), variation: found[2] ? Number(found[2]) : null } : null;
}

/** A field's label, pictures and own fields included. */
export function pathLabel(path) {
  const image = /^images\[(\d+)\]\.alt$/.exec(path);
  /* translators: %d: number of a picture of a product. */
  if (image) return sprintf(__('Alternative text of picture %d', 'devskyy'), Number(image[1]) + 1);
  const meta = /^meta_data\[(.+)\]$/.exec(path);
  /* translators: %s: name of a custom field. */
  if (meta) return sprintf(__('Custom field %s', 'devskyy'), meta[1]);
  return fieldLabel(path);
}

const isUnset = (value) => value === null || value === '' || value === undefined;

/** A value of a change in words; nothing there is said, not left blank. */
export function valueText(path, value) {
  if (isUnset(value)) return __('not set', 'devskyy');
  if (PRICE.test(path)) return money(value);
  if (DATE.test(path)) return moment(/Z$|[+-]\d\d:\d\d$/.test(value) ? value : `${value}Z`);
  if (typeof value === 'boolean') return value ? __('yes', 'devskyy') : __('no', 'devskyy');
  if (typeof value === 'number') return number(value);
  if (Array.isArray(value)) return value.map((part) => (typeof part === 'object' ? part.name ?? `#${part.id}` : String(part))).join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** One field of a patch as `{label, was, to, long}`; a stock move is shown as its plus or minus. */
export function setLine({ path, was, to }) {
  const label = pathLabel(path);
  if (path === 'stock_delta') {
    const after = was === null || was === undefined ? '' : number(Number(was) + Number(to));
    const sign = to > 0 ? `+${number(to)}` : number(to);
    /* translators: 1: pieces added or taken away, 2: stock afterwards. */
    const text = after ? sprintf(__('%1$s, then %2$s', 'devskyy'), sign, after) : sign;
    return { label, was: valueText(path, was), to: text, long: false };
  }
  const [before, after] = [valueText(path, was), valueText(path, to)];
  return { label, was: before, to: after, unset: isUnset(was), long: before.length > 80 || after.length > 80 };
}

/** Whether a field only has to stand as it was seen, and is not changed. */
export const isGuard = ({ path, was, to }) => path !== 'stock_delta' && JSON.stringify(was) === JSON.stringify(to);

/** What a patch changes. */
export const written = (change) => (change.set ?? []).filter((field) => !isGuard(field));

/** How many resources get another price. */
export function priceCount(changes = []) {
  return changes.filter((change) => written(change).some((field) => PRICE.test(field.path))).length;
}

/** The ids of products, and of variations by product, that the changes name. */
export function targets(changes = []) {
  const products = new Set();
  const variations = new Map();
  for (const change of changes) {
    const found = target(change.resource);
    if (found?.variation) {
      variations.set(found.product, [...(variations.get(found.product) ?? []), found.variation]);
    }
    if (found) products.add(found.product);
  }
  return { products: [...products], variations };
}

/** Why a proposal asks for a second press, or '' when one press is enough. */
export function caution(proposal) {
  const prices = priceCount(proposal.changes);
  if (prices > 1) {
    /* translators: %d: number of prices. */
    return sprintf(_n('This changes %d price. Customers see it at once.', 'This changes %d prices. Customers see them at once.', prices, 'devskyy'), prices);
  }
  if ((proposal.changes ?? []).some((change) => change.kind === 'act')) {
    return __('This cannot be undone once it is done.', 'devskyy');
  }
  return proposal.risk === 'high' ? __('This is a high-risk change. Look at what changes before you go on.', 'devskyy') : '';
}

/** The name of the second press. */
export function confirmLabel(proposal) {
  const prices = priceCount(proposal.changes);
  /* translators: %d: number of prices. */
  if (prices) return sprintf(_n('Yes, change %d price', 'Yes, change %d prices', prices, 'devskyy'), prices);
  const count = proposal.changes.length;
  /* translators: %d: number of changes. */
  return sprintf(_n('Yes, make %d change', 'Yes, make %d changes', count, 'devskyy'), count);
}

/** Whether approving the chosen proposals together asks for a second press. */
export function bulkCaution(proposals) {
  const prices = proposals.reduce((total, proposal) => total + priceCount(proposal.changes), 0);
  return { prices, needed: prices > 1 || proposals.some((proposal) => caution(proposal)) };
}

/** What pressing Undo will do, in one line per field: `Price back to $20.00`. */
export function undoLines(changes = []) {
  return changes.flatMap((change) => {
    if (change.kind === 'create') return [__('What was created is deleted', 'devskyy')];
    if (change.kind === 'act') return [__('This part cannot be undone', 'devskyy')];
    return written(change).map((field) => {
      if (field.path === 'stock_delta') {
        /* translators: %s: pieces, with plus or minus. */
        return sprintf(__('Stock moves by %s', 'devskyy'), (field.to < 0 ? '+' : '') + number(-field.to));
      }
      /* translators: %s: a field of a product, such as "Sale price". */
      if (isUnset(field.was)) return sprintf(__('%s is taken out again', 'devskyy'), pathLabel(field.path));
      /* translators: 1: a field of a product, such as "Price", 2: its former value. */
      return sprintf(__('%1$s back to %2$s', 'devskyy'), pathLabel(field.path), valueText(field.path, field.was));
    });
  });
}
