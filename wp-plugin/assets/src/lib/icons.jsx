// Line icons on a 24 px grid, drawn here: the host's icon package is not one of its scripts.
const PATHS = {
  close: 'M6 6l12 12M18 6L6 18',
  check: 'M5 13l4 4L19 7',
  clock: 'M12 7v5l3 2M12 3.5a8.5 8.5 0 100 17 8.5 8.5 0 000-17z',
  undo: 'M9 6L4.5 10.5 9 15M5 10.5h9a5 5 0 010 10h-2',
  up: 'M7 14l5-5 5 5',
  down: 'M7 10l5 5 5-5',
  external: 'M13 5h6v6M19 5l-9 9M17 14v4a1 1 0 01-1 1H6a1 1 0 01-1-1V8a1 1 0 011-1h4',
  box: 'M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8',
  inbox: 'M4 13l2.5-7h11L20 13v5H4zM4 13h5l1 2h4l1-2h5',
  plug: 'M9 4v5M15 4v5M6.5 9h11v3a5.5 5.5 0 01-11 0zM12 17.5V21',
  play: 'M8 5.5v13l10-6.5z',
  warning: 'M12 4l8.5 15h-17zM12 10v4M12 16.5v.5',
  person: 'M12 11.5a3.5 3.5 0 100-7 3.5 3.5 0 000 7zM5 19.5c1-3.5 4-5 7-5s6 1.5 7 5',
  key: 'M14.5 4a5.5 5.5 0 00-5.2 7.2L4 16.5V20h3.5v-2h2v-2h2l1.3-1.3A5.5 5.5 0 1014.5 4zM16 8.5v.01',
  device: 'M4 5.5h16v10H4zM9 19.5h6M12 15.5v4',
  truck: 'M3 6.5h11v10H3zM14 10h4l3 3v3.5h-7zM7 19a1.8 1.8 0 100-3.6A1.8 1.8 0 007 19zM17 19a1.8 1.8 0 100-3.6 1.8 1.8 0 000 3.6z',
  list: 'M8 7h12M8 12h12M8 17h12M4 7h.5M4 12h.5M4 17h.5',
};

export function Icon({ name, size = 20 }) {
  return (
    <svg className="devskyy-icon" width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor"
      strokeWidth="1.6" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
