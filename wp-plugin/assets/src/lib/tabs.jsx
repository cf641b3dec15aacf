import { useRef } from '@wordpress/element';

/** The parts of a page, `[name, label]` each; arrow keys move between them as in any list of tabs. */
export function Tabs({ label, tabs, tab, onTab }) {
  const root = useRef(null);
  const names = tabs.map(([name]) => name);
  const move = (event) => {
    const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!way && !['Home', 'End'].includes(event.key)) return;
    event.preventDefault();
    const turn = way && document.documentElement.dir === 'rtl' ? -way : way;
    const next = event.key === 'Home' ? 0 : event.key === 'End' ? names.length - 1 : (names.indexOf(tab) + turn + names.length) % names.length;
    onTab(names[next]);
    root.current.querySelector(`#devskyy-tab-${names[next]}`)?.focus();
  };
  return (
    <div className="devskyy-parts" role="tablist" aria-label={label} ref={root} onKeyDown={move}>
      {tabs.map(([name, words]) => (
        <button key={name} type="button" role="tab" id={`devskyy-tab-${name}`} aria-controls="devskyy-part" aria-selected={tab === name} tabIndex={tab === name ? 0 : -1}
          className={tab === name ? 'is-current' : ''} onClick={() => onTab(name)}>{words}</button>
      ))}
    </div>
  );
}
