import { __, sprintf } from '@wordpress/i18n';
import { Button, TextControl, TextareaControl } from '@wordpress/components';
import { useState } from '@wordpress/element';
import { speak } from '@wordpress/a11y';
import { get, post } from '../lib/api.js';
import { useFocusOn } from '../lib/hooks.js';
import { Problem } from '../lib/states.jsx';
import { Ask } from '../access/parts.jsx';
import { remarks } from './remarks.js';
import { orderName } from './words.js';

/** Exactly what the supplier will get, to write in other words where the owner wants to, and the press that sends it. */
function Preview({ mail, busy, error, away, onSend, onBack }) {
  const heading = useFocusOn(mail);
  const [subject, setSubject] = useState(mail.subject);
  const [text, setText] = useState(mail.text);
  const empty = !subject.trim() || !text.trim();
  // Only what was written anew goes along; the rest is what the sidecar has shown.
  const words = { ...(subject !== mail.subject && { subject }), ...(text !== mail.text && { text }) };
  return (
    <div className="devskyy-mail" role="group" aria-labelledby="devskyy-mail" onKeyDown={(event) => { if (event.key === 'Escape') { event.preventDefault(); onBack(); } }}>
      <h4 id="devskyy-mail" tabIndex={-1} ref={heading}>{__('This will be sent', 'devskyy')}</h4>
      <dl className="devskyy-facts">
        <div><dt>{__('To', 'devskyy')}</dt><dd><bdi>{mail.to}</bdi></dd></div>
        <div><dt>{__('File', 'devskyy')}</dt><dd><bdi>{mail.file?.name ?? mail.file}</bdi></dd></div>
      </dl>
      <TextControl __nextHasNoMarginBottom __next40pxDefaultSize label={__('Subject', 'devskyy')} maxLength={200} value={subject} onChange={setSubject} />
      <TextareaControl __nextHasNoMarginBottom rows={10} label={__('Text', 'devskyy')} maxLength={10000} value={text} onChange={setText} />
      {empty && <p className="devskyy-field-error" role="alert">{__('A mail needs a subject and a text.', 'devskyy')}</p>}
      {remarks(mail.warnings).map((warning) => <p key={warning} className="devskyy-field-error">{warning}</p>)}
      {error && <Problem error={error} />}
      <div className="devskyy-buttons">
        <Button variant="primary" size="compact" isBusy={busy} disabled={busy || away || !mail.to || empty} accessibleWhenDisabled onClick={() => onSend(words)}>{sprintf(/* translators: %s: e-mail address. */ __('Yes, send it to %s', 'devskyy'), mail.to)}</Button>
        <Button variant="tertiary" size="compact" onClick={onBack}>{__('Back', 'devskyy')}</Button>
      </div>
    </div>
  );
}

/** Sending takes two presses: the first shows what goes out, the second, named one sends it once. */
export function Send({ order, away, onChange }) {
  const [mail, setMail] = useState(null);
  const [state, setState] = useState({ busy: false, error: null });
  const show = async () => {
    setState({ busy: true, error: null });
    try {
      setMail((await get(`/inventory/purchase-orders/${order.id}/mail`)).mail);
      setState({ busy: false, error: null });
    } catch (error) {
      setState({ busy: false, error });
    }
  };
  const send = async (words) => {
    setState({ busy: true, error: null });
    try {
      await post(`/inventory/purchase-orders/${order.id}/send`, { digest: mail.digest, to: mail.to, ...words });
      speak(__('Sent.', 'devskyy'));
      onChange();
    } catch (error) {
      setState({ busy: false, error });
      speak(error.message, 'assertive');
      if (['digest_mismatch', 'not_draft'].includes(error.code)) setMail(null);
      // The order itself now says how far it came.
      if (error.code.startsWith('mail_') || error.code === 'not_draft') onChange();
    }
  };
  if (mail) return <Preview mail={mail} {...state} away={away} onSend={send} onBack={() => { setMail(null); setState({ busy: false, error: null }); }} />;
  return (
    <>
      {state.error && <Problem error={state.error} />}
      <div className="devskyy-buttons">
        <Button variant="primary" size="compact" isBusy={state.busy} disabled={state.busy || away} accessibleWhenDisabled onClick={show}>{__('Send by e-mail…', 'devskyy')}</Button>
        <Ask calm label={__('Ordered another way', 'devskyy')} name={orderName(order)} sure={__('Yes, I have ordered this', 'devskyy')} disabled={away} act={() => post(`/inventory/purchase-orders/${order.id}/mark-sent`).then(onChange)}>
          {__('By telephone or on the supplier\'s site. Nothing is mailed; its pieces count as on their way.', 'devskyy')}
        </Ask>
      </div>
    </>
  );
}
