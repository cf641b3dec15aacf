import { __, sprintf } from '@wordpress/i18n';
import { Button } from '@wordpress/components';
import { Icon } from '../lib/icons.jsx';
import { Message } from '../lib/message-view.jsx';
import { sentence } from '../lib/message.js';
import { effectWords } from '../lib/effect.js';
import { riskLabel, stateLabel } from '../lib/labels.js';
import { caution } from '../lib/changes.js';
import { ago, day, moment } from '../lib/time.js';
import { Badge } from '../lib/states.jsx';
import { Later } from './later.jsx';

export const STATE_TONE = {
  applied: 'good', applying: 'busy', approved: 'busy', undoing: 'busy', stale: 'warn', failed: 'bad', rejected: 'plain', undone: 'plain',
};
const RISK_TONE = { low: 'plain', medium: 'warn', high: 'bad' };

export function Thumb({ item, size = 40 }) {
  return item.thumbnail
    ? <img className="devskyy-thumb" src={item.thumbnail} alt="" width={size} height={size} loading="lazy" />
    : <span className="devskyy-thumb is-empty" style={{ inlineSize: size, blockSize: size }}><Icon name="box" /></span>;
}

export function RiskBadge({ risk }) {
  return <Badge tone={RISK_TONE[risk] ?? 'plain'}>{riskLabel(risk)}</Badge>;
}

/** What is expected, with its interval; nothing is made up where it is not known. */
export function Effect({ effect }) {
  const words = effectWords(effect);
  if (!words) return <span className="devskyy-quiet">{__('Not known', 'devskyy')}</span>;
  return (
    <span className={`devskyy-effect is-${words.tone}`}>
      <b><bdi>{words.main}</bdi></b>
      {words.range && <bdi className="devskyy-quiet">{words.range}</bdi>}
    </span>
  );
}

/** One proposal in the list. */
export function Row({ item, agent, selected, open, current, disabled, acts, onOpen, onSelect }) {
  const said = item.evidence?.message;
  const text = said ? sentence(said) : item.title;
  return (
    <tr role="row" data-row={item.id} className={`${selected ? 'is-selected' : ''}${open ? ' is-open' : ''}`}>
      <td role="cell" className="col-check">
        <input type="checkbox" checked={selected} onChange={onSelect} tabIndex={current ? 0 : -1}
          /* translators: %s: a proposal's sentence. */
          aria-label={sprintf(__('Select: %s', 'devskyy'), text)} />
      </td>
      <td role="cell" className="col-title">
        <div className="devskyy-lead">
          <Thumb item={item} />
          <div>
            <button type="button" className="devskyy-title" tabIndex={current ? 0 : -1} aria-expanded={open} onClick={() => onOpen(item.id)}>
              {said ? <Message of={said} /> : item.title}
            </button>
            <p className="devskyy-quiet">
              {agent?.title ?? item.agent}
              {item.state === 'snoozed' && item.snoozed_until && (
                /* translators: %s: a day. */
                <> · {sprintf(__('comes back on %s', 'devskyy'), day(item.snoozed_until))}</>
              )}
            </p>
          </div>
        </div>
      </td>
      <td role="cell" className="col-effect"><Effect effect={item.evidence?.effect} /></td>
      <td role="cell" className="col-risk">
        {['pending', 'snoozed'].includes(item.state) ? <RiskBadge risk={item.risk} /> : <Badge tone={STATE_TONE[item.state]}>{stateLabel(item.state)}</Badge>}
      </td>
      <td role="cell" className="col-created_at"><time dateTime={item.created_at} title={moment(item.created_at)}>{ago(item.created_at)}</time></td>
      <td role="cell" className="col-acts">
        <RowActs item={item} text={text} disabled={disabled} acts={acts} onOpen={onOpen} />
      </td>
    </tr>
  );
}

function RowActs({ item, text, disabled, acts, onOpen }) {
  const busy = acts.busy === item.id;
  const off = disabled || Boolean(acts.busy) || Boolean(acts.progress);
  const common = { size: 'compact', disabled: off, accessibleWhenDisabled: true, isBusy: busy };
  if (['pending', 'snoozed'].includes(item.state)) {
    // What asks for a second press opens first: there stands exactly what changes.
    const approve = () => (caution(item) ? onOpen(item.id, true) : acts.act('approve', item));
    return (
      <div className="devskyy-buttons">
        {/* translators: %s: a proposal's sentence. */}
        <Button {...common} variant="secondary" onClick={approve} aria-label={sprintf(__('Approve: %s', 'devskyy'), text)}>{__('Approve', 'devskyy')}</Button>
        <Later disabled={off} onPick={(until) => acts.act('snooze', item, { until })} />
        {/* translators: %s: a proposal's sentence. */}
        <Button {...common} isBusy={false} variant="tertiary" isDestructive onClick={() => acts.act('reject', item)} aria-label={sprintf(__('Reject: %s', 'devskyy'), text)}>{__('Reject', 'devskyy')}</Button>
      </div>
    );
  }
  if (item.state === 'applied' && item.undoable) {
    /* translators: %s: a proposal's sentence. */
    return <div className="devskyy-buttons"><Button {...common} disabled={Boolean(acts.busy)} variant="secondary" onClick={() => onOpen(item.id, true)} aria-label={sprintf(__('Undo: %s', 'devskyy'), text)}>{__('Undo…', 'devskyy')}</Button></div>;
  }
  return null;
}
