/**
 * One instantiation of a component: its core instances, and the functions between them (Canonical ABI: lift, lower,
 * resource.*). Lives for one call of a task. What fails once stays failed: a module cannot catch it and go on.
 */
import { CorebrumError } from '../../errors.ts'
import { GuestAbort } from '../abi/guest.ts'
import { CallContext, type ContextHost } from './context.ts'
import { InstanceStates } from './instance.ts'
import type { CanonOptions, CoreItem, FuncItem, HostItem, LiftItem, LinkedComponent } from './items.ts'
import { liftValues } from './lift.ts'
import { lowerValues } from './lower.ts'
import { MAX_FLAT_PARAMS, MAX_FLAT_RESULTS, type ResourceType } from './types.ts'
import { HostResource, type Lifted, trap } from './values.ts'

/** What a component calls of the host. */
type CallHost = (item: HostItem, args: readonly Lifted[]) => Lifted | undefined

export interface MachineHost {
  call: CallHost
  /** Makes a core instance; `index` is its place in the linked component. */
  instantiate: (index: number, imports: WebAssembly.Imports) => WebAssembly.Exports
  /** Told of bytes that are copied between memories. */
  charge: (bytes: number) => void
}

type CoreFunction = (...args: unknown[]) => unknown
type ResourceItem = Extract<CoreItem, { resource: ResourceType }>

export class ComponentMachine {
  private readonly linked: LinkedComponent
  private readonly host: MachineHost
  private readonly instances: InstanceStates
  private readonly cores: WebAssembly.Exports[] = []
  private readonly contexts = new Map<CanonOptions, ContextHost>()
  private failure: unknown

  constructor (linked: LinkedComponent, host: MachineHost) {
    this.linked = linked
    this.host = host
    this.instances = new InstanceStates(linked.parents)
  }

  /** Makes all core instances, in order; their start functions run. */
  start (): void {
    this.linked.cores.forEach(({ imports }, index) => {
      const given: Record<string, Record<string, WebAssembly.ImportValue>> = Object.create(null)
      for (const { module, name, item } of imports) {
        const namespace = given[module] ??= Object.create(null) as Record<string, WebAssembly.ImportValue>
        namespace[name] = this.coreValue(item)
      }
      this.cores.push(this.host.instantiate(index, given))
      this.requireSound()
    })
  }

  /** Calls a function of the component; `caller` is the component instance that does, if any. */
  call (func: FuncItem, args: readonly Lifted[], caller?: number): Lifted | undefined {
    if (func.kind === 'host') return this.host.call(func, args)
    const result = this.callLifted(func, args, caller)
    this.requireSound()
    return result
  }

  private callLifted ({ core, options, type, owner }: LiftItem, args: readonly Lifted[], caller: number | undefined): Lifted | undefined {
    const entered = this.instances.enter(owner, caller)
    const cx = this.context(options, owner)
    const results = this.coreFunction(core)(...lowerValues(cx, type.params.map((param) => param.type), args, MAX_FLAT_PARAMS))
    this.requireSound()
    const raw = results === undefined ? [] : [results]
    const [result] = type.result === undefined ? [] : liftValues(cx, [type.result], raw, MAX_FLAT_RESULTS)
    if (options.postReturn !== undefined) this.withoutLeaving(owner, this.coreFunction(options.postReturn), raw)
    if (cx.scope.borrows > 0) throw trap('a function returned while it still held handles that were lent to it')
    this.instances.leave(entered)
    return result
  }

  /** A function of the component, or of the host, as core modules call it. */
  private lowered ({ func, options, owner }: Extract<CoreItem, { kind: 'lower' }>): CoreFunction {
    const types = func.type.params.map((param) => param.type)
    const results = func.type.result === undefined ? [] : [func.type.result]
    return this.guarded((...raw) => {
      if (!this.instances.get(owner).mayLeave) throw trap('a component called out while it allocated or cleaned up')
      const cx = this.context(options, owner)
      const result = this.call(func, liftValues(cx, types, raw, MAX_FLAT_PARAMS), owner)
      cx.scope.giveBack()
      const target = raw.at(-1)
      const [returned] = lowerValues(this.context(options, owner), results, result === undefined ? [] : [result], MAX_FLAT_RESULTS, typeof target === 'number' ? target : 0)
      return returned
    })
  }

