import apiFetch from '@wordpress/api-fetch';
import { __ } from '@wordpress/i18n';
import { eachOnce } from './once.js';

const ROOT = '/devskyy/v1';

/** `{a: 1, b: ''}` as `?a=1`; empty values are left out. */
export function queryString(query = {}) {
  const pairs = Object.entries(query).filter(([, value]) => value !== '' && value !== undefined && value !== null);
  return pairs.length ? `?${new URLSearchParams(pairs)}` : '';
}

/** Errors of the host and of the sidecar in one shape: `{code, message, hint, fields, data, status}`. */
export function problem(error) {
  const inner = error?.error ?? error ?? {};
  const data = inner.data ?? {};
  const offline = inner.code === 'offline_error' || inner.code === 'fetch_error';
  // A page of the web server's, such as that of a gateway which waited too long, in place of an answer.
  const page = inner.code === 'invalid_json';
  return {
    code: inner.code ?? 'unknown',
    message: page ? __('The shop\'s web server answered with a page of its own.', 'devskyy') : inner.message || __('Something went wrong.', 'devskyy'),
    hint: inner.hint ?? data.hint ?? (offline ? __('Check your connection to the shop, then try again.', 'devskyy') : page ? __('It may be busy, or you may be signed out. Try again in a minute; if it happens again, look at Status.', 'devskyy') : ''),
    fields: inner.fields ?? data.fields ?? {},
    request_id: inner.request_id ?? data.request_id ?? '',
    status: data.status ?? 0,
    data,
  };
}

function call(path, options) {
  return apiFetch({ path: ROOT + path, ...options }).catch((error) => {
    if (error?.name === 'AbortError') throw error;
    throw problem(error);
  });
}

let pressed = 0;

/** A person says "try again": what is read in the next second asks the sidecar although it was just away. */
export function tryAgain(load) {
  pressed = Date.now();
  return load();
}

const insisting = () => (Date.now() - pressed < 1000 ? { headers: { 'X-DevSkyy-Retry': '1' } } : {});

export const get = (path, query, signal) => call(path + queryString(query), { signal, ...insisting() });
export const post = (path, data = {}) => call(path, { method: 'POST', data });
/** Makes things one after the other, each once however often it is tried. */
export const makeAll = eachOnce((path, data, key) => call(path, { method: 'POST', data, headers: { 'Idempotency-Key': key } }));

export const make = async (path, data = {}) => (await makeAll([[path, data]]))[0];

export const put = (path, data) => call(path, { method: 'PUT', data });
export const patch = (path, data) => call(path, { method: 'PATCH', data });
export const remove = (path) => call(path, { method: 'DELETE' });

/** Saves what a route answers as a file; the host's session and nonce go with it, so nothing secret stands in an address. */
export async function download(path, query, name) {
  let answer;
  try {
    answer = await apiFetch({ path: ROOT + path + queryString(query), parse: false });
  } catch (failed) {
    throw problem(typeof failed?.json === 'function' ? await failed.json().catch(() => ({})) : failed);
  }
  const url = URL.createObjectURL(await answer.blob());
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Any other route of the host, such as names of products; a failure is nothing worse than no names. */
export const hostGet = (path) => apiFetch({ path }).catch(() => []);
