/** Kinds of BTF types (Documentation/bpf/btf.rst). */
const KIND = { int: 1, pointer: 2, array: 3, struct: 4, function: 12, prototype: 13 } as const;
const HEADER_SIZE = 24;
const MAGIC = 0xeb9f;
const VERSION = 1;
const GLOBAL = 1;

/** What a field holds: its BTF id and its bytes. */
export interface FieldType {
  readonly id: number;
  readonly size: number;
}

/** A field of a structure of the kernel, and where a program takes it to be until the kernel has said where it is. */
export interface Field {
  readonly struct: number;
  /** Place in the text section of how the field is reached: `0:1` is the second field of the structure. */
  readonly access: number;
  readonly offset: number;
  readonly size: number;
}

export interface Structure<Name extends string> extends FieldType {
  readonly fields: Readonly<Record<Name, Field>>;
  /** Place in the text section of how the structure itself is reached. */
  readonly access: number;
}

/**
 * The types that a program knows: of each structure only the fields that it reads, in any order. The kernel finds its own
 * structure of that name and the field of that name in it (BPF CO-RE, kernel/bpf/btf.c), so that neither its release nor its
 * configuration matters.
 */
export interface Types {
  readonly u32: FieldType;
  readonly u64: FieldType;
  readonly pointer: FieldType;
  array(of: FieldType, length: number): FieldType;
  struct<Name extends string>(name: string, fields: Readonly<Record<Name, FieldType>>): Structure<Name>;
  /** A function of a program: one pointer in, an int out. Gives its id. */
  declareFunction(name: string): number;
  encode(): Uint8Array;
}

export function createTypes(): Types {
  const words: number[] = [];
  let count = 0;
  let text = '\0';
  const texts = new Map<string, number>([['', 0]]);
  const place = (string: string): number => {
    let at = texts.get(string);
    if (at === undefined) {
      texts.set(string, (at = text.length));
      text += `${string}\0`;
    }
    return at;
  };
  const add = (name: string, kind: number, length: number, ...rest: readonly number[]): number => {
    words.push(place(name), (kind << 24) | length, ...rest);
    return (count += 1);
  };
  const int = (name: string, size: number): FieldType => ({ id: add(name, KIND.int, 0, size, size * 8), size });
  const [u32, u64] = [int('u32', 4), int('u64', 8)];
  const pointer = { id: add('', KIND.pointer, 0, 0), size: 8 };
  return {
    u32,
    u64,
    pointer,
    array: (of, length) => ({ id: add('', KIND.array, 0, 0, of.id, u32.id, length), size: of.size * length }),
    struct<Name extends string>(name: string, fields: Readonly<Record<Name, FieldType>>) {
      let size = 0;
      const struct = count + 1;
      const laid = Object.entries<FieldType>(fields).map(([field, type], index) => {
        const offset = size;
        size += type.size;
        return { name: field, type: type.id, offset, field: { struct, access: place(`0:${index}`), offset, size: type.size } };
      });
      const id = add(name, KIND.struct, laid.length, size, ...laid.flatMap((each) => [place(each.name), each.type, each.offset * 8]));
      return { id, size, access: place('0'), fields: Object.fromEntries(laid.map((each) => [each.name, each.field])) as Record<Name, Field> };
    },
    declareFunction: (name) => add(name, KIND.function, GLOBAL, add('', KIND.prototype, 1, u32.id, place('context'), pointer.id)),
    encode() {
      const typesSize = words.length * 4;
      const bytes = new Uint8Array(HEADER_SIZE + typesSize + text.length);
      const view = new DataView(bytes.buffer);
      view.setUint16(0, MAGIC, true);
      view.setUint8(2, VERSION);
      [HEADER_SIZE, 0, typesSize, typesSize, text.length].forEach((word, index) => { view.setUint32(4 + index * 4, word, true); });
      words.forEach((word, index) => { view.setUint32(HEADER_SIZE + index * 4, word, true); });
      for (let index = 0; index < text.length; index += 1) bytes[HEADER_SIZE + typesSize + index] = text.charCodeAt(index);
      return bytes;
    },
  };
}
