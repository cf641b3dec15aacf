import { __, sprintf } from '@wordpress/i18n';
import { Button } from '@wordpress/components';
import { useEffect, useId, useRef, useState } from '@wordpress/element';
import { chartInWords } from './message.js';
import { bandPath, extent, gap, linePath, position, shadeAt, spread, tableOf, tickPlaces, xValue } from './scale.js';
import { number, money } from './money.js';
import { day, shortDay } from './time.js';

const HEIGHT = 200;
const EDGE = { top: 12, bottom: 26, start: 46, end: 12 };

function useWidth(fallback) {
  const ref = useRef(null);
  const [width, setWidth] = useState(fallback);
  useEffect(() => {
    if (!ref.current) return undefined;
    const watch = new ResizeObserver(([entry]) => setWidth(Math.max(240, Math.round(entry.contentRect.width))));
    watch.observe(ref.current);
    return () => watch.disconnect();
  }, []);
  return [ref, width];
}

const isMoney = (unit) => /^[A-Z]{3}$/.test(unit ?? '');
const yText = (value, unit, places = 2) => (isMoney(unit) ? money(value, { currency: unit, decimals: Number.isInteger(value) ? 0 : Math.max(2, places) }) : number(value, places));
const xText = (x, type) => (type === 'date' ? day(x) : String(x));

/** One picture with one message: history solid, forecast dashed with its band, today marked. */
export function Chart({ chart: given }) {
  const [ref, width] = useWidth(420);
  const [asTable, setAsTable] = useState(false);
  if (!given?.series?.length) return null;
  const chart = chartInWords(given);
  return (
    <figure className="devskyy-chart" ref={ref}>
      <figcaption>{chart.title}</figcaption>
      {asTable ? <ChartTable chart={chart} /> : <Picture chart={chart} width={width} />}
      {!asTable && <Legend chart={chart} />}
      <Button variant="link" onClick={() => setAsTable(!asTable)} aria-expanded={asTable}>
        {asTable ? __('Show as picture', 'devskyy') : __('Show as table', 'devskyy')}
      </Button>
    </figure>
  );
}

function Picture({ chart, width }) {
  const hatch = useId().replace(/\W/g, '');
  const { x: dx, y: dy, categories, yTicks } = extent(chart);
  const px = (x) => position(xValue(x, chart.x_type, categories), dx, [EDGE.start, width - EDGE.end]);
  const py = (y) => position(y, dy, [HEIGHT - EDGE.bottom, EDGE.top]);
  /* translators: 1: title of a picture, 2: name of the vertical axis, 3: name of the horizontal axis. */
  const label = sprintf(__('%1$s. %2$s by %3$s. The figures stand in the table.', 'devskyy'), chart.title, chart.y_label, chart.x_label);
  return (
    <svg className="devskyy-picture" width={width} height={HEIGHT} viewBox={`0 0 ${width} ${HEIGHT}`} role="img" aria-label={label} direction="ltr">
      <defs>
        <pattern id={hatch} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <line x1="0" y1="0" x2="0" y2="6" className="devskyy-hatch" />
        </pattern>
      </defs>
      {(chart.shade ?? []).map((shade, n) => {
        const [a, b] = [px(shade.from), px(shade.to)].sort((m, k) => m - k);
        return <rect key={n} x={a} y={EDGE.top} width={Math.max(2, b - a)} height={HEIGHT - EDGE.top - EDGE.bottom} fill={`url(#${hatch})`}><title>{shade.label}</title></rect>;
      })}
      {yTicks.map((tick) => (
        <g key={tick}>
          <line className="devskyy-grid" x1={EDGE.start} x2={width - EDGE.end} y1={py(tick)} y2={py(tick)} />
          <text x={EDGE.start - 6} y={py(tick) + 4} textAnchor="end">{yText(tick, chart.unit, tickPlaces(yTicks))}</text>
        </g>
      ))}
      <XAxis chart={chart} px={px} width={width} categories={categories} />
      {chart.band && <path className="devskyy-band" d={bandPath(chart.band.points.map(([x, low, high]) => [px(x), py(low), py(high)]))} />}
      {chart.series.map((series, n) => <Series key={n} n={n} series={series} px={px} py={py} zero={py(Math.max(0, dy[0]))} bars={barSlots(chart, categories, px)} />)}
      <Marks marks={chart.marks ?? []} px={px} width={width} />
    </svg>
  );
}

