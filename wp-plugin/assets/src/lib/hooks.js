import { useCallback, useEffect, useRef, useState } from '@wordpress/element';
import { get } from './api.js';

/**
 * Loads a route and keeps the last answer while a newer one is on its way.
 *
 * `path` null loads nothing; another `again` loads once more. Answers `{data, error, loading, reload, set}`.
 */
export function useLoad(path, query, again = 0) {
  const [state, setState] = useState({ data: null, error: null, loading: Boolean(path) });
  const [turn, setTurn] = useState(0);
  const key = JSON.stringify(query ?? {});
  useEffect(() => {
    if (!path) {
      setState({ data: null, error: null, loading: false });
      return undefined;
    }
    const abort = new AbortController();
    setState((old) => ({ ...old, loading: true }));
    get(path, JSON.parse(key), abort.signal).then(
      (data) => !abort.signal.aborted && setState({ data, error: null, loading: false }),
      (error) => !abort.signal.aborted && setState((old) => ({ data: old.data, error, loading: false })),
    );
    return () => abort.abort();
  }, [path, key, turn, again]);
  const reload = useCallback(() => setTurn((n) => n + 1), []);
  const set = useCallback((data) => setState((old) => ({ ...old, data })), []);
  return { ...state, reload, set };
}

/** Calls `tick` every `ms` while `ms` is set and somebody looks at the page. */
export function usePoll(tick, ms) {
  const latest = useRef(tick);
  latest.current = tick;
  useEffect(() => {
    if (!ms) return undefined;
    const timer = setInterval(() => { if (!document.hidden) latest.current(); }, ms);
    return () => clearInterval(timer);
  }, [ms]);
}

/** The value once it has stood still for `ms`. */
export function useSettled(value, ms = 300) {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}

/** Moves the focus to the element once, when it appears or when `key` changes. */
export function useFocusOn(key) {
  const ref = useRef(null);
  // What takes the focus stands in a panel that is in sight: the list behind it must not jump.
  useEffect(() => { ref.current?.focus({ preventScroll: true }); }, [key]);
  return ref;
}

/** The place's `#name=value&…` as an object. */
export function readHash() {
  return Object.fromEntries(new URLSearchParams(window.location.hash.slice(1)));
}

/** Keeps what is open in the address, so that a reload or a link finds it again. */
export function writeHash(values) {
  const pairs = Object.entries(values).filter(([, value]) => value);
  const hash = pairs.length ? `#${new URLSearchParams(pairs)}` : '';
  window.history.replaceState(null, '', window.location.pathname + window.location.search + hash);
}

/** Follows the address when a person opens a link to another proposal or run. */
export function useHash(follow) {
  const latest = useRef(follow);
  latest.current = follow;
  useEffect(() => {
    const listen = () => latest.current(readHash());
    window.addEventListener('hashchange', listen);
    return () => window.removeEventListener('hashchange', listen);
  }, []);
}

/** Where an element starts in the window, in pixels: a panel keeps its foot in sight by it; null until known. */
export function useTop(ref) {
  const [top, setTop] = useState(null);
  useEffect(() => {
    let frame = 0;
    const measure = () => {
      frame = 0;
      if (ref.current) setTop(Math.max(0, Math.round(ref.current.getBoundingClientRect().top)));
    };
    const soon = () => { if (!frame) frame = window.requestAnimationFrame(measure); };
    measure();
    window.addEventListener('scroll', soon, { passive: true });
    window.addEventListener('resize', soon);
    return () => {
      window.cancelAnimationFrame(frame);
      window.removeEventListener('scroll', soon);
      window.removeEventListener('resize', soon);
    };
  }, []);
  return top;
}
