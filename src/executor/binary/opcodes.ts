/** Instructions of the WebAssembly binary format (core specification, section 5.4) by what stands behind their opcode. */

/** Instructions that something here looks at by name; a prefixed one is its prefix, then its number in 16 bits. */
export const Op = {
  UNREACHABLE: 0x00, NOP: 0x01, BLOCK: 0x02, LOOP: 0x03, IF: 0x04, ELSE: 0x05,
  TRY: 0x06, CATCH: 0x07, THROW: 0x08, RETHROW: 0x09, THROW_REF: 0x0a, END: 0x0b,
  BR: 0x0c, BR_IF: 0x0d, BR_TABLE: 0x0e, RETURN: 0x0f,
  CALL: 0x10, CALL_INDIRECT: 0x11, RETURN_CALL: 0x12, RETURN_CALL_INDIRECT: 0x13, CALL_REF: 0x14, RETURN_CALL_REF: 0x15,
  DELEGATE: 0x18, CATCH_ALL: 0x19, TRY_TABLE: 0x1f,
  LOCAL_GET: 0x20, LOCAL_SET: 0x21, LOCAL_TEE: 0x22, GLOBAL_GET: 0x23, GLOBAL_SET: 0x24,
  MEMORY_GROW: 0x40, I64_CONST: 0x42, I64_LT_S: 0x53, I64_SUB: 0x7d, I64_SHL: 0x86, I64_SHR_U: 0x88, I64_EXTEND_I32_U: 0xad,
  BR_ON_NULL: 0xd5, BR_ON_NON_NULL: 0xd6,
  MEMORY_INIT: 0xfc0008, MEMORY_COPY: 0xfc000a, MEMORY_FILL: 0xfc000b,
  TABLE_INIT: 0xfc000c, TABLE_COPY: 0xfc000e, TABLE_GROW: 0xfc000f, TABLE_FILL: 0xfc0011,
} as const

/** What stands behind an opcode. */
export const Form = {
  UNKNOWN: 0,
  /** Known, but of a proposal whose instructions are not read here. */
  UNSUPPORTED: 1,
  NONE: 2,
  /** One or two integers in LEB128, of any width. */
  LEB: 3,
  LEB_LEB: 4,
  BYTE: 5,
  BYTES_4: 6,
  BYTES_8: 7,
  BYTES_16: 8,
  /** Alignment, a memory where bit 6 of it says so, offset. */
  MEMARG: 9,
  /** The same and the number of a lane. */
  MEMARG_LANE: 10,
  BLOCK_TYPE: 11,
  BR_TABLE: 12,
  SELECT: 13,
  TRY_TABLE: 14,
  /** The instruction's number behind a prefix. */
  PREFIX: 15,
} as const

/** Inclusive ranges of opcodes and their form. */
type Ranges = Array<[number, number, number]>

const PLAIN: Ranges = [
  [0x00, 0x01, Form.NONE], [0x02, 0x04, Form.BLOCK_TYPE], [0x05, 0x05, Form.NONE], [0x06, 0x06, Form.BLOCK_TYPE],
  [0x07, 0x09, Form.LEB], [0x0a, 0x0b, Form.NONE], [0x0c, 0x0d, Form.LEB], [0x0e, 0x0e, Form.BR_TABLE], [0x0f, 0x0f, Form.NONE],
  [0x10, 0x10, Form.LEB], [0x11, 0x11, Form.LEB_LEB], [0x12, 0x12, Form.LEB], [0x13, 0x13, Form.LEB_LEB], [0x14, 0x15, Form.LEB],
  [0x18, 0x18, Form.LEB], [0x19, 0x1b, Form.NONE], [0x1c, 0x1c, Form.SELECT], [0x1f, 0x1f, Form.TRY_TABLE],
  [0x20, 0x26, Form.LEB], [0x28, 0x3e, Form.MEMARG], [0x3f, 0x42, Form.LEB], [0x43, 0x43, Form.BYTES_4], [0x44, 0x44, Form.BYTES_8],
  [0x45, 0xc4, Form.NONE], [0xd0, 0xd0, Form.LEB], [0xd1, 0xd1, Form.NONE], [0xd2, 0xd2, Form.LEB], [0xd3, 0xd4, Form.NONE],
  [0xd5, 0xd6, Form.LEB], [0xe0, 0xe6, Form.UNSUPPORTED], [0xfb, 0xfb, Form.UNSUPPORTED], [0xfc, 0xfe, Form.PREFIX],
]

/** Saturating conversions, bulk memory and tables; behind them wide arithmetic. */
const MISCELLANEOUS: Ranges = [
  [0, 7, Form.NONE], [8, 8, Form.LEB_LEB], [9, 9, Form.LEB], [10, 10, Form.LEB_LEB], [11, 11, Form.LEB], [12, 12, Form.LEB_LEB],
  [13, 13, Form.LEB], [14, 14, Form.LEB_LEB], [15, 17, Form.LEB], [19, 22, Form.UNSUPPORTED],
]

/** 128-bit vectors. From 0x100 on relaxed ones: their results differ between machines, which is what fuel is there to avoid. */
const VECTORS: Ranges = [
  [0, 11, Form.MEMARG], [12, 13, Form.BYTES_16], [14, 20, Form.NONE], [21, 34, Form.BYTE], [35, 83, Form.NONE],
  [84, 91, Form.MEMARG_LANE], [92, 93, Form.MEMARG], [94, 255, Form.NONE], [0x100, 0x113, Form.UNSUPPORTED],
  // Numbers that were left free.
  ...[0x9a, 0xa2, 0xa5, 0xa6, 0xaf, 0xb0, 0xb2, 0xb3, 0xb4, 0xbb,
    0xc2, 0xc5, 0xc6, 0xcf, 0xd0, 0xd2, 0xd3, 0xd4, 0xe2, 0xee].map((free): [number, number, number] => [free, free, Form.UNKNOWN]),
]

/** Threads: atomic accesses, and a fence with a reserved byte. */
const ATOMICS: Ranges = [[0, 2, Form.MEMARG], [3, 3, Form.BYTE], [0x10, 0x4e, Form.MEMARG]]

function tableOf (ranges: Ranges, length: number): Uint8Array {
  const table = new Uint8Array(length)
  for (const [first, last, form] of ranges) table.fill(form, first, last + 1)
  return table
}

/** Form by opcode. */
export const FORMS = tableOf(PLAIN, 0x100)

const PREFIXED = new Map([[0xfc, tableOf(MISCELLANEOUS, 0x20)], [0xfd, tableOf(VECTORS, 0x120)], [0xfe, tableOf(ATOMICS, 0x50)]])

/** Form of the instruction with this number behind a prefix. */
export function prefixedForm (prefix: number, number: number): number {
  return PREFIXED.get(prefix)?.[number] ?? Form.UNKNOWN
}
