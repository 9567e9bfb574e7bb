/** Files that survive a power cut: written, synced, and named only then. */
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Writes a whole file; it is there with all its bytes, or not at all. Rejects with errors of the system. */
export async function writeDurably (path: string, bytes: Uint8Array): Promise<void> {
  const partial = `${path}.partial`
  try {
    const file = await open(partial, 'w', 0o600)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(partial, path)
  } catch (error) {
    await rm(partial, { force: true }).catch(() => {})
    throw error
  }
  await syncFolder(dirname(path))
}

/** Puts the names in a folder on disk. Some systems cannot, and need not. */
export async function syncFolder (dir: string): Promise<void> {
  const folder = await open(dir, 'r').catch(() => undefined)
  if (folder === undefined) return
  try {
    await folder.sync()
  } catch {
    // Windows has no such call.
  } finally {
    await folder.close()
  }
}
