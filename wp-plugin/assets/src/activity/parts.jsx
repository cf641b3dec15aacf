import { __, sprintf } from '@wordpress/i18n';
import { Icon } from '../lib/icons.jsx';
import { SidePanel } from '../lib/panel.jsx';
import { Badge } from '../lib/states.jsx';
import { moment } from '../lib/time.js';
import { Values } from '../runs/values.jsx';
import { actionWords, chainWords, changes, more, productLinks, subject, whoIcon, whoWords } from './entry.js';

const INLINE = 2;
const LONG = 60;

const cut = (words) => (words.length > LONG ? `${words.slice(0, LONG)}…` : words);

/** Whether the record is unbroken, when it was checked, and what to do when it is not. */
export function Chain({ chain }) {
  const words = chainWords(chain);
  if (!words) return null;
  if (chain.state !== 'broken') {
    const good = chain.state === 'unbroken';
    return <p className={`devskyy-chain${good ? ' is-good' : ''}`}><Icon name={good ? 'check' : 'clock'} /> <span>{words}</span></p>;
  }
  return (
    <div className="devskyy-chain is-bad" role="alert">
      <Icon name="warning" />
      <div>
        <p><strong>{words}</strong></p>
        <p>{__('What to do:', 'devskyy')}</p>
        <ol>
          <li>{__('Keep a copy of the sidecar\'s database as it is now, before anything else.', 'devskyy')}</li>
          <li>{__('Run "devskyy audit verify" where the sidecar lives: it names every entry and what is wrong with it.', 'devskyy')}</li>
          <li>{__('Compare with a backup, and with the lines "audit_head" in the sidecar\'s log: they say what stood there before.', 'devskyy')}</li>
          <li>{__('If nobody of yours did it, change the passwords of the database and of its server.', 'devskyy')}</li>
        </ol>
      </div>
    </div>
  );
}

export function Who({ entry }) {
  return <span className="devskyy-who"><Icon name={whoIcon(entry)} size={16} /><bdi>{whoWords(entry)}</bdi></span>;
}

export function Subject({ entry, names }) {
  const on = subject(entry, names);
  if (!on) return null;
  return on.href ? <a href={on.href}><bdi>{on.text}</bdi></a> : <bdi>{on.text}</bdi>;
}

/** One change: what stood there, an arrow, what stands there now. */
function Change({ change, whole }) {
  const shown = (words) => (whole ? words : cut(words));
  return (
    <div className="devskyy-change-line">
      <span className="devskyy-change-label">{change.label}</span>
      <span className="devskyy-change-values">
        <del><span className="screen-reader-text">{__('before:', 'devskyy')} </span><bdi>{shown(change.before)}</bdi></del>
        <i className="devskyy-arrow" aria-hidden="true" />
        <ins><span className="screen-reader-text">{__('after:', 'devskyy')} </span><bdi>{shown(change.after)}</bdi></ins>
      </span>
    </div>
  );
}

/** What changed, the first lines of it. */
export function Changes({ entry }) {
  const all = changes(entry);
  if (!all.length) return null;
  return (
    <div className="devskyy-changes is-inline">
      {all.slice(0, INLINE).map((change) => <Change key={change.name} change={change} />)}
      {/* translators: %d: number of further changes. */}
      {all.length > INLINE && <span className="devskyy-quiet">{sprintf(__('and %d more', 'devskyy'), all.length - INLINE)}</span>}
    </div>
  );
}

/** One entry beside the list: all that is known of it. */
export function Detail({ entry, names, onClose }) {
  const all = changes(entry);
  const facts = [
    [__('When', 'devskyy'), moment(entry.at)],
    [__('Who', 'devskyy'), <Who key="who" entry={entry} />],
    [__('On what', 'devskyy'), subject(entry, names) && <Subject key="on" entry={entry} names={names} />],
    [__('Products', 'devskyy'), productLinks(entry).length > 0 && <ul key="products">{productLinks(entry).map(({ name, href }) => <li key={href}><a href={href}><bdi>{name}</bdi></a></li>)}</ul>],
    [__('Action', 'devskyy'), <code key="action">{entry.action}</code>],
    [__('Request', 'devskyy'), entry.request_id && <code key="request">{entry.request_id}</code>],
    [__('Entry', 'devskyy'), entry.n],
    [__('Hash', 'devskyy'), entry.hash && <code key="hash">{entry.hash}</code>],
  ].filter(([, value]) => value);
  return (
    <SidePanel id={entry.n} title={__('Entry', 'devskyy')} onClose={onClose}>
      <div className="devskyy-panel-body">
        <h2>{actionWords(entry.action)}</h2>
        {entry.failed && <p className="devskyy-panel-badges"><Badge tone="bad">{__('Refused or failed', 'devskyy')}</Badge></p>}
        {all.length > 0 && (
          <section className="devskyy-section">
            <h3>{__('What changed', 'devskyy')}</h3>
            <div className="devskyy-changes">{all.map((change) => <Change key={change.name} change={change} whole />)}</div>
          </section>
        )}
        <section className="devskyy-section"><dl className="devskyy-facts">{facts.map(([term, value]) => <div key={term}><dt>{term}</dt><dd>{value}</dd></div>)}</dl></section>
        {Object.keys(more(entry)).length > 0 && <section className="devskyy-section"><h3>{__('More', 'devskyy')}</h3><Values values={more(entry)} /></section>}
        {entry.personal && <section className="devskyy-section"><h3>{__('About the person', 'devskyy')}</h3><Values values={entry.personal} /></section>}
      </div>
    </SidePanel>
  );
}
