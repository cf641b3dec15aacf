import { __, sprintf } from '@wordpress/i18n';
import { useLoad } from '../lib/hooks.js';
import { stateLabel } from '../lib/labels.js';
import { Message } from '../lib/message-view.jsx';
import { Icon } from '../lib/icons.jsx';
import { SidePanel } from '../lib/panel.jsx';
import { Badge, Problem, Skeleton } from '../lib/states.jsx';
import { shop } from '../lib/shop.js';
import { target } from '../lib/changes.js';
import { ago, day, moment } from '../lib/time.js';
import { Changes } from './changes-view.jsx';
import { Decide } from './decide.jsx';
import { Evidence, Expected, History, Section } from './evidence.jsx';
import { RiskBadge, STATE_TONE, Thumb } from './row.jsx';

function Links({ proposal }) {
  const found = target(proposal.changes[0]?.resource);
  const id = found?.product ?? (proposal.subject?.resource === 'products' ? proposal.subject.id : null);
  return (
    <p className="devskyy-links">
      {id && <a href={`post.php?post=${id}&action=edit`}>{__('Edit product', 'devskyy')}</a>}
      {proposal.subject?.permalink && <a href={proposal.subject.permalink} target="_blank" rel="noreferrer">{__('See it in the shop', 'devskyy')}<Icon name="external" size={14} /><span className="screen-reader-text">{__('(opens in a new tab)', 'devskyy')}</span></a>}
      {proposal.run_id && shop().urls.runs && <a href={`${shop().urls.runs}#run=${proposal.run_id}`}>{__('The run behind it', 'devskyy')}</a>}
    </p>
  );
}

function When({ proposal }) {
  const words = [
    /* translators: %s: age such as "3 hours ago". */
    sprintf(__('Proposed %s', 'devskyy'), ago(proposal.created_at)),
  ];
  if (proposal.decided_at) {
    words.push(proposal.decided_by?.login
      /* translators: 1: age such as "3 hours ago", 2: name of a person. */
      ? sprintf(__('decided %1$s by %2$s', 'devskyy'), ago(proposal.decided_at), proposal.decided_by.login)
      /* translators: %s: age such as "3 hours ago". */
      : sprintf(__('decided %s', 'devskyy'), ago(proposal.decided_at)));
  } else if (proposal.expires_at) {
    /* translators: %s: a day. */
    words.push(sprintf(__('good until %s', 'devskyy'), day(proposal.expires_at)));
  }
  return <p className="devskyy-quiet" title={moment(proposal.created_at)}>{words.join(' · ')}</p>;
}

function Body({ proposal, history, agent, acts, disabled, confirm, onOpen }) {
  const result = acts.outcome[proposal.id];
  const results = result?.results ?? proposal.outcome?.results ?? [];
  return (
    <>
      <div className="devskyy-panel-body">
        <div className="devskyy-panel-lead">
          <Thumb item={proposal} size={64} />
          <div>
            <h2 id="devskyy-panel-title">{proposal.evidence?.message ? <Message of={proposal.evidence.message} /> : proposal.title}</h2>
            <p className="devskyy-panel-badges">
              {['pending', 'snoozed'].includes(proposal.state) ? <RiskBadge risk={proposal.risk} /> : <Badge tone={STATE_TONE[proposal.state]}>{stateLabel(proposal.state)}</Badge>}
              <span className="devskyy-quiet">{agent?.title ?? proposal.agent}</span>
            </p>
            <When proposal={proposal} />
          </div>
        </div>
        <Expected effect={proposal.evidence?.effect} />
        <Section title={proposal.state === 'applied' ? __('What changed', 'devskyy') : __('What changes', 'devskyy')}>
          <Changes proposal={proposal} results={results} />
          <Links proposal={proposal} />
        </Section>
        <Evidence evidence={proposal.evidence} />
        <History items={history} onOpen={onOpen} />
      </div>
      <Decide key={proposal.id} proposal={proposal} acts={acts} disabled={disabled} confirm={confirm} result={result} />
    </>
  );
}

/** The evidence of one proposal, beside the list; it fills the screen where there is no room for both. */
export function Panel({ id, item, agents, acts, away, turn, confirm, onClose, onOpen }) {
  const { data, error, reload } = useLoad(`/proposals/${id}`, null, turn);
  const fresh = data?.proposal?.id === id ? data.proposal : null;
  const base = fresh ?? (item?.id === id ? item : null);
  const proposal = base && { ...base, thumbnail: base.thumbnail ?? item?.thumbnail };
  const disabled = away ?? (data?.stale ? data.stale.error?.message : null);
  return (
    <SidePanel id={id} title={__('Proposal', 'devskyy')} onClose={onClose}>
      {error && !proposal && <div className="devskyy-panel-body"><Problem error={error} retry={reload} /></div>}
      {!error && !proposal && <div className="devskyy-panel-body"><Skeleton rows={5} tall /></div>}
      {proposal && (
        <Body proposal={proposal} history={fresh ? data.history : null} acts={acts} disabled={disabled} confirm={confirm}
          agent={agents.find((agent) => agent.name === proposal.agent)} onOpen={onOpen} />
      )}
    </SidePanel>
  );
}
