/** Which path the control socket of a data folder has; the daemon and the commands agree on it without talking. */
import { join } from 'node:path'

/** `sun_path` holds 104 bytes on macOS and 108 on Linux, the closing zero included. */
export const MAX_SOCKET_PATH_BYTES = 103

/** `control.sock` in the data folder. */
export function controlSocketPath (dataDir: string): string {
  return join(dataDir, 'control.sock')
}

/** False where the data folder lies too deep for any daemon to listen there. */
export function fitsSocketPath (path: string): boolean {
  return Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES
}
