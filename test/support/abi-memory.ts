/** A real memory with an allocator, as the side of a component that values are lowered to and lifted from. */
import { CallContext, type ContextHost } from '../../src/executor/component/context.ts'
import { HandleTable } from '../../src/executor/component/handles.ts'

const PAGE_BYTES = 65_536

/** The part of the global that this helper uses; the sources declare more of it. */
declare const WebAssembly: { Memory: new (descriptor: { initial: number, maximum?: number }) => NonNullable<ContextHost['memory']> }

export interface AbiMemory {
  context (): CallContext
  memory: NonNullable<ContextHost['memory']>
  handles: HandleTable
}

/** `encoding` default utf8; `realloc` default a bump allocator that grows the memory. */
export function abiMemory ({ encoding = 'utf8', realloc }: Partial<Pick<ContextHost, 'encoding' | 'realloc'>> = {}): AbiMemory {
  const memory = new WebAssembly.Memory({ initial: 1 })
  const handles = new HandleTable()
  let top = 8
  const bump = (_old: number, _oldSize: number, align: number, size: number): number => {
    const start = Math.ceil(top / align) * align
    top = start + size
    const missing = top - memory.buffer.byteLength
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES))
    return start
  }
  const host: ContextHost = { encoding, instance: 0, handles, memory, charge: () => {}, realloc: realloc ?? bump }
  return { context: () => new CallContext(host), memory, handles }
}
