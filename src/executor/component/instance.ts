/** What is known of one component instance while a call runs: its handles, and whether it may be entered or left. */
import type { LinkedComponent } from './items.ts'
import { HandleTable } from './handles.ts'
import { trap } from './values.ts'

export class InstanceState {
  readonly handles = new HandleTable()
  /** False while the component allocates or cleans up: it may not call out then. */
  mayLeave = true
  entered = false
}

/** All component instances of one call, with the rules of who may call whom. */
export class InstanceStates {
  private readonly parents: LinkedComponent['parents']
  private readonly states: InstanceState[]

  constructor (parents: LinkedComponent['parents']) {
    this.parents = parents
    this.states = parents.map(() => new InstanceState())
  }

  get (instance: number): InstanceState {
    const state = this.states[instance]
    if (state === undefined) throw trap(`there is no component instance ${instance}`)
    return state
  }

  /** Marks what a call enters: the instance and those around it that its caller is not within. Throws ERR_TRAP when one is entered already. */
  enter (instance: number, caller: number | undefined): InstanceState[] {
    const entering: InstanceState[] = []
    for (let current: number | undefined = instance; current !== undefined && !this.isWithin(caller, current); current = this.parents[current]) {
      const state = this.get(current)
      if (state.entered) throw trap('a component is called while it waits for a call of its own to return')
      entering.push(state)
    }
    for (const state of entering) state.entered = true
    return entering
  }

  leave (entered: readonly InstanceState[]): void {
    for (const state of entered) state.entered = false
  }

  private isWithin (inner: number | undefined, outer: number): boolean {
    for (let current = inner; current !== undefined; current = this.parents[current]) if (current === outer) return true
    return false
  }
}
