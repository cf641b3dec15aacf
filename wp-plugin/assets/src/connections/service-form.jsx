import { __, sprintf } from '@wordpress/i18n';
import { RadioControl, SelectControl, TextareaControl } from '@wordpress/components';
import { useEffect, useState } from '@wordpress/element';
import { Copy } from '../access/parts.jsx';
import { make, patch } from '../lib/api.js';
import { useFocusOn } from '../lib/hooks.js';
import { shop } from '../lib/shop.js';
import { Address, Form, Line, Rate, Secret, useForm } from './form.jsx';
import { NEW_SERVICE, missing, serviceBody, slug } from './words.js';

const KINDS = () => [
  { value: 'api_key', label: __('A key', 'devskyy'), description: __('The service shows you a key or token to copy.', 'devskyy') },
  { value: 'oauth2', label: __('Signing in at the service (OAuth 2)', 'devskyy'), description: __('You are sent there, say yes, and come back.', 'devskyy') },
  { value: 'basic', label: __('User name and password', 'devskyy'), description: __('For services that know nothing newer.', 'devskyy') },
];

/** Fields that few need, behind a button; open while one of them is wrong. */
function More({ wrong, children }) {
  const [open, setOpen] = useState(false);
  useEffect(() => { if (wrong) setOpen(true); }, [wrong]);
  return (
    <>
      <button type="button" className="devskyy-linklike" aria-expanded={open} onClick={() => setOpen(!open)}>{open ? __('Less', 'devskyy') : __('More settings', 'devskyy')}</button>
      {open && children}
    </>
  );
}

/** What must be entered at the service, so that it sends the browser back here. */
export function Redirect() {
  const { redirect } = shop();
  return (
    <div className="devskyy-redirect">
      <p>{__('Register DevSkyy at the service as an app with this redirect address, exactly as it stands:', 'devskyy')}</p>
      <p><code dir="ltr">{redirect}</code> <Copy text={redirect} label={__('Copy: redirect address', 'devskyy')} /></p>
    </div>
  );
}

function KeyFields({ form }) {
  const wrong = form.wrong['api_key.header'] ?? form.wrong['api_key.prefix'];
  return (
    <>
      <Secret form={form} name="key" path="api_key.key" label={__('Key', 'devskyy')} />
      <More wrong={wrong}>
        <Line form={form} name="header" path="api_key.header" label={__('Header that carries the key', 'devskyy')} dir="ltr" />
        <Line form={form} name="prefix" path="api_key.prefix" label={__('What stands before the key there', 'devskyy')} dir="ltr" help={__('"Bearer " with the blank, unless the service says otherwise. May be empty.', 'devskyy')} />
      </More>
    </>
  );
}

function PasswordFields({ form }) {
  return (
    <>
      <Line form={form} name="username" path="basic.username" label={__('User name', 'devskyy')} dir="ltr" />
      <Secret form={form} name="password" path="basic.password" label={__('Password', 'devskyy')} maxLength={1000} />
    </>
  );
}

const LATE = ['revoke_url', 'issuer', 'client_auth', 'params'];

function OauthFields({ form }) {
  const more = LATE.map((name) => form.wrong[`oauth2.${name}`]).find(Boolean);
  const line = (name) => ({ form, name, path: `oauth2.${name}` });
  return (
    <>
      <Redirect />
      <Address {...line('authorize_url')} label={__('Address where you say yes', 'devskyy')} help={__('The service calls it authorize or authorization URL.', 'devskyy')} />
      <Address {...line('token_url')} label={__('Address that gives tokens', 'devskyy')} help={__('The service calls it token URL.', 'devskyy')} />
      <Line {...line('client_id')} label={__('Client ID', 'devskyy')} dir="ltr" maxLength={400} />
      <Secret {...line('client_secret')} label={__('Client secret', 'devskyy')} help={__('May stay empty where the service gives none.', 'devskyy')} />
      <Line {...line('scopes')} label={__('Scopes', 'devskyy')} dir="ltr" help={__('What DevSkyy may do there, in the service\'s own words, separated by blanks.', 'devskyy')} />
      <More wrong={more}>
        <Address {...line('revoke_url')} label={__('Address that ends tokens', 'devskyy')} help={__('Then disconnecting here ends the access there too.', 'devskyy')} />
        <Address {...line('issuer')} label={__('Issuer', 'devskyy')} help={__('Only where the service sends "iss" with its answer (RFC 9207).', 'devskyy')} />
        <SelectControl __nextHasNoMarginBottom __next40pxDefaultSize label={__('How the client secret is sent', 'devskyy')} value={form.values.client_auth} onChange={form.set('client_auth')}
          options={[{ value: 'basic', label: __('In the header (HTTP Basic)', 'devskyy') }, { value: 'post', label: __('In the body', 'devskyy') }]} />
        <TextareaControl __nextHasNoMarginBottom rows={2} label={__('More for the address where you say yes', 'devskyy')} value={form.values.params} onChange={form.set('params')} spellCheck={false} dir="ltr"
          className={form.wrong['oauth2.params'] ? 'devskyy-field has-error' : 'devskyy-field'} help={form.wrong['oauth2.params'] ?? __('One a line, such as access_type=offline.', 'devskyy')} />
      </More>
    </>
  );
}

