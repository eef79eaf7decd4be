import type { Param } from './describe-params.ts';
import { cutValue, formatParams } from './structured-data.ts';

export interface Fitted {
  /** As they stand in the structured data. */
  readonly params: string;
  readonly message: string;
}

const DOTS = ',...';
const TRUNCATED_OVERHEAD = formatParams([{ name: 'truncated', value: '' }]).length;
/** Octets that `truncated` may take, or a sixth of the room where that is less. */
const TRUNCATED_LENGTH = 140;

/**
 * Makes parameters and message take at most `room` octets. What is not essential goes first, the least important before
 * the others; a long text keeps half of what is left, and more where the parameters do not need it; what must be kept in
 * part is cut where it would take more than an eighth of the room. A parameter `truncated` names what is not whole.
 * `forms` are forms of the message that cannot be cut (JSON), best first; `text` is what is left where none fits.
 */
export function fitMessage(params: readonly Param[], forms: readonly string[], text: string, room: number): Fitted {
  const best = forms[0] ?? text;
  const whole = formatParams(params);
  if (Buffer.byteLength(whole) + Buffer.byteLength(best) <= room) return { params: whole, message: best };

  const forTruncated = Math.min(TRUNCATED_LENGTH, Math.floor(room / 6));
  let share = room >> 3;
  while (share > 0 && sizeOf(shorten(params, share)) > room - forTruncated) share >>= 1;
  const kept = shorten(params, share);
  const lacking = kept.filter(({ name, value }) => params.find((param) => param.name === name)?.value !== value).map(({ name }) => name);
  let rest = room - forTruncated - sizeOf(kept);

  const form = forms.find((each) => Buffer.byteLength(each) <= rest);
  const reserved = form === undefined ? Math.min(Buffer.byteLength(text), Math.max(0, rest >> 1)) : Buffer.byteLength(form);
  const more = params.filter((param) => {
    if (param.keep !== 'none') return false;
    const size = sizeOf([param]);
    const fits = size <= rest - reserved;
    if (fits) rest -= size;
    else lacking.push(param.name);
    return fits;
  });
  const message = form ?? cutText(text, Math.max(0, rest));
  if (message !== best) lacking.unshift('message');
  return { params: formatParams([...kept, ...more, { name: 'truncated', value: listNames(lacking, forTruncated - TRUNCATED_OVERHEAD) }]), message };
}

function sizeOf(params: readonly Pick<Param, 'name' | 'value'>[]): number {
  return Buffer.byteLength(formatParams(params));
}

/** What is kept, its long values cut to so many octets: the end of a path tells most, and the start of everything else. */
function shorten(params: readonly Param[], octets: number): readonly Param[] {
  return params
    .filter(({ keep }) => keep !== 'none')
    .map((param) => (param.keep === 'whole' ? param : { ...param, value: cutValue(param.value, octets, param.name === 'exe' ? 'end' : 'start') }));
}

/** As many names as fit; dots stand for the others. */
function listNames(names: readonly string[], octets: number): string {
  let list = '';
  for (const name of names) {
    const longer = list === '' ? name : `${list},${name}`;
    if (longer.length + DOTS.length > octets) return list + DOTS;
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
