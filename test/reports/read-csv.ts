/** Reads RFC 4180 as a spreadsheet does; made for the tests, apart from the code that writes it. */
export function readCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (quoted) {
      if (character !== '"') cell += character;
      else if (text[at + 1] === '"') cell += text[++at]!;
      else quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === ',') {
      row.push(cell);
      cell = '';
    } else if (character === '\n') {
      rows.push([...row, cell]);
      row = [];
      cell = '';
    } else cell += character;
  }
  if (cell !== '' || row.length > 0) throw new Error('the last record has no line end');
  return rows;
}

/** The rows after the header, by column name. */
export function readRecords(text: string): Record<string, string>[] {
  const [header, ...rows] = readCsv(text);
  return rows.map((row) => {
    if (row.length !== header!.length) throw new Error(`a record has ${row.length} cells, not ${header!.length}`);
    return Object.fromEntries(header!.map((name, index) => [name, row[index]!]));
  });
}
