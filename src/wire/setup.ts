/**
 * What a program finds when it starts, inside of a program on the wire (see program.ts):
 *
 *   setup = { ? args: [* tstr], ? env: [* [name: tstr, value: tstr]], ? stdin: bstr / input: tstr,
 *             ? files: [* file], ? out: [* [output: tstr, path: tstr]] }
 *   file  = [path: tstr, 0, bstr] / [path: tstr, 1, input: tstr] / [path: tstr, 2, cid: tstr, size: uint]
 *
 * Without `stdin` the convention puts the inputs there.
 */
import { MAX_INLINE_FILE_BYTES, MAX_NAME_CHARS, MAX_PROGRAM_ARGS, MAX_PROGRAM_FILES, MAX_PROGRAM_VARIABLES, MAX_SETUP_BYTES, MAX_WASI_FILE_BYTES } from '../limits.ts'
import { filePathFault, pathConflict } from '../task/file-path.ts'
import type { Program, ProgramFile, ProgramSetup, StandardInput } from '../task/program.ts'
import { isVariableName, setupBytes } from '../task/setup.ts'
import { asArray, asBytes, asInteger, asRecord, asText, broken, uint } from './shape.ts'

const FileKind = { BYTES: 0, INPUT: 1, CID: 2 } as const
const MAX_CID_CHARS = 128

export function setupToWire ({ args, env, stdin, files, outputFiles }: ProgramSetup): unknown {
  return {
    ...(args.length > 0 && { args }),
    ...(Object.keys(env).length > 0 && { env: Object.entries(env) }),
    ...(stdin.from !== 'inputs' && { stdin: stdin.from === 'bytes' ? stdin.bytes : stdin.name }),
    ...(files.length > 0 && { files: files.map(fileToWire) }),
    ...(outputFiles.length > 0 && { out: outputFiles.map(({ output, path }) => [output, path]) }),
  }
}

/** Checks it against the program that it belongs to. Throws ERR_PROTOCOL. */
export function setupFromWire (raw: unknown, program: Pick<Program, 'inputs' | 'outputs' | 'grants'>): ProgramSetup {
  const s = asRecord(raw, 'setup')
  const setup: ProgramSetup = {
    args: s.args === undefined ? [] : asArray(s.args, 'setup.args', 0, MAX_PROGRAM_ARGS).map((item) => plainText(item, 'setup.args')),
    env: s.env === undefined ? {} : envFromWire(s.env),
    stdin: stdinFromWire(s.stdin),
    files: s.files === undefined ? [] : asArray(s.files, 'setup.files', 0, MAX_PROGRAM_FILES).map(fileFromWire),
    outputFiles: s.out === undefined ? [] : asArray(s.out, 'setup.out', 0, MAX_PROGRAM_FILES).map(outputFromWire),
  }
  checkSetup(setup, program)
  return setup
}

function fileToWire (file: ProgramFile): unknown[] {
  if ('bytes' in file) return [file.path, FileKind.BYTES, file.bytes]
  return 'input' in file ? [file.path, FileKind.INPUT, file.input] : [file.path, FileKind.CID, file.cid, uint(file.size)]
}

function fileFromWire (raw: unknown): ProgramFile {
  const [rawPath, kind, what, size] = asArray(raw, 'setup.files', 3)
  const path = asPath(rawPath, 'setup.files')
  switch (kind) {
    case FileKind.BYTES: return { path, bytes: asBytes(what, 'setup.files', 0, MAX_INLINE_FILE_BYTES) }
    case FileKind.INPUT: return { path, input: asText(what, 'setup.files', MAX_NAME_CHARS) }
    case FileKind.CID: return { path, cid: asText(what, 'setup.files', MAX_CID_CHARS), size: asInteger(size, 'setup.files', 0, MAX_WASI_FILE_BYTES) }
    default: throw broken('setup.files')
  }
}

function outputFromWire (raw: unknown): ProgramSetup['outputFiles'][number] {
  const [output, path] = asArray(raw, 'setup.out', 2)
  return { output: asText(output, 'setup.out', MAX_NAME_CHARS), path: asPath(path, 'setup.out') }
}

function envFromWire (raw: unknown): Record<string, string> {
  const pairs = asArray(raw, 'setup.env', 0, MAX_PROGRAM_VARIABLES).map((entry): [string, string] => {
    const [name, value] = asArray(entry, 'setup.env', 2)
    const text = asText(name, 'setup.env', MAX_NAME_CHARS)
    if (!isVariableName(text)) throw broken('setup.env')
    return [text, plainText(value, 'setup.env')]
  })
  const env = Object.fromEntries(pairs)
  if (Object.keys(env).length !== pairs.length) throw broken('setup.env')
  return env
}

function stdinFromWire (raw: unknown): StandardInput {
  if (raw === undefined) return { from: 'inputs' }
  return typeof raw === 'string'
    ? { from: 'input', name: asText(raw, 'setup.stdin', MAX_NAME_CHARS) }
    : { from: 'bytes', bytes: asBytes(raw, 'setup.stdin', 0, MAX_SETUP_BYTES) }
}

/** Text that programs read up to its first NUL. */
function plainText (raw: unknown, what: string): string {
  const text = asText(raw, what, MAX_SETUP_BYTES)
  if (text.includes('\0')) throw broken(what)
  return text
}

function asPath (raw: unknown, what: string): string {
  const path = asText(raw, what, MAX_SETUP_BYTES)
  if (filePathFault(path) !== undefined) throw broken(what)
  return path
}

function checkSetup (setup: ProgramSetup, { inputs, outputs, grants }: Pick<Program, 'inputs' | 'outputs' | 'grants'>): void {
  const { stdin, files, outputFiles } = setup
  if (setupBytes({ ...setup, files: [] }) > MAX_SETUP_BYTES) throw broken('setup')
  if (files.reduce((sum, file) => sum + ('bytes' in file ? file.bytes.length : 0), 0) > MAX_INLINE_FILE_BYTES) throw broken('setup.files')
  if (files.length + outputFiles.length > 0 && !grants.fileSystem) throw broken('program.fs')
  if (pathConflict(files.map(({ path }) => path)) !== undefined) throw broken('setup.files')
  if (pathConflict(outputFiles.map(({ path }) => path)) !== undefined) throw broken('setup.out')
  const left = outputFiles.map(({ output }) => output)
  if (new Set(left).size !== left.length || !left.every((output) => outputs.some(({ name }) => name === output))) throw broken('setup.out')
  const named = [...(stdin.from === 'input' ? [stdin.name] : []), ...files.flatMap((file) => ('input' in file ? [file.input] : []))]
  if (!named.every((input) => inputs.some(({ name }) => name === input))) throw broken('setup.files')
}
