import { setSettings } from '@wordpress/date';

const months = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** Sets the host's date settings as WordPress does for a shop in that zone. */
export function shopTime(string, offset) {
  setSettings({
    l10n: {
      locale: 'en', months, monthsShort: months.map((month) => month.slice(0, 3)), weekdays, weekdaysShort: weekdays.map((name) => name.slice(0, 3)),
      meridiem: { am: 'am', pm: 'pm', AM: 'AM', PM: 'PM' }, relative: { future: '%s from now', past: '%s ago' }, startOfWeek: 1,
    },
    formats: { time: 'g:i a', date: 'F j, Y', datetime: 'F j, Y g:i a', datetimeAbbreviated: 'M j, Y g:i a' },
    timezone: { offset, offsetFormatted: String(offset), string, abbr: '' },
  });
}

export const euros = { code: 'EUR', symbol: '&euro;', position: 'right_space', decimals: 2, thousand: '.', decimal: ',' };
