import { __ } from '@wordpress/i18n';

/** What approving this agent's proposals can do to the shop, in one line. */
export function RiskLine({ agent }) {
  if (agent.readonly) return __('Reports only, proposes nothing.', 'devskyy');
  switch (agent.risk) {
    case 'low': return __('Its proposals are low risk.', 'devskyy');
    case 'medium': return __('Customers see what it proposes once you approve.', 'devskyy');
    case 'high': return __('Its proposals are high risk: each asks twice.', 'devskyy');
    default: return null;
  }
}
