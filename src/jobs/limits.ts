/** The limits of jobs alone; see src/limits.ts for shared ones. */

const KiB = 1024
const MiB = 1024 * 1024

/** One line of a map's inputs. */
export const MAX_MAP_LINE_BYTES = 32 * MiB
/** Lines are written and read back in blocks of about this size. */
export const SPOOL_BLOCK_BYTES = 256 * KiB
/** Inputs of a map that are on disk and not looked at yet: beyond, no more are taken from whoever sends them. */
export const MAX_SPOOL_AHEAD_BYTES = 1024 * MiB
/** Tasks of a map that are open at the same time, and the bytes of their inputs. */
export const MAX_MAP_OPEN_TASKS = 1024
export const MAX_MAP_OPEN_BYTES = 16 * MiB
/** Results that are not on disk yet; beyond, no more tasks are begun. */
export const MAX_UNWRITTEN_RESULT_BYTES = 16 * MiB
/** One result as JSON: MAX_OUTPUT_BYTES in base64, and what stands around it. */
export const MAX_MAP_RESULT_BYTES = 96 * MiB
/** Results reach the disk together, this often. */
export const MAP_COMMIT_MS = 50
/** How often a map looks whether a full queue takes its tasks again, and tells how far it is. */
export const MAP_RETRY_MS = 200
/** How often a node looks whether a map that another process has can be had. */
export const MAP_LOCK_MS = 1000
/** Folders of maps that a start of a daemon looks at, to clear away those that nobody will go on with. */
export const MAX_SWEPT_FOLDERS = 10_000
/** Unfinished maps whose files a node holds open. */
export const MAX_OPEN_MAPS = 64
/** A job that cannot be had after a restart, as with too many open files, is tried again, at first after this long, then each time twice as long. */
export const JOB_RETRY_MIN_MS = 1_000
export const JOB_RETRY_MAX_MS = 30_000
