import { __, sprintf } from '@wordpress/i18n';
import { CheckboxControl, SelectControl, TextControl, TextareaControl, ToggleControl } from '@wordpress/components';
import { useId } from '@wordpress/element';
import { number } from './money.js';
import { fields, readable } from './schema.js';

function bounds({ min, max }) {
  /* translators: 1: smallest, 2: largest value. */
  if (min !== undefined && max !== undefined) return sprintf(__('%1$s to %2$s', 'devskyy'), number(min, 4), number(max, 4));
  /* translators: %s: smallest value. */
  if (min !== undefined) return sprintf(__('at least %s', 'devskyy'), number(min, 4));
  /* translators: %s: largest value. */
  return max !== undefined ? sprintf(__('at most %s', 'devskyy'), number(max, 4)) : '';
}

function helpOf(field) {
  const help = field.help ? __(field.help, 'devskyy') : '';
  const extra = field.control === 'number' ? bounds(field) : field.control === 'list' ? __('One entry per line.', 'devskyy') : '';
  /* translators: 1: an explanation, 2: allowed values. */
  return help && extra ? sprintf(__('%1$s (%2$s)', 'devskyy'), help.replace(/\.$/, ''), extra) : help || extra;
}

function Control({ field, value, onChange, describedBy, invalid }) {
  const title = __(field.title, 'devskyy');
  const common = {
    /* translators: %s: name of a setting that is a share; the doubled sign is a percent sign. */
    label: field.percent ? sprintf(__('%s, in %%', 'devskyy'), title) : title, help: helpOf(field), value, onChange, __nextHasNoMarginBottom: true,
  };
  // The complaint stands below the control and is tied to it, beside the control's own help.
  const marked = { 'aria-invalid': invalid || undefined, 'aria-errormessage': invalid ? describedBy : undefined };
  switch (field.control) {
    case 'toggle':
      return <ToggleControl {...common} value={undefined} checked={value} />;
    case 'number':
      return field.type === 'integer'
        ? <TextControl {...common} {...marked} __next40pxDefaultSize type="number" min={field.min} max={field.max} step={1} required={field.required} />
        // Text, because a number field drops the comma of a browser in another language: 4,55 would become 455.
        : <TextControl {...common} {...marked} __next40pxDefaultSize inputMode="decimal" autoComplete="off" required={field.required} />;
    case 'select':
      return <SelectControl {...common} {...marked} __next40pxDefaultSize options={[...(field.required || field.default !== undefined ? [] : [{ value: '', label: __('Not set', 'devskyy') }]), ...field.options.map((option) => ({ value: String(option), label: __(readable(option), 'devskyy') }))]} />;
    case 'choices':
      return <Choices field={field} value={value} onChange={onChange} />;
    case 'list':
    case 'json':
      return <TextareaControl {...common} {...marked} rows={field.control === 'list' ? 3 : 5} />;
    default:
      return <TextControl {...common} {...marked} __next40pxDefaultSize maxLength={field.maxLength} required={field.required} />;
  }
}

function Choices({ field, value, onChange }) {
  const toggle = (option, on) => onChange(field.options.filter((other) => (other === option ? on : value.includes(other))));
  return (
    <fieldset className="devskyy-choices">
      <legend>{__(field.title, 'devskyy')}</legend>
      {field.help && <p className="devskyy-quiet">{__(field.help, 'devskyy')}</p>}
      {field.options.map((option) => (
        <CheckboxControl key={String(option)} __nextHasNoMarginBottom label={__(readable(option), 'devskyy')} checked={value.includes(option)} onChange={(on) => toggle(option, on)} />
      ))}
    </fieldset>
  );
}

function Field({ field, value, error, onChange }) {
  const id = useId();
  return (
    <div className={`devskyy-field${error ? ' has-error' : ''}`}>
      <Control field={field} value={value} onChange={onChange} describedBy={id} invalid={Boolean(error)} />
      {error && <p id={id} className="devskyy-field-error" role="alert">{error}</p>}
    </div>
  );
}

/** The form of a JSON Schema; `values` as `startValues` makes them, `errors` by field name. */
export function SchemaForm({ schema, values, errors = {}, onChange }) {
  const list = fields(schema);
  const names = new Set(list.map((field) => field.name));
  const stray = Object.entries(errors).filter(([name]) => !names.has(name));
  if (!list.length) return <p className="devskyy-quiet">{__('There is nothing to set.', 'devskyy')}</p>;
  return (
    <div className="devskyy-form">
      {list.map((field) => (
        <Field key={field.name} field={field} value={values[field.name]} error={errors[field.name]} onChange={(value) => onChange({ ...values, [field.name]: value })} />
      ))}
      {stray.map(([name, text]) => <p key={name} className="devskyy-field-error" role="alert">{readable(name)}: {text}</p>)}
    </div>
  );
}
