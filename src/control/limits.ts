/** The limits of the control API alone; see src/limits.ts for shared ones. */

const KiB = 1024
const MiB = 1024 * 1024

export const MAX_CONTROL_BODY_BYTES = 64 * MiB
/** Ids and names in one request; HTTP of Node reads 16 KiB besides the body. */
export const MAX_CONTROL_PATH_CHARS = 8 * KiB
/** One JSON text of the daemon: outputs of MAX_OUTPUT_BYTES in base64, or text with some escapes. */
export const MAX_CONTROL_ANSWER_BYTES = 256 * MiB
/** A file that a command has handed to its daemon waits this long for the task that names it. */
export const UPLOAD_KEPT_MS = 600_000
/** Files that wait so at the same time. */
export const MAX_UPLOADS = 256
/** How long a socket that may belong to a dead daemon has to answer. */
export const CONTROL_PROBE_MS = 2_000
/** How long a command waits for the daemon's answer to anything but a task. */
export const CONTROL_ANSWER_MS = 60_000
/** How long `cancel` waits until the end of the task is on disk. */
export const CANCEL_WRITE_MS = 10_000
/** A start-up lock older than this was left by a daemon that died while it started. */
export const STALE_LOCK_MS = 10_000
/** Characters of a task id that are enough to name it, where only one task has them. */
export const MIN_ID_PREFIX = 4
/** Tasks of a job in one answer; each may have large outputs. */
export const MAX_CHILDREN_PAGE = 100
