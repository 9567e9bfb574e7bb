/** The handles of one component instance: small numbers that stand for resources, and that it cannot forge. */
import { CorebrumError } from '../../errors.ts'
import { MAX_COMPONENT_HANDLES } from '../limits.ts'
import type { ResourceType } from './types.ts'
import { type Representation, trap } from './values.ts'

/** Counts what one call borrows and lends, so that both are given back when it ends. */
export class BorrowScope {
  /** Borrowed handles that the called component holds. */
  borrows = 0
  private readonly lenders: Handle[] = []

  lend (handle: Handle): void {
    handle.lends++
    this.lenders.push(handle)
  }

  /** The call has ended. */
  giveBack (): void {
    for (const handle of this.lenders) handle.lends--
  }
}

export interface Handle {
  resource: ResourceType
  rep: Representation
  /** Set for a borrowed handle: the call that it was borrowed for. */
  scope: BorrowScope | undefined
  /** Calls that it is lent to now. */
  lends: number
}

export class HandleTable {
  /** The first place stays empty: 0 is no handle. */
  private readonly places: Array<Handle | undefined> = [undefined]
  private readonly free: number[] = []

  add (resource: ResourceType, rep: Representation, scope?: BorrowScope): number {
    const handle: Handle = { resource, rep, scope, lends: 0 }
    if (scope !== undefined) scope.borrows++
    const place = this.free.pop()
    if (place !== undefined) {
      this.places[place] = handle
      return place
    }
    if (this.places.length > MAX_COMPONENT_HANDLES) throw new CorebrumError('ERR_OUTPUT_LIMIT', `the component holds more than ${MAX_COMPONENT_HANDLES} handles to resources`)
    return this.places.push(handle) - 1
  }

  /** Throws ERR_TRAP for a number that is no handle to such a resource. */
  get (index: number, resource: ResourceType): Handle {
    const handle = this.places[index >>> 0]
    if (handle === undefined) throw trap(`there is no handle ${index >>> 0}`)
    if (handle.resource !== resource) throw trap(`the handle ${index >>> 0} is to another resource than ${JSON.stringify(resource.name)}`)
    return handle
  }

  /** Takes a handle out; it must not be lent to a call. */
  remove (index: number, resource: ResourceType): Handle {
    const handle = this.get(index, resource)
    if (handle.lends > 0) throw trap(`the handle ${index >>> 0} is dropped or given away while it is lent`)
    this.places[index >>> 0] = undefined
    this.free.push(index >>> 0)
    return handle
  }

  /** Takes a handle out to give its resource away, which only its owner can. */
  removeOwned (index: number, resource: ResourceType): Handle {
    const handle = this.remove(index, resource)
    if (handle.scope !== undefined) throw trap(`the handle ${index >>> 0} is borrowed and cannot be given away`)
    return handle
  }
}
