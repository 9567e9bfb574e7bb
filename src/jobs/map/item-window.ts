/**
 * The open tasks of a map: a few thousand at a time, made of the next inputs as others end. What it holds is bounded by tasks,
 * by bytes of inputs, and by results that are not on disk yet.
 */
import { CorebrumError, toCorebrumError, type ErrorCode } from '../../errors.ts'
import { MAP_RETRY_MS, MAX_MAP_OPEN_BYTES, MAX_MAP_OPEN_TASKS, MAX_UNWRITTEN_RESULT_BYTES } from '../limits.ts'
import { parseJsonInputs } from '../../task/json.ts'
import { childId } from '../../task/task-id.ts'
import type { Value } from '../../task/values.ts'
import type { ChildOptions, JobTasks } from '../ports.ts'
import { deadlineAtMs, policyNow, type MapSettings } from './map-settings.ts'
import { lineOfError, lineOfRecord, type ResultLine } from './result-line.ts'
import type { ResultsLog } from './results-log.ts'
import type { SpoolCursor, SpoolItem } from './spool-cursor.ts'

export interface ItemWindowComponents {
  id: string
  settings: MapSettings
  tasks: Pick<JobTasks, 'submit' | 'done' | 'cancel' | 'forget'>
  cursor: SpoolCursor
  log: ResultsLog
  /** Every input has its result. */
  onAll: () => void
  /** A result is an error. */
  onFailed: (index: number) => void
  /** It cannot go on here: nothing more is begun. */
  onStuck: (error: CorebrumError) => void
}

/** What an input costs in memory besides its text, and how much more than its text its values take. */
const ITEM_BYTES = 512
const BYTES_PER_CHAR = 4

/** Errors of this node, not of the input. */
const STUCK: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['ERR_STORE', 'ERR_JOURNAL', 'ERR_CANCELLED', 'ERR_EXECUTOR_STOPPED', 'ERR_MODULE_NOT_FOUND'])

export class ItemWindow {
  private readonly components: ItemWindowComponents
  /** Indexes of the tasks that are open. */
  private readonly open = new Set<number>()
  private bytes = 0
  /** Inputs for which there was no room in the node. */
  private readonly refused: SpoolItem[] = []
  private retry: NodeJS.Timeout | undefined
  private loading = false
  private exhausted = false
  private stopped = false
  private readonly hasCommon: boolean
  private readonly skip: (index: number) => boolean

  constructor (components: ItemWindowComponents) {
    this.components = components
    this.hasCommon = Object.keys(components.settings.common).length > 0
    this.skip = (index) => components.log.has(index)
  }

  /** Begins tasks as long as there is room. Called when something has changed; never throws. */
  pump (): void {
    const { cursor, log } = this.components
    while (!this.stopped && this.retry === undefined && this.open.size < MAX_MAP_OPEN_TASKS && this.bytes < MAX_MAP_OPEN_BYTES && log.unwritten < MAX_UNWRITTEN_RESULT_BYTES) {
      const item = this.refused.pop() ?? (this.loading ? undefined : cursor.next(this.skip))
      if (item === undefined) {
        if (!this.exhausted && !this.loading) void this.load()
        else if (this.exhausted && this.open.size === 0) this.end()
        return
      }
      void this.run(item)
    }
  }

  /** Begins nothing more, and cancels what is open; its results are no longer wanted. */
  stop (message: string): void {
    this.stopped = true
    clearTimeout(this.retry)
    // The newest first: they wait, and ending them makes no room for others.
    for (const index of [...this.open].reverse()) this.drop(index, message)
  }

  private drop (index: number, message: string): void {
    const { tasks, id } = this.components
    tasks.cancel(childId(id, index), message)
    tasks.forget(childId(id, index))
  }

  private async load (): Promise<void> {
    this.loading = true
    try {
      this.exhausted = !await this.components.cursor.more()
    } catch (error) {
      this.stuck(toCorebrumError(error))
    }
    this.loading = false
    this.pump()
  }

  private end (): void {
    this.stopped = true
    this.components.onAll()
  }

  private stuck (error: CorebrumError): void {
    if (this.stopped) return
    this.stopped = true
    this.components.onStuck(error)
  }

  private async run (item: SpoolItem): Promise<void> {
    const { index, text = '' } = item
    const cost = ITEM_BYTES + text.length * BYTES_PER_CHAR
    this.open.add(index)
    this.bytes += cost
    try {
      const result = await this.result(item)
      if (result !== undefined && !this.stopped) this.keep(index, result)
    } catch (error) {
      this.stuck(toCorebrumError(error))
    }
    this.open.delete(index)
    this.bytes -= cost
    if (!this.stopped) this.pump()
  }

  private keep (index: number, { failed, line }: ResultLine): void {
    const { log, onFailed } = this.components
    let isFailed = failed
    try {
      log.add(index, failed, line)
    } catch (error) {
      // Of this input alone: it would come again each time that the map goes on.
      isFailed = true
      log.add(index, isFailed, lineOfError(index, 'ERR_INTERNAL', `its result cannot be kept: ${toCorebrumError(error).message}`).line)
    }
    if (isFailed) onFailed(index)
  }

  /** Undefined when there is none, and the input is put back, or the window has stopped. */
  private async result (item: SpoolItem): Promise<ResultLine | undefined> {
    const { id, tasks, settings } = this.components
    const { definition, noCache } = settings
    const { index, line } = item
    try {
      const taskId = childId(id, index)
      const policy = policyNow(settings, definition)
      const options: ChildOptions = { id: taskId, volatile: true, noCache }
      if (policy !== undefined) options.policy = policy
      await tasks.submit(definition, this.inputs(item), options)
      if (this.stopped) {
        // It was not known yet when the others were cancelled.
        this.drop(index, 'the map that it belongs to was stopped')
        return undefined
      }
      const record = await tasks.done(taskId)
      if (this.stopped) return undefined
      tasks.forget(taskId)
      if (record.failure?.code === 'ERR_DEADLINE' && this.isLate()) {
        // The map itself ends at this moment; that is no result of one input.
        this.stopped = true
        return undefined
      }
      return lineOfRecord(index, record)
    } catch (thrown) {
      if (this.stopped) return undefined
      const error = toCorebrumError(thrown)
      if (error.code === 'ERR_QUEUE_FULL') {
        this.refused.push(item)
        this.retry ??= setTimeout(() => {
          this.retry = undefined
          this.pump()
        }, MAP_RETRY_MS)
      } else if (STUCK.has(error.code)) this.stuck(error)
      else return lineOfError(index, error.code, error.code === 'ERR_INPUT' ? `line ${line}: ${error.message}` : error.message)
      return undefined
    }
  }

  private isLate (): boolean {
    const atMs = deadlineAtMs(this.components.settings)
    return atMs !== undefined && Date.now() >= atMs
  }

  /** Throws ERR_INPUT. */
  private inputs ({ text }: SpoolItem): Record<string, Value> {
    if (text === undefined) throw new CorebrumError('ERR_INPUT', 'it is not text in UTF-8')
    const inputs = parseJsonInputs(text, 'the input')
    return this.hasCommon ? { ...this.components.settings.common, ...inputs } : inputs
  }
}
