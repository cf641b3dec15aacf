/** Geometry of the small charts: numbers in, ticks and SVG paths out. Knows no React and no words. */

/** Round steps that cover [low, high] in about `count` parts. */
export function ticks(low, high, count = 4) {
  if (!(high > low)) return [low];
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((n) => n * power).find((n) => n >= raw - 1e-12);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, n) => Number(((first + n) * step).toPrecision(12)));
}

/** How many decimals tell neighbouring ticks apart. */
export function tickPlaces(found) {
  const step = found.length > 1 ? Math.abs(found[1] - found[0]) : 1;
  return (String(Number(step.toPrecision(6)).toFixed(10)).replace(/0+$/, '').split('.')[1] ?? '').length;
}

export function position(value, [d0, d1], [r0, r1]) {
  return d1 === d0 ? (r0 + r1) / 2 : r0 + ((value - d0) / (d1 - d0)) * (r1 - r0);
}

/** A place on the x axis as a number: days for dates, the place in the list for categories. */
export function xValue(x, type, categories = []) {
  if (type === 'date') return Date.parse(String(x).length === 10 ? `${x}T00:00:00Z` : x) / 86_400_000;
  if (type === 'category') return categories.indexOf(String(x));
  return Number(x);
}

/** All that a chart spans: `{x: [min, max], y: [min, max], categories, yTicks}`. Bars and small values start at zero. */
export function extent(chart) {
  const seen = chart.series.flatMap((series) => series.points);
  const categories = chart.x_type === 'category' ? [...new Set(seen.map(([x]) => String(x)))] : [];
  const at = (x) => xValue(x, chart.x_type, categories);
  const band = chart.band?.points ?? [];
  const marks = chart.x_type === 'category' ? [] : (chart.marks ?? []).map((mark) => at(mark.x));
  const xs = [...seen.map(([x]) => at(x)), ...band.map(([x]) => at(x)), ...marks].filter(Number.isFinite);
  const ys = [...seen.map(([, y]) => y), ...band.flatMap(([, low, high]) => [low, high])]
    .filter((y) => y !== null && y !== undefined).map(Number).filter(Number.isFinite);
  let [x0, x1] = xs.length ? [Math.min(...xs), Math.max(...xs)] : [0, 1];
  const bars = chart.series.some((series) => series.kind === 'bar');
  if (bars || chart.x_type === 'category') [x0, x1] = widen(x0, x1, seen, at);
  let [low, high] = ys.length ? [Math.min(...ys), Math.max(...ys)] : [0, 1];
  if (bars || low > 0 && low < (high - low) * 2) low = Math.min(0, low);
  if (high === low) [low, high] = low === 0 ? [0, 1] : [Math.min(0, low), Math.max(0, high)];
  const yTicks = ticks(low, high);
  return { x: [x0, x1], y: [Math.min(low, yTicks[0]), Math.max(high, yTicks[yTicks.length - 1])], categories, yTicks };
}

/** Half a step of air on both sides, so that the outer bars stand whole. */
function widen(x0, x1, points, at) {
  const half = gap(points.map(([x]) => at(x))) / 2;
  return [x0 - half, x1 + half];
}

/** The smallest distance between neighbouring places. */
export function gap(values) {
  const sorted = [...new Set(values)].sort((a, b) => a - b);
  const gaps = sorted.slice(1).map((value, n) => value - sorted[n]);
  return gaps.length ? Math.min(...gaps) : 1;
}

const r = (value) => Math.round(value * 10) / 10;

/** What the shading says of a place, such as "Out of stock"; '' where there is none. */
export function shadeAt(chart, x) {
  const at = (value) => xValue(value, chart.x_type);
  return (chart.x_type !== 'category' && chart.shade?.find(({ from, to }) => at(from) <= at(x) && at(x) <= at(to))?.label) || '';
}

/** A line through [x, y] pixels; null breaks it. `stepped` moves across before up, as prices do. */
export function linePath(points, stepped = false) {
  let path = '';
  let pen = null;
  for (const [x, y] of points) {
    if (y === null) {
      pen = null;
    } else {
      if (!pen) path += `M${r(x)},${r(y)}`;
      else path += stepped ? `H${r(x)}V${r(y)}` : `L${r(x)},${r(y)}`;
      pen = true;
    }
  }
  return path;
}

/** The outline of a band from [x, low, high] pixels. */
export function bandPath(points) {
  if (!points.length) return '';
  const upper = points.map(([x, , high]) => `${r(x)},${r(high)}`);
  const lower = [...points].reverse().map(([x, low]) => `${r(x)},${r(low)}`);
  return `M${[...upper, ...lower].join('L')}Z`;
}

/** At most `count` of the values, evenly spread, ends included. */
export function spread(values, count) {
  if (values.length <= count) return values;
  const each = (values.length - 1) / (count - 1);
  return Array.from({ length: count }, (_, n) => values[Math.round(n * each)]);
}

/** The chart as table: head names and a row per x with a cell per series, then the band's two. */
export function tableOf(chart) {
  const xs = [];
  const cells = new Map();
  const put = (x, column, value) => {
    const key = String(x);
    if (!cells.has(key)) { cells.set(key, []); xs.push(x); }
    cells.get(key)[column] = value;
  };
  chart.series.forEach((series, column) => series.points.forEach(([x, y]) => put(x, column, y)));
  const after = chart.series.length;
  (chart.band?.points ?? []).forEach(([x, low, high]) => { put(x, after, low); put(x, after + 1, high); });
  const width = after + (chart.band ? 2 : 0);
  const order = chart.x_type === 'category' ? xs : [...xs].sort((a, b) => xValue(a, chart.x_type) - xValue(b, chart.x_type));
  return order.map((x) => [x, ...Array.from({ length: width }, (_, n) => cells.get(String(x))[n] ?? null)]);
}
