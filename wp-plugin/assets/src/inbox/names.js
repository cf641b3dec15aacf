import { useEffect, useState } from '@wordpress/element';
import { hostGet } from '../lib/api.js';
import { targets } from '../lib/changes.js';

const MOST_PARENTS = 8;

/** `Red, L` from a variation as wc/v3 answers it. */
function variationName(variation) {
  const options = (variation.attributes ?? []).map((attribute) => attribute.option).filter(Boolean).join(', ');
  return options || variation.name || `#${variation.id}`;
}

/**
 * The names of the products and variations that changes touch, as the shop knows them now.
 *
 * One request for all products and one per variable product; until they answer, and where they do not, ids stand in.
 */
export function useNames(proposal) {
  const [names, setNames] = useState({});
  const key = JSON.stringify((proposal?.changes ?? []).map((change) => change.resource));
  useEffect(() => {
    let gone = false;
    const { products, variations } = targets(proposal?.changes);
    const keep = (found) => !gone && setNames((old) => ({ ...old, ...found }));
    const known = proposal?.subject?.resource === 'products' ? { [proposal.subject.id]: proposal.subject.name } : {};
    setNames(known);
    const ask = products.filter((id) => !known[id]);
    if (ask.length) {
      hostGet(`/wc/v3/products?include=${ask.slice(0, 100).join(',')}&per_page=100&_fields=id,name`)
        .then((found) => keep(Object.fromEntries(found.map((product) => [product.id, product.name]))));
    }
    for (const [product, ids] of [...variations].slice(0, MOST_PARENTS)) {
      hostGet(`/wc/v3/products/${product}/variations?include=${ids.slice(0, 100).join(',')}&per_page=100&_fields=id,name,attributes`)
        .then((found) => keep(Object.fromEntries(found.map((variation) => [variation.id, variationName(variation)]))));
    }
    return () => { gone = true; };
  }, [key]);
  return names;
}
