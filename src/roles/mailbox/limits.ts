/** The limits of the mailbox alone; see src/limits.ts for shared ones. */

const MiB = 1024 * 1024

/** Peers with which each is left. */
export const MAILBOX_COPIES = 2
/** Peers that are asked for that at one time; one that refuses is asked again after MAILBOX_REFUSED_MS. */
export const MAX_HOLDERS_ASKED = 8
export const MAILBOX_REFUSED_MS = 600_000
/** Letters that are on their way at the same time, in bytes: to be held, and to be read; and out of this node, each twice, as bytes of the file and of the stream. */
export const MAX_LETTER_BYTES_MOVING = 32 * MiB
export const MAX_LETTER_BYTES_LEAVING = 64 * MiB
/** One letter on its way, with all answers: 8 MiB at 300 KB/s. */
export const LETTER_TIMEOUT_MS = 30_000
/** Letters that cannot be read after which what a holder has is ignored for LETTERS_IGNORED_MS. */
export const MAX_BAD_LETTERS = 64
export const LETTERS_IGNORED_MS = 3_600_000