/** A new service. `onMade` gets it, and whether the person is to be sent there now. */
export function ServiceForm({ onMade, onBack }) {
  const form = useForm(NEW_SERVICE, missing);
  const first = useFocusOn('form');
  const { kind, provider } = form.values;
  const name = slug(provider);
  const send = async (values) => onMade((await make('/connections/services', serviceBody(values))).integration);
  return (
    <Form card form={form} title={__('Connect a service', 'devskyy')} label={kind === 'oauth2' ? __('Save and go to the service', 'devskyy') : __('Save the service', 'devskyy')} act={send} onBack={onBack}>
      <Line form={form} first={first} name="provider" label={__('Service', 'devskyy')} maxLength={60}
        /* translators: %s: name of a service in small letters. */
        help={name && name !== provider.trim() ? sprintf(__('Agents know it as "%s".', 'devskyy'), name) : __('Such as "Mailer" or "Parcel service".', 'devskyy')} />
      <Line form={form} name="name" label={__('Name', 'devskyy')} maxLength={100} help={__('To tell two accounts at the same service apart, such as "Main account".', 'devskyy')} />
      <Address form={form} name="base_url" label={__('Address of its API', 'devskyy')} help={__('Such as https://api.example.com/v2. Calls go to addresses below it and nowhere else, and it cannot be changed later.', 'devskyy')} />
      <RadioControl label={__('What opens it', 'devskyy')} selected={kind} options={KINDS()} onChange={form.set('kind')} />
      {kind === 'api_key' && <KeyFields form={form} />}
      {kind === 'basic' && <PasswordFields form={form} />}
      {kind === 'oauth2' && <OauthFields form={form} />}
      <Rate form={form} label={__('Most calls a minute', 'devskyy')} help={__('The rate budget: all agents together never ask more often.', 'devskyy')} />
      <Address form={form} name="health_path" label={__('Path for tests', 'devskyy')} maxLength={200} help={__('Below the address of its API; something that is free to read, such as /me.', 'devskyy')} />
      <p className="devskyy-quiet">{__('What you enter is sealed. It is never shown again, by no page and no export.', 'devskyy')}</p>
    </Form>
  );
}

/** Name, rate budget and path for tests of a service. */
export function EditForm({ service, onDone, onBack }) {
  const form = useForm({ name: service.name, health_path: service.health_path, rate_per_minute: String(service.rate_per_minute) });
  const first = useFocusOn(service.id);
  const send = async ({ name, health_path, rate_per_minute }) => {
    await patch(`/connections/services/${service.id}`, { name: name.trim(), health_path: health_path.trim(), rate_per_minute: Number(rate_per_minute) });
    onDone(__('Saved.', 'devskyy'));
  };
  /* translators: %s: name of a service. */
  const title = sprintf(__('Change "%s"', 'devskyy'), service.name);
  return (
    <Form form={form} title={title} label={__('Save', 'devskyy')} act={send} onBack={onBack}>
      <Line form={form} first={first} name="name" label={__('Name', 'devskyy')} maxLength={100} />
      <Rate form={form} label={__('Most calls a minute', 'devskyy')} />
      <Address form={form} name="health_path" label={__('Path for tests', 'devskyy')} maxLength={200} />
    </Form>
  );
}

const EMPTY = { key: '', username: '', password: '', client_secret: '' };
const SECRETS = {
  api_key: ({ key }) => ({ api_key: { key: key.trim() } }),
  basic: ({ username, password }) => ({ basic: { username: username.trim(), password } }),
  oauth2: ({ client_secret }) => ({ oauth2: { client_secret: client_secret.trim() } }),
};
const FIELDS = { api_key: [['key', 'api_key.key']], basic: [['username', 'basic.username']], oauth2: [['client_secret', 'oauth2.client_secret']] };

export const secretLabel = (kind) => ({ api_key: __('New key', 'devskyy'), basic: __('New password', 'devskyy'), oauth2: __('New client secret', 'devskyy') })[kind];

/** What opens a service, entered anew; the old one is forgotten with it. */
export function SecretForm({ service, onDone, onBack }) {
  const { kind } = service;
  const empty = (values) => Object.fromEntries(FIELDS[kind].filter(([name]) => !values[name].trim()).map(([, path]) => [path, __('This is needed.', 'devskyy')]));
  const form = useForm(EMPTY, empty);
  const first = useFocusOn(service.id);
  const send = async (values) => {
    await patch(`/connections/services/${service.id}`, SECRETS[kind](values));
    onDone(__('Saved. Test it now.', 'devskyy'));
  };
  /* translators: 1: what is replaced, such as "New key", 2: name of a service. */
  const title = sprintf(__('%1$s for "%2$s"', 'devskyy'), secretLabel(kind), service.name);
  return (
    <Form form={form} title={title} label={__('Replace it', 'devskyy')} act={send} onBack={onBack}>
      {kind === 'api_key' && <Secret form={form} first={first} name="key" path="api_key.key" label={__('Key', 'devskyy')} />}
      {kind === 'basic' && <Line form={form} first={first} name="username" path="basic.username" label={__('User name', 'devskyy')} dir="ltr" />}
      {kind === 'basic' && <Secret form={form} name="password" path="basic.password" label={__('Password', 'devskyy')} maxLength={1000} />}
      {kind === 'oauth2' && <Secret form={form} first={first} name="client_secret" path="oauth2.client_secret" label={__('Client secret', 'devskyy')} />}
      <p className="devskyy-quiet">{__('The old one is forgotten at once.', 'devskyy')}</p>
    </Form>
  );
}
