import { __, sprintf } from '@wordpress/i18n';
import { Button } from '@wordpress/components';
import { useState } from '@wordpress/element';
import { speak } from '@wordpress/a11y';
import { get, post } from '../lib/api.js';
import { useFocusOn } from '../lib/hooks.js';
import { Problem } from '../lib/states.jsx';
import { Ask } from '../access/parts.jsx';
import { orderName } from './words.js';

/** Exactly what the supplier will get, and the press that sends it. */
function Preview({ mail, busy, error, away, onSend, onBack }) {
  const heading = useFocusOn(mail);
  return (
    <div className="devskyy-mail" role="group" aria-labelledby="devskyy-mail" onKeyDown={(event) => { if (event.key === 'Escape') { event.preventDefault(); onBack(); } }}>
      <h4 id="devskyy-mail" tabIndex={-1} ref={heading}>{__('This will be sent', 'devskyy')}</h4>
      <dl className="devskyy-facts">
        <div><dt>{__('To', 'devskyy')}</dt><dd><bdi>{mail.to}</bdi></dd></div>
        <div><dt>{__('Subject', 'devskyy')}</dt><dd><bdi>{mail.subject}</bdi></dd></div>
        <div><dt>{__('File', 'devskyy')}</dt><dd><bdi>{mail.file?.name ?? mail.file}</bdi></dd></div>
      </dl>
      <pre className="devskyy-mail-text" tabIndex={0} aria-label={__('Text', 'devskyy')}>{mail.text}</pre>
      {(mail.warnings ?? []).map((warning) => <p key={warning} className="devskyy-field-error">{__(warning, 'devskyy')}</p>)}
      {error && <Problem error={error} />}
      <div className="devskyy-buttons">
        <Button variant="primary" size="compact" isBusy={busy} disabled={busy || away || !mail.to} accessibleWhenDisabled onClick={onSend}>{sprintf(/* translators: %s: e-mail address. */ __('Yes, send it to %s', 'devskyy'), mail.to)}</Button>
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
  const send = async () => {
    setState({ busy: true, error: null });
    try {
      await post(`/inventory/purchase-orders/${order.id}/send`, { digest: mail.digest, to: mail.to });
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
