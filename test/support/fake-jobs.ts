/** What jobs see of a node, in memory: tasks end as the test says, and a restart keeps what a disk would. */
import assert from 'node:assert/strict'
import { createAgreementKind } from '../../src/jobs/agreement.ts'
import type { JobKind } from '../../src/jobs/job-kind.ts'
import { createJobs, type Jobs } from '../../src/jobs/jobs.ts'
import { createPipelineKind } from '../../src/jobs/pipeline.ts'
import type { ChildOptions, JobTasks } from '../../src/jobs/ports.ts'
import { createRecurringKind } from '../../src/jobs/recurring.ts'
import { CorebrumError, type ErrorCode } from '../../src/errors.ts'
import { createTaskHandle } from '../../src/roles/tasks/task-handle.ts'
import { createTaskTable, type TaskTable } from '../../src/roles/tasks/task-table.ts'
import type { TaskDefinition } from '../../src/task/definition.ts'
import { isFinal, newTask, type TaskEvent, type TaskRecord } from '../../src/task/state.ts'
import { NO_USAGE } from '../../src/task/usage.ts'
import type { Value } from '../../src/task/values.ts'
import { turn } from './roles.ts'

export interface Submitted {
  id: string
  definition: TaskDefinition
  inputs: Record<string, Value>
  options: ChildOptions
}

/** What a killed node leaves behind. */
interface Disk {
  finished: Map<string, TaskRecord>
  open: Map<string, Submitted>
  jobs: Map<string, Uint8Array>
}

export const WORKER = '12D3KooWFakeWorker'

export class FakeJobTasks implements JobTasks {
  readonly peerId = '12D3KooWFakeNode'
  readonly disk: Disk
  readonly table: TaskTable = createTaskTable()
  /** In order. */
  readonly submitted: Submitted[] = []
  readonly cancelled: string[] = []
  readonly apart: string[] = []
  /** Modules and files that are held. */
  held = 0
  /** Called for each submission; one that throws refuses it. */
  onSubmit: (task: Submitted) => void = () => {}

  constructor (disk: Disk = { finished: new Map(), open: new Map(), jobs: new Map() }) {
    this.disk = disk
    for (const { id, definition } of disk.open.values()) this.table.add(id, definition.name)
  }

  async submit (definition: TaskDefinition, inputs: Record<string, Value>, options: ChildOptions): Promise<void> {
    const { id } = options
    if (await this.find(id) !== undefined) return
    const task = { id, definition, inputs, options }
    this.onSubmit(task)
    this.table.add(id, definition.name)
    this.submitted.push(task)
    this.disk.open.set(id, task)
  }

  async find (id: string): Promise<TaskRecord | undefined> {
    return this.table.get(id) ?? this.disk.finished.get(id)
  }

  async done (id: string): Promise<TaskRecord> {
    if (this.table.get(id) !== undefined) return await createTaskHandle(this.table, id, () => {}).done()
    const record = this.disk.finished.get(id)
    if (record === undefined) throw new CorebrumError('ERR_TASK_UNKNOWN', id)
    return record
  }

  cancel (id: string, message: string): void {
    this.cancelled.push(id)
    void this.apply(id, { type: 'cancelled', failure: { code: 'ERR_CANCELLED', message, by: this.peerId }, atMs: Date.now() })
  }

  keepApart (group: string, peer: string): void {
    this.apart.push(`${group} ${peer}`)
  }

  forget (id: string): void {
    this.table.forget(id)
  }

  async pin (definition: TaskDefinition): Promise<{ definition: TaskDefinition, release: () => void }> {
    return { definition: { ...definition, module: { kind: 'cid', cid: 'bafkreifake' } }, release: this.hold() }
  }

  hold (): () => void {
    this.held++
    return () => { this.held-- }
  }

  add (id: string, name: string, createdAtMs?: number, volatile?: boolean): TaskRecord {
    return this.table.add(id, name, createdAtMs, volatile)
  }

  addAgain (id: string, name: string, createdAtMs: number): void {
    this.table.adopt(newTask(id, name, createdAtMs))
  }

  async apply (id: string, event: TaskEvent): Promise<void> {
    const record = this.table.apply(id, event)
    if (record === undefined || !isFinal(record.state)) return
    this.disk.finished.set(id, record)
    this.disk.open.delete(id)
  }

  openIds (): string[] {
    return this.table.list().flatMap(({ id, state }) => isFinal(state) ? [] : id)
  }

  stop (): void {}

  /** Ends a task that was submitted. */
  complete (id: string, outputs: Record<string, Value>): void {
    void this.apply(id, { type: 'completed', worker: WORKER, outputs, usage: { ...NO_USAGE, wallMs: 1 }, logs: '', atMs: Date.now() })
  }

  fail (id: string, code: ErrorCode = 'ERR_TRAP'): void {
    void this.apply(id, { type: 'failed', worker: WORKER, failure: { code, message: 'unreachable was executed', by: WORKER }, atMs: Date.now() })
  }

  record (id: string): TaskRecord {
    return this.table.get(id) ?? this.disk.finished.get(id) ?? assert.fail(`there is no task ${id}`)
  }
}

export interface FakeJobNode {
  tasks: FakeJobTasks
  jobs: Jobs
  /** The names of the tasks that were submitted here, in order. */
  names (): string[]
  /** A node on what this one left on its disk, as after kill -9. */
  restart (): Promise<FakeJobNode>
}

/** `more` kinds go before those of pipelines and recurring tasks. */
export function createFakeJobNode ({ disk, more = () => [] }: { disk?: Disk, more?: (tasks: FakeJobTasks) => JobKind[] } = {}): FakeJobNode {
  const tasks = new FakeJobTasks(disk)
  const { jobs: saved } = tasks.disk
  const journal = {
    async saveJob (id: string, bytes: Uint8Array) { saved.set(id, bytes.slice()) },
    dropJob (id: string) { saved.delete(id) },
    async * jobs () { for (const [id, bytes] of [...saved]) yield { id, bytes } },
  }
  const jobs = createJobs({ tasks, journal, kinds: [...more(tasks), createRecurringKind(tasks), createPipelineKind(tasks), createAgreementKind({ tasks, reputation: { note () {} } })] })
  return {
    tasks,
    jobs,
    names: () => tasks.submitted.map(({ definition }) => definition.name),
    async restart () {
      const { finished, open, jobs } = tasks.disk
      const next = createFakeJobNode({ disk: { finished: new Map(finished), open: new Map(open), jobs: new Map(jobs) }, more })
      await next.jobs.resume()
      await settled()
      return next
    },
  }
}

/** Lets everything happen that waits for nothing. */
export async function settled (): Promise<void> {
  for (let i = 0; i < 10; i++) await turn()
}
