/** The names that the host gives to strings which a function takes and a task does not declare: first the worker's, then the task's. */
import type { TypedName } from '../adapter.ts'
import type { Guest } from '../guest.ts'

export class HostNames {
  private readonly names: string[]

  /** A name that the task declares as an input is not given a second time. */
  constructor (guest: Guest, inputs: readonly TypedName[]) {
    const { workerId, taskId } = guest.names()
    this.names = [['worker_id', workerId], ['task_id', taskId]].flatMap(([name, value]) => (inputs.some((input) => input.name === name) || value === undefined ? [] : [value]))
  }

  /** Empty when there are no more. */
  next (): string {
    return this.names.shift() ?? ''
  }
}
