/** What a map has open while it runs: its inputs, its results, and the window of tasks in between. */
import type { JobEnd } from '../job-kind.ts'
import type { JobTasks } from '../ports.ts'
import { ItemWindow } from './item-window.ts'
import { damaged } from './job-error.ts'
import { failureOf, outcomeOf } from './map-end.ts'
import type { MapFolder } from './map-folder.ts'
import { ResultsLog } from './results-log.ts'
import { Spool } from './spool.ts'
import type { SpoolCursor } from './spool-cursor.ts'

export interface MapFiles {
  spool: Spool
  log: ResultsLog
  cursor: SpoolCursor
  window: ItemWindow
  /** Ends what follows on the last result. */
  closing: AbortController
}

export interface MapFilesComponents {
  id: string
  folder: MapFolder
  tasks: JobTasks
  /** The map ends as this resolves; it cannot, for now, when it rejects. */
  onEnd: (end: Promise<JobEnd>) => void
  /** It cannot go on here for now. */
  onStuck: (error: Error) => void
}

/** Rejects with ERR_JOURNAL; then nothing is open. */
export async function openMapFiles ({ id, folder, tasks, onEnd, onStuck }: MapFilesComponents): Promise<MapFiles> {
  const { settings } = folder
  const spool = await Spool.open(folder.inputsPath)
  const log = await ResultsLog.open(folder.resultsPath).catch(async (error: unknown) => {
    await spool.close()
    throw error
  })
  if (log.indexes > spool.items) {
    await Promise.all([spool.close(), log.close()])
    throw damaged(folder.inputsPath, `it holds ${spool.items} inputs, and there is a result of input ${log.indexes - 1}`)
  }
  const closing = new AbortController()
  const cursor = spool.cursor()
  const window = new ItemWindow({
    id,
    settings,
    tasks,
    cursor,
    log,
    onAll: () => { onEnd(outcomeOf({ id, tasks, settings, log, signal: closing.signal })) },
    onFailed: (index) => {
      if (!settings.failFast) return
      window.stop('another input of the map failed')
      onEnd(failureOf(log, index))
    },
    onStuck,
  })
  log.onFailure = onStuck
  log.onCommit = () => { window.pump() }
  return { spool, log, cursor, window, closing }
}
