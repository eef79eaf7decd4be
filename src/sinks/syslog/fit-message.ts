import type { Param } from './describe-params.ts';
import { cutValue, formatParam } from './structured-data.ts';

export interface Fitted {
  readonly params: readonly Pick<Param, 'name' | 'value'>[];
  readonly message: string;
}

/** What `truncated` may take, its name and quotes not counted. Octets. */
const NAMES_LENGTH = 120;
/** A text that is kept has at least so much of it, where the room is that small. Octets. */
const LEAST = 24;

/**
 * Makes parameters and message take at most `room` octets. What is not essential goes first, the least important before
 * the others; a long text keeps half of what is left, and more where the parameters do not need it; an essential value is
 * cut only where it would take more than an eighth of the room. A parameter `truncated` names what is not whole.
 * `forms` are forms of the message that cannot be cut (JSON), best first; `text` is what is left where none fits.
 */
export function fitMessage(params: readonly Param[], forms: readonly string[], text: string, room: number): Fitted {
  const best = forms[0] ?? text;
  if (sizeOf(params) + Buffer.byteLength(best) <= room) return { params, message: best };

  const lacking: string[] = [];
  const share = Math.max(LEAST, Math.floor(room / 8));
  const essential = params.filter((param) => param.essential).map((param) => {
    const value = cutValue(param.value, share, param.name === 'exe' ? 'end' : 'start');
    if (value !== param.value) lacking.push(param.name);
    return { ...param, value };
  });
  let rest = room - sizeOf(essential) - Buffer.byteLength(formatParam({ name: 'truncated', value: '' })) - NAMES_LENGTH;

  const form = forms.find((each) => Buffer.byteLength(each) <= rest);
  const reserved = form === undefined ? Math.min(Buffer.byteLength(text), Math.max(0, rest >> 1)) : Buffer.byteLength(form);
  const more = params.filter((param) => {
    if (param.essential) return false;
    const size = sizeOf([param]);
    const fits = size <= rest - reserved;
    if (fits) rest -= size;
    else lacking.push(param.name);
    return fits;
  });
  const message = form ?? cutText(text, Math.max(0, rest));
  if (message !== best) lacking.unshift('message');
  return { params: [...essential, ...more, { name: 'truncated', value: listNames(lacking) }], message };
}

function sizeOf(params: readonly Pick<Param, 'name' | 'value'>[]): number {
  return params.reduce((sum, param) => sum + Buffer.byteLength(formatParam(param)), 0);
}

/** As many names as `truncated` may take; dots stand for the others. */
function listNames(names: readonly string[]): string {
  let list = '';
  for (const name of names) {
    const longer = list === '' ? name : `${list},${name}`;
    if (longer.length > NAMES_LENGTH - 4) return `${list},...`;
    list = longer;
  }
  return list;
}

/** The longest start that takes at most so many octets in UTF-8; whole characters only. */
function cutText(text: string, octets: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= octets) return text;
  let end = octets;
  // 10xxxxxx continues a character (RFC 3629, section 3).
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}
