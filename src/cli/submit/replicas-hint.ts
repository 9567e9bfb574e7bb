/** Says what a task with replicas waits for, when it waits for long: each of them runs on another peer. */
import { textField, viewField } from '../../control/fields.ts'
import type { View } from '../../control/views.ts'
import { exitOfState } from '../exit.ts'
import type { TaskSource } from './source.ts'

/** Peers on the LAN are found, and take a task, within a part of it. */
const HINT_AFTER_MS = 5_000

export interface ReplicasHint {
  /** How the task stands. */
  show (task: View): void
  end (): void
}

/** Says it once. */
export function createReplicasHint (source: Pick<TaskSource, 'waiting'>, note: (line: string) => void, { afterMs = HINT_AFTER_MS }: { afterMs?: number } = {}): ReplicasHint {
  let timer: NodeJS.Timeout | undefined
  let isOver = false
  const look = async (id: string): Promise<void> => {
    const waiting = await source.waiting(id).catch(() => 0)
    if (waiting === 0 || isOver) return
    isOver = true
    note(`waits for ${waiting === 1 ? 'one more peer' : `${waiting} more peers`}: each replica runs on another one that works; start \`corebrum daemon\` there, and see \`corebrum peers\``)
  }
  return {
    show (task) {
      clearTimeout(timer)
      const id = textField(task, 'id')
      if (isOver || id === undefined || exitOfState(textField(task, 'state')) !== undefined || textField(viewField(task, 'job') ?? {}, 'kind') !== 'agreement') return
      timer = setTimeout(() => { void look(id) }, afterMs).unref()
    },
    end () {
      isOver = true
      clearTimeout(timer)
    },
  }
}
