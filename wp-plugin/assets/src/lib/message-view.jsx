import { parts } from './message.js';

/** A typed message with what it is about set in bold; everything stays text, each part in its own direction. */
export function Message({ of, plain = false }) {
  return (
    <bdi>
      {parts(of).map((piece, n) => {
        if (typeof piece === 'string') return piece;
        return !plain && piece.type === 'text' ? <strong key={n}><bdi>{piece.text}</bdi></strong> : <bdi key={n} className="devskyy-figure">{piece.text}</bdi>;
      })}
    </bdi>
  );
}
