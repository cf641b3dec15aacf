import { __, sprintf } from '@wordpress/i18n';
import { param } from '../lib/message.js';
import { number } from '../lib/money.js';
import { titleOf } from '../lib/schema.js';
import { day, moment } from '../lib/time.js';

const MOST_ROWS = 20;
const isPlain = (value) => value === null || typeof value !== 'object';

/** A single value as a person would write it. */
export function plainText(value) {
  if (value === null || value === undefined || value === '') return '–';
  if (typeof value === 'boolean') return value ? __('yes', 'devskyy') : __('no', 'devskyy');
  if (typeof value === 'number') return number(value);
  if (/^\d{4}-\d\d-\d\d$/.test(value)) return day(value);
  if (/^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:?\d\d)$/.test(value)) return moment(value);
  return String(value);
}

/** What stands in a cell: lists joined, what is deeper as it came. */
function cellText(value) {
  if (isPlain(value)) return plainText(value);
  if (Array.isArray(value) && value.every(isPlain)) return value.length ? value.map(plainText).join(', ') : '–';
  return JSON.stringify(value);
}

function Rows({ rows, schema }) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].slice(0, 6);
  const title = (name) => __(titleOf(name, schema?.properties?.[name]), 'devskyy');
  return (
    <div className="devskyy-chart-table" tabIndex={0}>
      <table>
        <thead><tr>{columns.map((name) => <th key={name} scope="col">{title(name)}</th>)}</tr></thead>
        <tbody>
          {rows.slice(0, MOST_ROWS).map((row, n) => <tr key={n}>{columns.map((name) => <td key={name}>{cellText(row[name])}</td>)}</tr>)}
        </tbody>
      </table>
      {/* translators: %d: number of further rows. */}
      {rows.length > MOST_ROWS && <p className="devskyy-quiet">{sprintf(__('and %d more', 'devskyy'), rows.length - MOST_ROWS)}</p>}
    </div>
  );
}

function Value({ value, schema }) {
  if (schema?.unit === 'percent' && typeof value === 'number') return param({ type: 'percent', value, decimals: 1 });
  if (isPlain(value)) return plainText(value);
  if (!Array.isArray(value)) return <Values values={value} schema={schema} />;
  if (!value.length) return '–';
  if (value.every(isPlain)) return value.slice(0, MOST_ROWS).map(plainText).join(', ') + (value.length > MOST_ROWS ? '…' : '');
  return value.every((row) => row && !Array.isArray(row) && typeof row === 'object') ? <Rows rows={value} schema={schema?.items} /> : <code>{JSON.stringify(value)}</code>;
}

/** An object as a list of terms; titles come from its schema where there is one. */
export function Values({ values, schema, empty }) {
  const entries = Object.entries(values ?? {});
  if (!entries.length) return <p className="devskyy-quiet">{empty ?? '–'}</p>;
  return (
    <dl className="devskyy-facts">
      {entries.map(([name, value]) => (
        <div key={name} className={isPlain(value) ? '' : 'is-wide'}>
          <dt>{__(titleOf(name, schema?.properties?.[name]), 'devskyy')}</dt>
          <dd><Value value={value} schema={schema?.properties?.[name]} /></dd>
        </div>
      ))}
    </dl>
  );
}
