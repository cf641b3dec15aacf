import { __, sprintf } from '@wordpress/i18n';
import { Chart } from '../lib/chart.jsx';
import { effectWords, errorWords, sureness } from '../lib/effect.js';
import { Message } from '../lib/message-view.jsx';
import { param } from '../lib/message.js';
import { number } from '../lib/money.js';
import { stateLabel } from '../lib/labels.js';
import { ago, day } from '../lib/time.js';
import { Badge } from '../lib/states.jsx';
import { STATE_TONE } from './row.jsx';

export function Section({ title, children }) {
  return (
    <section className="devskyy-section">
      <h3>{title}</h3>
      {children}
    </section>
  );
}

function Item({ term, children }) {
  return <div><dt>{term}</dt><dd>{children}</dd></div>;
}

/** What is expected, in words, with how sure that is. */
export function Expected({ effect }) {
  const words = effectWords(effect);
  if (!words) return null;
  return (
    <div className={`devskyy-expected is-${words.tone}`}>
      <b><bdi>{words.main}</bdi></b>
      <bdi>
        {words.range && (effect.level
          /* translators: 1: interval such as "$40 to $210", 2: how sure, such as "in 8 of 10 cases". */
          ? sprintf(__('%1$s %2$s', 'devskyy'), words.range, sureness(effect.level))
          : words.range)}
      </bdi>
      {effect.label && <span className="devskyy-quiet"><Message of={effect.label} plain /></span>}
    </div>
  );
}

/** Data, method and how far it was off before. */
function How({ evidence }) {
  const error = errorWords(evidence.error);
  const { window: span } = evidence;
  return (
    <dl className="devskyy-facts">
      {span && (
        <Item term={__('Looked at', 'devskyy')}>
          {/* translators: 1: first day, 2: last day. */}
          {sprintf(__('%1$s to %2$s', 'devskyy'), day(span.from), day(span.to))}
          {evidence.n > 0 && `, ${number(evidence.n, 0)} ${evidence.n_label ? __(evidence.n_label, 'devskyy') : ''}`}
        </Item>
      )}
      {evidence.method && <Item term={__('How', 'devskyy')}><Message of={evidence.method} plain /></Item>}
      {error && (
        <Item term={__('Tested on your past data', 'devskyy')}>
          {error.text}
          {error.baseline && <span className="devskyy-quiet"><br />{error.baseline}</span>}
        </Item>
      )}
    </dl>
  );
}

function Lines({ messages }) {
  return <ul className="devskyy-lines">{messages.map((message, n) => <li key={n}><Message of={message} plain /></li>)}</ul>;
}

/** All that stands behind a proposal, the picture first. */
export function Evidence({ evidence }) {
  if (!evidence) return null;
  const { facts = [], notes = [], considered = [] } = evidence;
  return (
    <>
      <Section title={__('Why', 'devskyy')}>
        <Chart chart={evidence.chart} />
        {facts.length > 0 && <dl className="devskyy-facts">{facts.map((fact, n) => <Item key={n} term={__(fact.label, 'devskyy')}>{param(fact.value)}</Item>)}</dl>}
      </Section>
      <Section title={__('How sure', 'devskyy')}>
        <How evidence={evidence} />
        {notes.length > 0 && (
          <>
            <h4>{__('What is not known', 'devskyy')}</h4>
            <Lines messages={notes} />
          </>
        )}
      </Section>
      {considered.length > 0 && <Section title={__('What else was considered', 'devskyy')}><Lines messages={considered} /></Section>}
    </>
  );
}

/** The same agent's former proposals and how they turned out. */
export function History({ items, onOpen }) {
  // One that a newer run replaced was never decided: it tells nothing.
  const told = (items ?? []).filter((item) => item.state !== 'superseded');
  if (!told.length) return null;
  return (
    <Section title={__('Former proposals of this agent', 'devskyy')}>
      <ul className="devskyy-history">
        {told.map((item) => (
          <li key={item.id}>
            <button type="button" className="devskyy-linklike" onClick={() => onOpen(item.id)}>
              {item.evidence?.message ? <Message of={item.evidence.message} plain /> : item.title}
            </button>
            <span className="devskyy-history-end">
              <Badge tone={STATE_TONE[item.state]}>{stateLabel(item.state)}</Badge>
              <span className="devskyy-quiet">{ago(item.decided_at ?? item.created_at)}</span>
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}
