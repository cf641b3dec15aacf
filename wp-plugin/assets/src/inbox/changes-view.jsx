import { __, sprintf } from '@wordpress/i18n';
import { Badge } from '../lib/states.jsx';
import { isGuard, pathLabel, setLine, target, valueText, written } from '../lib/changes.js';
import { useNames } from './names.js';

function nameOf(change, names) {
  const found = target(change.resource);
  if (!found) return change.resource.replace(/^(wc|wp)\/v\d\//, '');
  /* translators: %d: number of a product. */
  const product = names[found.product] ?? sprintf(__('Product %d', 'devskyy'), found.product);
  if (!found.variation) return product;
  /* translators: %d: number of a variation of a product. */
  const variation = names[found.variation] ?? sprintf(__('variation %d', 'devskyy'), found.variation);
  /* translators: 1: product, 2: variation such as "Red, L". */
  return sprintf(__('%1$s – %2$s', 'devskyy'), product, variation);
}

const RESULT = () => ({
  applied: [__('Applied', 'devskyy'), 'good'],
  undone: [__('Undone', 'devskyy'), 'plain'],
  compensated: [__('Put back', 'devskyy'), 'warn'],
  skipped: [__('Not written', 'devskyy'), 'plain'],
  failed: [__('Failed', 'devskyy'), 'bad'],
  stale: [__('Changed since', 'devskyy'), 'warn'],
});

function Result({ result }) {
  if (!result) return null;
  const [label, tone] = RESULT()[result.state] ?? [result.state, 'plain'];
  return (
    <p className="devskyy-result">
      <Badge tone={tone}>{label}</Badge> {result.message}
    </p>
  );
}

/** What stands there now; only what goes away is struck through. */
function Was({ line }) {
  const said = <><span className="screen-reader-text">{__('was:', 'devskyy')} </span>{line.was}</>;
  return line.unset ? <span className="devskyy-quiet">{said}</span> : <del>{said}</del>;
}

function Line({ field }) {
  const line = setLine(field);
  if (line.long) {
    return (
      <div className="devskyy-change-long">
        <span className="devskyy-change-label">{line.label}</span>
        <Was line={line} />
        <ins><span className="screen-reader-text">{__('becomes:', 'devskyy')} </span>{line.to}</ins>
      </div>
    );
  }
  return (
    <div className="devskyy-change-line">
      <span className="devskyy-change-label">{line.label}</span>
      <span className="devskyy-change-values">
        <Was line={line} />
        <span className="devskyy-arrow" aria-hidden="true" />
        <ins><span className="screen-reader-text">{__('becomes:', 'devskyy')} </span>{line.to}</ins>
      </span>
    </div>
  );
}

function Guard({ field }) {
  return (
    <p className="devskyy-quiet">
      {
        /* translators: 1: a field of a product, such as "Price", 2: its value. */
        sprintf(__('%1$s stays %2$s.', 'devskyy'), pathLabel(field.path), valueText(field.path, field.to))
      }
    </p>
  );
}

function Body({ change }) {
  if (change.kind === 'act') return <p>{__('The sidecar does this once. It cannot be undone.', 'devskyy')}</p>;
  if (change.kind === 'create') {
    return Object.entries(change.body ?? {}).filter(([path]) => path !== 'meta_data').map(([path, value]) => (
      <div className="devskyy-change-line" key={path}>
        <span className="devskyy-change-label">{pathLabel(path)}</span>
        <span className="devskyy-change-values"><ins>{valueText(path, value)}</ins></span>
      </div>
    ));
  }
  return (
    <>
      {written(change).map((field) => <Line key={field.path} field={field} />)}
      {change.set.filter(isGuard).map((field) => <Guard key={field.path} field={field} />)}
    </>
  );
}

/** Exactly what changes: per product or variation, what stands there and what will. */
export function Changes({ proposal, results = [] }) {
  const names = useNames(proposal);
  return (
    <ul className="devskyy-changes">
      {proposal.changes.map((change) => (
        <li key={change.change_id}>
          <h4>
            {change.kind === 'create'
              /* translators: %s: kind of thing, such as "coupons". */
              ? sprintf(__('New in %s', 'devskyy'), nameOf(change, names))
              : nameOf(change, names)}
          </h4>
          <Body change={change} />
          <Result result={results.find((result) => result.change_id === change.change_id)} />
        </li>
      ))}
    </ul>
  );
}
