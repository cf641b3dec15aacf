/** What the plugin tells the pages about the shop (`window.devskyy`), with quiet defaults. */
const DEFAULTS = {
  page: '',
  paired: true,
  version: '',
  locale: 'en_US',
  timezone: 'UTC',
  currency: { code: 'USD', symbol: '$', position: 'left', decimals: 2, thousand: ',', decimal: '.' },
  urls: {},
  can: { pair: false },
};

export function shop() {
  const given = globalThis.devskyy ?? {};
  return { ...DEFAULTS, ...given, currency: { ...DEFAULTS.currency, ...(given.currency ?? {}) } };
}

const NAMED = { amp: '&', nbsp: '\u00a0', euro: '€', pound: '£', yen: '¥', cent: '¢', lt: '<', gt: '>', quot: '"' };

/** WooCommerce keeps currency symbols as HTML entities: `&#36;` becomes `$`. */
export function decodeEntities(text) {
  return String(text).replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, dec, name) => {
    if (hex) return String.fromCodePoint(parseInt(hex, 16));
    if (dec) return String.fromCodePoint(parseInt(dec, 10));
    return NAMED[name] ?? whole;
  });
}
