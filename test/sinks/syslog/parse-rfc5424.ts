export interface ParsedMessage {
  readonly priority: number;
  readonly msgId: string;
  readonly params: Readonly<Record<string, string>>;
  /** Without its BOM. */
  readonly message: string;
}

/** Reads a message after the grammar of RFC 5424, section 6, and nothing more lenient; one SD-ELEMENT is expected. */
export function parseRfc5424(bytes: Uint8Array): ParsedMessage {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  const header = /^<(\d{1,3})>1 (?:-|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) [\x21-\x7e]{1,255} portreeve \d+ ([a-z]{1,32}) \[portreeve@\d+/.exec(text);
  if (header === null) throw new Error(`no header of RFC 5424: ${text.slice(0, 200)}`);
  const params: Record<string, string> = {};
  const param = / ([^\s="\]]{1,32})="((?:[^"\\\]]|\\["\\\]])*)"/y;
  let at = header[0].length;
  for (;;) {
    param.lastIndex = at;
    const match = param.exec(text);
    if (match === null) break;
    params[match[1] ?? ''] = (match[2] ?? '').replace(/\\(["\\\]])/g, '$1');
    at = param.lastIndex;
  }
  if (!text.startsWith('] ', at)) throw new Error(`the structured data does not end: ${text.slice(at, at + 50)}`);
  return { priority: Number(header[1]), msgId: header[2] ?? '', params, message: text.slice(at + 2).replace(/^\ufeff/, '') };
}
