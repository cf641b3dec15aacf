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

const FOCUSABLE = 'button, a[href], input, select, textarea, [tabindex]';
const nameOf = (element) => element.getAttribute('aria-label') ?? element.textContent;

/** Where to go on once `lost` has left `path`, the elements that held it from the inside out: its successor of the same name, else what comes first nearby. */
function successor(lost, path) {
  for (const place of path.filter((element) => element.isConnected)) {
    const found = [...place.querySelectorAll(FOCUSABLE)].filter((element) => element.tabIndex >= 0 && !element.disabled && element.getClientRects().length);
    if (found.length) return found.find((element) => element.tagName === lost.tagName && nameOf(lost) && nameOf(element) === nameOf(lost)) ?? found[0];
  }
  return null;
}

/** Keeps the focus inside the element with this ref: what has it may vanish by its own press, and the keyboard must not start anew at the page's top. */
export function useKeptFocus() {
  const ref = useRef(null);
  useEffect(() => {
    const { current: root } = ref;
    let last = null;
    let path = [];
    const note = ({ target }) => {
      last = target;
      path = [];
      for (let up = target.parentElement; up && root.contains(up); up = up.parentElement) path.push(up);
    };
    const watch = new MutationObserver(() => {
      if (!last || last.isConnected || document.activeElement !== document.body) return;
      // Whoever has a better place for the focus says so within this frame.
      window.requestAnimationFrame(() => {
        if (!last || last.isConnected || document.activeElement !== document.body) return;
        const next = successor(last, path);
        next?.focus({ preventScroll: true });
        next?.scrollIntoView({ block: 'nearest' });
      });
    });
    // A person who leaves by pointer or into another part of wp-admin keeps what they chose.
    const left = ({ target }) => { if (!root.contains(target)) last = null; };
    root.addEventListener('focusin', note);
    document.addEventListener('pointerdown', left);
    watch.observe(root, { childList: true, subtree: true });
    return () => {
      root.removeEventListener('focusin', note);
      document.removeEventListener('pointerdown', left);
      watch.disconnect();
    };
  }, []);
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
