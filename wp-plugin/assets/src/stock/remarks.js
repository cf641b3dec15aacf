import { __, sprintf } from '@wordpress/i18n';
import { money, number } from '../lib/money.js';

const whole = (value) => number(value, Number.isInteger(value) ? 0 : 3);

/** As WORDS of sidecar/runtime/remarks.py, in the owner's language. */
const WORDS = {
  /* translators: 1: name of a product, 2: number of pieces. */
  below_moq: ({ name, pieces }) => sprintf(__('%1$s: the supplier sells %2$s pieces or more.', 'devskyy'), name, whole(pieces)),
  /* translators: 1: name of a product, 2: number of pieces. */
  not_in_packs: ({ name, pieces }) => sprintf(__('%1$s: comes in packs of %2$s.', 'devskyy'), name, whole(pieces)),
  /* translators: %s: name of a product. */
  no_cost: ({ name }) => sprintf(__('%s: no cost is known, so the total leaves it out.', 'devskyy'), name),
  /* translators: %s: an amount of money. */
  below_min_order: ({ amount, currency }) => sprintf(__('The supplier takes orders from %s on.', 'devskyy'), money(amount, { currency })),
  no_address: () => __('The supplier has no e-mail address: enter one, or order by other means.', 'devskyy'),
  /* translators: %s: letters of a script. */
  not_in_the_font: ({ signs }) => sprintf(__('The PDF cannot show %s: name a font with them in DEVSKYY_PDF_FONT. The CSV file has them.', 'devskyy'), signs),
  /* translators: %s: number of characters. */
  too_long: ({ most }) => sprintf(__('It is longer than %s characters.', 'devskyy'), whole(most)),
  open_quote: () => __('It is too long; perhaps a quotation mark is not closed.', 'devskyy'),
  /* translators: %s: number of columns. */
  extra_cell: ({ columns }) => sprintf(__('One cell too many: %s columns have a name.', 'devskyy'), whole(columns)),
  /* translators: %d: number of a line of a file. */
  named_before: ({ line }) => sprintf(__('Line %d names it too, and that line counts.', 'devskyy'), line),
  variable: () => __('This is a variable product: name its variations.', 'devskyy'),
  no_item: () => __('This is no product or variation of the shop.', 'devskyy'),
  no_sku: () => __('This is no SKU of the shop.', 'devskyy'),
  names_nothing: () => __('The row names no item: fill in the SKU or the id.', 'devskyy'),
  /* translators: %s: numbers of products. */
  several_items: ({ items }) => sprintf(__('Several items have this SKU (%s): use the column item_id.', 'devskyy'), items),
  shortened: () => __('The spreadsheet has shortened it: give the column the format text.', 'devskyy'),
  a_date: () => __('The spreadsheet made a date of it: give the column the format number.', 'devskyy'),
  sheet_error: () => __('This is an error of the spreadsheet.', 'devskyy'),
  no_number: () => __('This is no number.', 'devskyy'),
  not_whole: () => __('This must be a whole number.', 'devskyy'),
  /* translators: 1: smallest, 2: largest value. */
  not_within: ({ low, high }) => sprintf(__('Choose a value from %1$s to %2$s.', 'devskyy'), whole(low), whole(high)),
  /* translators: %s: largest value. */
  not_above_zero: ({ high }) => sprintf(__('This must be more than 0 and at most %s.', 'devskyy'), whole(high)),
  /* translators: 1: a number, such as "1234", 2: another, such as "1.234". */
  two_meanings: ({ one, other }) => sprintf(__('This may mean %1$s or %2$s: write %1$s, or two decimals.', 'devskyy'), one, other),
  no_text: () => __('The file is no text: save the sheet as CSV (UTF-8).', 'devskyy'),
  not_utf8: () => __('The letters of the file are not UTF-8: save the sheet as CSV UTF-8.', 'devskyy'),
  /* translators: %s: names of columns. */
  no_column: ({ columns }) => sprintf(__('The first line of the file must name the column %s.', 'devskyy'), columns),
  /* translators: %s: name of a column. */
  column_twice: ({ column }) => sprintf(__('The column %s is there twice.', 'devskyy'), column),
  /* translators: %s: number of rows. */
  too_many_rows: ({ most }) => sprintf(__('The file has more than %s rows: cut it in pieces.', 'devskyy'), whole(most)),
  /* translators: 1: number of a line, 2: why, in English. */
  unreadable_line: ({ line, why }) => sprintf(__('Line %1$d cannot be read: %2$s.', 'devskyy'), line, why),
};

/** A remark `{code, message, values}` of the sidecar in the owner's language; one that is new in its own words. */
export const remarkWords = ({ code, message = '', values = {} }) => WORDS[code]?.(values) ?? message;

/** Several, each once. */
export const remarks = (list) => [...new Set((list ?? []).map(remarkWords))];
