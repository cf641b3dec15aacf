import { __, sprintf } from '@wordpress/i18n';
import { CheckboxControl, RadioControl } from '@wordpress/components';
import { useState } from '@wordpress/element';
import { make, patch } from '../lib/api.js';
import { useFocusOn, useLoad } from '../lib/hooks.js';
import { Problem } from '../lib/states.jsx';
import { chosen, eventLabel, groupLabel, grouped, withEvent, withGroup } from './events.js';
import { Address, Form, Line, Rate, useForm } from './form.jsx';

/** One group of events: all of it by one tick, or single ones. */
function Group({ group, catalogue, value, onChange }) {
  const [name, events] = group;
  const state = chosen(value, group);
  const [open, setOpen] = useState(state === 'some');
  const words = open ? __('Hide single events', 'devskyy') : __('Choose single events', 'devskyy');
  return (
    <div className="devskyy-event-group">
      <div className="devskyy-event-head">
        <CheckboxControl __nextHasNoMarginBottom label={groupLabel(name)} checked={state === 'all'} indeterminate={state === 'some'} onChange={(on) => onChange(withGroup(value, group, on))} />
        {events.length > 1 && (
          <button type="button" className="devskyy-linklike" aria-expanded={open} aria-label={`${words}: ${groupLabel(name)}`} onClick={() => setOpen(!open)}>{words}</button>
        )}
      </div>
      {open && (
        <div className="devskyy-event-list">
          {events.map((event) => (
            <CheckboxControl key={event} __nextHasNoMarginBottom label={eventLabel(event, catalogue)} checked={state === 'all' || value.includes(event)} onChange={(on) => onChange(withEvent(value, group, event, on))} />
          ))}
        </div>
      )}
    </div>
  );
}

/** What a webhook tells about: everything, or what is ticked. */
function Events({ form }) {
  const catalogue = useLoad('/connections/events');
  const { events } = form.values;
  const all = events.includes('*');
  const items = catalogue.data?.items ?? [];
  return (
    <fieldset className={`devskyy-choices devskyy-events${form.wrong.events ? ' has-error' : ''}`}>
      <legend>{__('What it is told about', 'devskyy')}</legend>
      {catalogue.error && <Problem error={catalogue.error} retry={catalogue.reload} />}
      <RadioControl hideLabelFromVision label={__('What it is told about', 'devskyy')} selected={all ? 'all' : 'some'} onChange={(value) => form.set('events')(value === 'all' ? ['*'] : [])}
        options={[{ value: 'all', label: __('Everything', 'devskyy') }, { value: 'some', label: __('Only what I choose', 'devskyy') }]} />
      {!all && items.length > 0 && <div className="devskyy-event-groups">{grouped(items).map((group) => <Group key={group[0]} group={group} catalogue={items} value={events} onChange={form.set('events')} />)}</div>}
      {form.wrong.events && <p className="devskyy-field-error" role="alert">{form.wrong.events}</p>}
    </fieldset>
  );
}

const check = (needsUrl) => ({ url, events }) => ({
  ...(needsUrl && !url.trim() ? { url: __('This is needed.', 'devskyy') } : {}),
  ...(events.length ? {} : { events: __('Choose at least one.', 'devskyy') }),
});

/** A new subscription, or what is changed of one that is there. */
export function WebhookForm({ hook, onDone, onBack }) {
  const start = { url: '', description: hook?.description ?? '', rate_per_minute: String(hook?.rate_per_minute ?? 60), events: hook?.events ?? ['*'] };
  const form = useForm(start, check(!hook));
  const first = useFocusOn('form');
  const send = async ({ url, description, rate_per_minute, events }) => {
    const body = { ...(url.trim() ? { url: url.trim() } : {}), description: description.trim(), rate_per_minute: Number(rate_per_minute), events };
    onDone((await (hook ? patch(`/connections/webhooks/${hook.id}`, body) : make('/connections/webhooks', body))).webhook);
  };
  /* translators: %s: address or description of a webhook. */
  const title = hook ? sprintf(__('Change "%s"', 'devskyy'), hook.description || hook.url) : __('Set up a webhook', 'devskyy');
  return (
    <Form card={!hook} form={form} title={title} label={hook ? __('Save', 'devskyy') : __('Set up the webhook', 'devskyy')} act={send} onBack={onBack}>
      <Address form={form} first={first} name="url" label={__('Address of the receiver', 'devskyy')} maxLength={500}
        help={hook
          /* translators: %s: an address. */
          ? sprintf(__('Stays %s while this is empty.', 'devskyy'), hook.url)
          : __('Such as https://hooks.example.com/devskyy. It gets a signed POST each time.', 'devskyy')} />
      <Line form={form} name="description" label={__('What it is for (may stay empty)', 'devskyy')} maxLength={200} help={__('Such as "Bookkeeping" or "Team chat".', 'devskyy')} />
      <Events form={form} />
      <Rate form={form} label={__('Most messages a minute', 'devskyy')} />
    </Form>
  );
}
