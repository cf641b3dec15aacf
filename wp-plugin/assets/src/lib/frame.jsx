import { __ } from '@wordpress/i18n';
import { Component, createRoot, useEffect, useRef } from '@wordpress/element';
import { useKeptFocus, useLoad } from './hooks.js';
import { NotConnected, Problem } from './states.jsx';
import { shop } from './shop.js';

const TABS = () => [
  ['inbox', __('Inbox', 'devskyy')],
  ['stock', __('Stock', 'devskyy')],
  ['agents', __('Agents', 'devskyy')],
  ['runs', __('Runs', 'devskyy')],
  ['status', __('Status', 'devskyy')],
  ['activity', __('Activity', 'devskyy')],
  ['access', __('Access', 'devskyy')],
  ['connections', __('Connections', 'devskyy')],
  ['settings', __('Settings', 'devskyy')],
];

/** Heading and ways between the pages. Beside Inbox stands what is to decide: `count` where the page knows it. */
export function Frame({ page, count: known, actions, children }) {
  const { urls, paired } = shop();
  const asked = useLoad(paired && page !== 'inbox' ? '/proposals' : null, { state: 'pending', limit: 1 });
  const count = known ?? asked.data?.counts?.pending;
  const tabs = useRef(null);
  const root = useKeptFocus();
  useEffect(() => {
    // On a phone the tabs are wider than the screen: the one that is open must be in sight.
    const { current: row } = tabs;
    const own = row.querySelector('[aria-current]');
    if (own && row.scrollWidth > row.clientWidth) {
      row.scrollBy({ left: own.getBoundingClientRect().left + (own.offsetWidth - row.clientWidth) / 2 - row.getBoundingClientRect().left });
    }
  }, []);
  return (
    <div className={`devskyy-page devskyy-${page}`} ref={root}>
      <header className="devskyy-head">
        <h1>{__('DevSkyy', 'devskyy')}</h1>
        {actions && <div className="devskyy-buttons">{actions}</div>}
      </header>
      <nav ref={tabs} className="nav-tab-wrapper devskyy-tabs" aria-label={__('DevSkyy pages', 'devskyy')}>
        {TABS().filter(([name]) => name !== 'settings' || shop().can.pair).map(([name, label]) => (
          <a key={name} href={urls[name]} className={`nav-tab${name === page ? ' nav-tab-active' : ''}`}
            aria-current={name === page ? 'page' : undefined}>
            {label}
            {name === 'inbox' && count > 0 && <span className="devskyy-count">{count}</span>}
          </a>
        ))}
      </nav>
      {children}
    </div>
  );
}

class Guard extends Component {
  constructor(props) {
    super(props);
    this.state = { error: null };
  }

  static getDerivedStateFromError(error) {
    return { error };
  }

  render() {
    if (!this.state.error) return this.props.children;
    const error = {
      message: __('This page could not be shown.', 'devskyy'),
      hint: __('Reload it. If it happens again, look at Status and report the line below.', 'devskyy'),
    };
    return <Problem error={error} retry={() => window.location.reload()}><p><code>{String(this.state.error)}</code></p></Problem>;
  }
}

/** Puts a page into its place; pages that need the sidecar say so while the shop is not connected. */
export function mount(page, Page, { always = false } = {}) {
  const start = () => {
    const root = document.getElementById('devskyy-root');
    if (!root) return;
    const ready = always || shop().paired;
    createRoot(root).render(<Guard>{ready ? <Page /> : <Frame page={page}><NotConnected /></Frame>}</Guard>);
  };
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start);
  else start();
}