  private resourceFunction ({ kind, resource, owner }: ResourceItem): CoreFunction {
    const { handles } = this.instances.get(owner)
    switch (kind) {
      case 'resource.new': return this.guarded((rep) => {
        this.requireLeave(owner)
        return handles.add(resource, Number(rep))
      })
      case 'resource.rep': return this.guarded((index) => handles.get(Number(index), resource).rep)
      case 'resource.drop': return this.guarded((index) => {
        this.requireLeave(owner)
        const handle = handles.remove(Number(index), resource)
        if (handle.scope !== undefined) handle.scope.borrows--
        else this.destroy(resource, handle.rep, owner)
      })
    }
  }

  private destroy (resource: ResourceType, rep: unknown, caller: number): void {
    if (rep instanceof HostResource) rep.drop()
    if (resource.dtor === undefined || !('instance' in resource.owner)) return
    const entered = this.instances.enter(resource.owner.instance, caller)
    this.coreFunction(resource.dtor)(rep)
    this.requireSound()
    this.instances.leave(entered)
  }

  /** Core modules may catch what is thrown through them; the first failure is kept and ends all that follows. */
  private guarded (call: CoreFunction): CoreFunction {
    return (...args) => {
      this.requireSound()
      try {
        return call(...args)
      } catch (thrown) {
        this.failure ??= thrown
        throw thrown
      }
    }
  }

  private requireSound (): void {
    if (this.failure !== undefined) throw this.failure
  }

  private requireLeave (owner: number): void {
    if (!this.instances.get(owner).mayLeave) throw trap('a component used a resource while it allocated or cleaned up')
  }

  private withoutLeaving (owner: number, call: CoreFunction, args: readonly unknown[]): unknown {
    const state = this.instances.get(owner)
    state.mayLeave = false
    const result = call(...args)
    this.requireSound()
    state.mayLeave = true
    return result
  }

  private context (options: CanonOptions, owner: number): CallContext {
    let host = this.contexts.get(options)
    if (host === undefined) {
      const realloc = options.realloc === undefined ? undefined : this.coreFunction(options.realloc)
      host = {
        encoding: options.encoding,
        instance: owner,
        handles: this.instances.get(owner).handles,
        charge: this.host.charge,
        memory: options.memory === undefined ? undefined : this.memory(options.memory),
        realloc: realloc === undefined ? undefined : (...args) => Number(this.withoutLeaving(owner, realloc, args)),
      }
      this.contexts.set(options, host)
    }
    return new CallContext(host)
  }

  private memory (item: CoreItem): WebAssembly.Memory {
    const memory = this.coreValue(item)
    if (!(memory instanceof WebAssembly.Memory)) throw new CorebrumError('ERR_MODULE_INVALID', 'the component is damaged: a memory is none')
    return memory
  }

  private coreFunction (item: CoreItem): CoreFunction {
    const found = this.coreValue(item)
    if (typeof found !== 'function') throw new CorebrumError('ERR_MODULE_INVALID', 'the component is damaged: a function is none')
    return found
  }

  private coreValue (item: CoreItem): WebAssembly.ExportValue {
    switch (item.kind) {
      case 'lower': return this.lowered(item)
      case 'resource.new': case 'resource.drop': case 'resource.rep': return this.resourceFunction(item)
      case 'unsupported': return () => { throw new GuestAbort('ERR_MODULE_UNSUPPORTED', `the component called the built-in function ${item.name}, which does not exist here`) }
      case 'export': {
        const found = this.cores[item.instance]?.[item.name]
        if (found === undefined) throw new CorebrumError('ERR_MODULE_INVALID', `the component is damaged: it uses the export ${JSON.stringify(item.name)} before it is there`)
        return found
      }
    }
  }
}
