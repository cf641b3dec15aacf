import { useCallback, useState } from '@wordpress/element';
import { __, _n, sprintf } from '@wordpress/i18n';
import { speak } from '@wordpress/a11y';
import { post } from '../lib/api.js';

const BATCH = 25;

/** What a single act comes to, for the line that is shown and read out. */
function doneText(action) {
  switch (action) {
    case 'approve': return __('Done. The shop has changed.', 'devskyy');
    case 'reject': return __('Rejected. It will not come back soon.', 'devskyy');
    case 'snooze': return __('Put off. It comes back by itself.', 'devskyy');
    default: return __('Undone. The former values stand again.', 'devskyy');
  }
}

function send(action, proposal, extra) {
  const data = action === 'approve' ? { digest: proposal.digest } : extra;
  return post(`/proposals/${proposal.id}/${action}`, data);
}

/**
 * Approve, reject, snooze and undo, one or many.
 *
 * `after` is called once the list is worth loading again. `busy` is the id at work, `outcome` holds by id
 * `{action, ok, text, error?, results?}`, `last` the newest of them.
 */
export function useActs(after) {
  const [busy, setBusy] = useState(null);
  const [outcome, setOutcome] = useState({});
  const [progress, setProgress] = useState(null);
  const [summary, setSummary] = useState(null);
  const [last, setLast] = useState(null);

  const act = useCallback(async (action, proposal, extra = {}) => {
    setBusy(proposal.id);
    let result;
    try {
      const answer = await send(action, proposal, extra);
      result = { action, ok: true, text: doneText(action), results: answer.results, proposal: answer.proposal };
    } catch (error) {
      result = { action, ok: false, text: error.message, error, results: error.data?.results };
    }
    setOutcome((old) => ({ ...old, [proposal.id]: result }));
    setLast({ ...result, id: proposal.id, proposal: { ...proposal, ...(result.proposal ?? {}) } });
    setBusy(null);
    speak(result.text, result.ok ? 'polite' : 'assertive');
    after();
    return result;
  }, [after]);

  const bulk = useCallback(async (action, proposals, extra = {}) => {
    const results = [];
    setSummary(null);
    for (let at = 0; at < proposals.length; at += BATCH) {
      setProgress({ action, done: at, total: proposals.length });
      const part = proposals.slice(at, at + BATCH);
      const items = part.map(({ id, digest }) => (action === 'approve' ? { id, digest } : { id }));
      try {
        const answer = await post('/proposals/bulk', { action, items, ...extra });
        results.push(...answer.results);
      } catch (error) {
        // The rest would meet the same obstacle: stop, and say so for each that was not tried.
        results.push(...proposals.slice(at).map(({ id }) => ({ id, ok: false, error })));
        break;
      }
    }
    const told = summarize(action, proposals, results);
    setProgress(null);
    setSummary(told);
    speak(told.text, told.failed.length ? 'assertive' : 'polite');
    after();
    return told;
  }, [after]);

  const clear = useCallback(() => setSummary(null), []);
  const forget = useCallback(() => setLast(null), []);
  return { busy, outcome, act, last, forget, progress, summary, bulk, clear };
}

function goodText(action, count) {
  switch (action) {
    /* translators: %d: number of proposals. */
    case 'approve': return sprintf(_n('%d approved and applied', '%d approved and applied', count, 'devskyy'), count);
    /* translators: %d: number of proposals. */
    case 'reject': return sprintf(_n('%d rejected', '%d rejected', count, 'devskyy'), count);
    /* translators: %d: number of proposals. */
    case 'snooze': return sprintf(_n('%d put off', '%d put off', count, 'devskyy'), count);
    /* translators: %d: number of proposals. */
    default: return sprintf(_n('%d undone', '%d undone', count, 'devskyy'), count);
  }
}

function badText(stale, other) {
  const words = [];
  if (stale) {
    /* translators: %d: number of proposals. */
    words.push(sprintf(_n('%d no longer fits the shop', '%d no longer fit the shop', stale, 'devskyy'), stale));
  }
  if (other) {
    /* translators: %d: number of proposals. */
    words.push(sprintf(_n('%d could not be done', '%d could not be done', other, 'devskyy'), other));
  }
  return words;
}

/** The outcome of a bulk act: `{action, text, done: [id], failed: [{id, proposal, error}]}`. */
export function summarize(action, proposals, results) {
  const byId = new Map(proposals.map((proposal) => [proposal.id, proposal]));
  const done = results.filter((result) => result.ok).map((result) => result.id);
  const failed = results.filter((result) => !result.ok).map(({ id, error }) => ({ id, error, proposal: byId.get(id) }));
  const stale = failed.filter(({ error }) => ['stale', 'digest_mismatch', 'expired'].includes(error?.code)).length;
  const words = [...(done.length ? [goodText(action, done.length)] : []), ...badText(stale, failed.length - stale)];
  return { action, text: `${words.join(', ')}.`, done, failed };
}