/** Room for the bars at one place: `{width, of(n)}` gives the shift of the n-th row of bars. */
function barSlots(chart, categories, px) {
  const rows = chart.series.filter((series) => series.kind === 'bar');
  const places = rows.flatMap((series) => series.points.map(([x]) => px(x)));
  const room = Math.min(48, Math.max(2, gap(places) * 0.72));
  const width = room / Math.max(1, rows.length);
  return { width, shift: (series) => rows.indexOf(series) * width - room / 2 };
}

function Series({ series, n, px, py, zero, bars }) {
  if (series.kind === 'bar') {
    return series.points.filter(([, y]) => y !== null).map(([x, y], k) => (
      <rect key={k} className={`devskyy-bar-${n % 3}`} x={px(x) + bars.shift(series)} width={Math.max(1, bars.width - 1)}
        y={Math.min(zero, py(y))} height={Math.max(1, Math.abs(zero - py(y)))} />
    ));
  }
  const points = series.points.map(([x, y]) => [px(x), y === null ? null : py(y)]);
  return (
    <>
      <path className={`devskyy-line devskyy-line-${n % 3} is-${series.style ?? 'solid'}`} d={linePath(points, series.kind === 'step')} />
      {points.length === 1 && points[0][1] !== null && <circle cx={points[0][0]} cy={points[0][1]} r="3" className={`devskyy-dot-${n % 3}`} />}
    </>
  );
}

function XAxis({ chart, px, width, categories }) {
  const all = chart.x_type === 'category' ? categories : [...new Set(chart.series.flatMap((s) => s.points.map(([x]) => x)))];
  const sorted = chart.x_type === 'category' ? all : all.sort((a, b) => xValue(a, chart.x_type) - xValue(b, chart.x_type));
  const shown = chart.x_type === 'category' && all.length <= 7 ? sorted : spread(sorted, Math.max(2, Math.floor(width / 110)));
  const room = Math.floor((width - EDGE.start - EDGE.end) / Math.max(1, shown.length) / 6.4);
  const text = (x) => (chart.x_type === 'date' ? shortDay(x) : chart.x_type === 'number' ? number(x) : String(x));
  const clip = (label) => (chart.x_type === 'category' && label.length > room ? `${label.slice(0, Math.max(3, room - 1))}…` : label);
  return shown.map((x, n) => {
    const anchor = chart.x_type === 'category' ? 'middle' : n === 0 ? 'start' : n === shown.length - 1 ? 'end' : 'middle';
    return <text key={String(x)} x={px(x)} y={HEIGHT - 8} textAnchor={anchor}>{clip(text(x))}<title>{text(x)}</title></text>;
  });
}

function Marks({ marks, px, width }) {
  return marks.map((mark, n) => {
    const x = px(mark.x);
    const late = x > width * 0.66;
    return (
      <g key={n} className="devskyy-mark">
        <line x1={x} x2={x} y1={EDGE.top - 4} y2={HEIGHT - EDGE.bottom} />
        <text x={late ? x - 5 : x + 5} y={EDGE.top + 6 + (n % 3) * 14} textAnchor={late ? 'end' : 'start'}>{mark.label}</text>
      </g>
    );
  });
}

function Legend({ chart }) {
  const several = chart.series.length > 1 || chart.band || chart.shade?.length;
  if (!several) return <p className="devskyy-legend devskyy-quiet">{chart.y_label}</p>;
  return (
    <ul className="devskyy-legend">
      {chart.series.map((series, n) => (
        <li key={n}><i className={`devskyy-key is-${series.kind} is-${series.style ?? 'solid'} key-${n % 3}`} />{series.name}</li>
      ))}
      {chart.band && <li><i className="devskyy-key is-band" />{chart.band.name}</li>}
      {chart.shade?.length > 0 && <li><i className="devskyy-key is-shade" />{chart.shade[0].label}</li>}
    </ul>
  );
}

function ChartTable({ chart }) {
  const rows = tableOf(chart);
  const band = chart.band ? [
    /* translators: %s: name of an interval. */
    sprintf(__('%s, from', 'devskyy'), chart.band.name),
    /* translators: %s: name of an interval. */
    sprintf(__('%s, to', 'devskyy'), chart.band.name),
  ] : [];
  return (
    <div className="devskyy-chart-table" tabIndex={0} role="group" aria-label={chart.title}>
      <table>
        <thead><tr><th scope="col">{chart.x_label}</th>{[...chart.series.map((series) => series.name), ...band].map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
        <tbody>
          {rows.map(([x, ...cells]) => (
            <tr key={String(x)}><th scope="row">{xText(x, chart.x_type)}</th>{cells.map((cell, n) => <td key={n}>{cell === null ? (n === 0 && shadeAt(chart, x)) || '–' : yText(cell, chart.unit, Math.abs(cell) < 0.1 ? 3 : 2)}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
