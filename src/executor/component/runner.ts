/** Runs a compiled component, each call on a machine of its own. */
import { CorebrumError } from '../../errors.ts'
import type { Binding, Signature } from '../abi/adapter.ts'
import type { Guest } from '../abi/guest.ts'
import type { ModuleInfo } from '../binary/module-info.ts'
import type { MemoryPool } from '../memory-pool.ts'
import { instantiate } from '../instantiate.ts'
import { hostedMemory } from '../module-runner.ts'
import { HOSTED_MEMORY } from '../binary/rewrite.ts'
import type { Remains, Runner } from '../runner.ts'
import type { TrapContext } from '../traps.ts'
import { WASM_PAGE_BYTES } from '../../limits.ts'
import { makeFileSystem } from '../wasi/host.ts'
import { bindExport } from './bind.ts'
import type { CompiledComponent } from './compile-component.ts'
import { ComponentMachine } from './machine.ts'
import { missingImport } from './wasi/host.ts'
import { Args, type WasiHost } from './wasi/interface.ts'

const CONVENTION = 'component'

interface UsedMemory { memory: WebAssembly.Memory, pool: MemoryPool, info: ModuleInfo, maxPages: number }
interface Run { machine: ComponentMachine, memories: UsedMemory[] }

/** Throws ERR_MODULE_UNSUPPORTED when the task forces another convention, ERR_NO_EXPORT, ERR_SIGNATURE. */
export function bindComponent (compiled: CompiledComponent, signature: Signature, abi: string | undefined): { binding: Binding, runner: Runner } {
  if (abi !== undefined && abi !== CONVENTION) throw new CorebrumError('ERR_MODULE_UNSUPPORTED', `the module is a component; it has no other calling convention than ${CONVENTION}, so not ${JSON.stringify(abi)}`)
  const runner = new ComponentRunner(compiled)
  return { binding: bindExport(compiled.linked, signature, (guest) => runner.machine(guest)), runner }
}

class ComponentRunner implements Runner {
  private readonly compiled: CompiledComponent
  private readonly runs = new WeakMap<Guest, Run>()

  constructor (compiled: CompiledComponent) {
    this.compiled = compiled
  }

  get byteLength (): number {
    return this.compiled.byteLength
  }

  machine (guest: Guest): ComponentMachine {
    const run = this.runs.get(guest)
    if (run === undefined) throw new Error('the component has not started')
    return run.machine
  }

  start (guest: Guest): void {
    const { linked, hostFunctions, cores } = this.compiled
    const host: WasiHost = { guest, fs: makeFileSystem(guest) }
    const memories: UsedMemory[] = []
    const machine = new ComponentMachine(linked, {
      call (item, args) {
        const found = hostFunctions.get(item)
        if (found === undefined) throw missingImport(item)
        return found.call(host, new Args(args))
      },
      instantiate (index, imports) {
        const core = cores[index]
        if (core === undefined) throw new Error(`core instance ${index} is not compiled`)
        const { memories: pool, info, maxPages } = core
        if (pool !== undefined) {
          const memory = pool.take()
          memories.push({ memory, pool, info, maxPages })
          imports[HOSTED_MEMORY.module] = hostedMemory(memory)
        }
        return instantiate(core.module, imports, guest)
      },
      charge: (bytes) => { guest.fuel?.chargeBytes(bytes) },
    })
    this.runs.set(guest, { machine, memories })
    machine.start()
  }

  /** A failure is most likely due to the memory that has least room left. */
  trapContext (guest: Guest): TrapContext {
    const room = ({ memory, maxPages }: UsedMemory): number => maxPages * WASM_PAGE_BYTES - memory.buffer.byteLength
    const [fullest] = [...this.runs.get(guest)?.memories ?? []].sort((a, b) => room(a) - room(b))
    if (fullest === undefined) return { maxPages: this.compiled.maxPages, guest }
    guest.useMemory(fullest.memory)
    return { info: fullest.info, maxPages: fullest.maxPages, guest }
  }

  remains (guest: Guest): Remains {
    const memories = this.runs.get(guest)?.memories ?? []
    const kept = memories.filter(({ memory, pool }) => pool.reusable(memory))
    const memoryBytes = bytesOf(memories)
    return { memoryBytes, garbageBytes: memoryBytes - bytesOf(kept), recycle: () => { for (const { memory, pool } of kept) pool.give(memory) } }
  }
}

function bytesOf (memories: readonly UsedMemory[]): number {
  return memories.reduce((sum, { memory }) => sum + memory.buffer.byteLength, 0)
}
