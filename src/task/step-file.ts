/** A task that was read from a file of its own: what it names beside itself lies in that file's folder. */
import type { FileSource, ModuleSource, TaskDefinition } from './definition.ts'

/** The definition as the file that names it by `path` sees it. */
export function relocated (definition: TaskDefinition, path: string): TaskDefinition {
  const folder = path.slice(0, path.lastIndexOf('/') + 1)
  if (folder === '') return definition
  const { module, setup } = definition
  const moved = { ...definition, module: movedModule(module, folder) }
  return setup?.files === undefined ? moved : { ...moved, setup: { ...setup, files: setup.files.map((file) => movedFile(file, folder)) } }
}

function movedModule (module: ModuleSource, folder: string): ModuleSource {
  if (module.kind === 'file') return { kind: 'file', path: inFolder(module.path, folder) }
  return module.kind === 'name' ? { kind: 'name', name: folder + module.name } : module
}

function movedFile (file: FileSource, folder: string): FileSource {
  return 'file' in file ? { path: file.path, file: inFolder(file.file, folder) } : file
}

function inFolder (path: string, folder: string): string {
  return path.startsWith('/') ? path : folder + path
}
