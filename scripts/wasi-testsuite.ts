/**
 * Runs the official WASI test suite's preview 1 cases against this project's host:
 *
 *   node --import tsx scripts/wasi-testsuite.ts [FOLDER] [--only TEXT]
 *
 * The suite is not part of this repository. FOLDER, build/wasi-testsuite when it is left out, holds the branch
 * prod/testsuite-base of github.com/WebAssembly/wasi-testsuite, where the cases are built. Exit code 1 when one fails.
 */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Guest, type GuestFile, ProgramExit } from '../src/executor/abi/guest.ts'
import { type CompiledModule, compileModule } from '../src/executor/compile.ts'
import { HOSTED_MEMORY } from '../src/executor/binary/rewrite.ts'
import { makeLinker } from '../src/executor/link.ts'

const DEFAULT_FOLDER = fileURLToPath(new URL('../build/wasi-testsuite/', import.meta.url))
const VERSION = 'wasm32-wasip1'
const MAX_PAGES = 1024

const MISSING = `the suite is not there; get it with
  git clone --depth 1 --branch prod/testsuite-base https://github.com/WebAssembly/wasi-testsuite build/wasi-testsuite
or name the folder that holds it`

/** The manifest beside a case; what it leaves out is empty. */
interface Expectation {
  args: string[]
  env: Record<string, string>
  /** Folder whose files are the program's root; without it the program has none. */
  root?: string
  exitCode: number
  stdout?: string
  stderr?: string
}

interface Outcome { exitCode: number, stdout: string, stderr: string }

function filesBelow (folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)).filter((path) => statSync(path).isFile())
}

/** Cases stand in folders whose `manifest.json` names the version of WASI. */
function findCases (folder: string): string[] {
  const files = existsSync(folder) ? filesBelow(folder) : []
  const suites = files.filter((path) => basename(path) === 'manifest.json' && readJson(path)['version'] === VERSION).map(dirname)
  return files.filter((path) => path.endsWith('.wasm') && suites.includes(dirname(path))).sort()
}

function readJson (path: string): Record<string, unknown> {
  const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function expectationOf (path: string): Expectation {
  const manifest = path.replace(/\.wasm$/, '.json')
  const { args, env, root, exit_code: exitCode, stdout, stderr, operations } = existsSync(manifest) ? readJson(manifest) : {}
  if (operations !== undefined) throw new Error('its manifest lists operations, which no case of this version did')
  return {
    args: Array.isArray(args) ? args.map(String) : [],
    env: typeof env === 'object' && env !== null ? Object.fromEntries(Object.entries(env).map(([name, value]) => [name, String(value)])) : {},
    exitCode: typeof exitCode === 'number' ? exitCode : 0,
    ...(typeof root === 'string' && { root: join(dirname(path), root) }),
    ...(typeof stdout === 'string' && { stdout }),
    ...(typeof stderr === 'string' && { stderr }),
  }
}

function filesOf (root: string): GuestFile[] {
  return filesBelow(root).map((path) => ({ path: relative(root, path).replaceAll('\\', '/'), bytes: new Uint8Array(readFileSync(path)) }))
}

function runCase (path: string, { args, env, root }: Expectation): Outcome {
  const compiled = compileModule(readFileSync(path), MAX_PAGES)
  const guest = new Guest({ args, env, fileSystem: root !== undefined, files: root === undefined ? [] : filesOf(root) })
  const instance = new WebAssembly.Instance(compiled.module, importsOf(compiled, guest))
  guest.useExports(instance.exports, compiled.info.exports.find((item) => item.kind === 'memory')?.name)
  let exitCode = 0
  try {
    guest.call('_start')
  } catch (thrown) {
    if (!(thrown instanceof ProgramExit)) throw new Error(`${String(thrown)}\n${guest.logs.text()}`, { cause: thrown })
    exitCode = thrown.exitCode
  }
  return { exitCode, stdout: new TextDecoder().decode(guest.stdout.bytes()), stderr: guest.logs.text() }
}

function importsOf ({ info, memories, maxPages }: CompiledModule, guest: Guest): WebAssembly.Imports {
  const imports = makeLinker(info, maxPages)(guest)
  if (memories !== undefined) imports[HOSTED_MEMORY.module] = { [HOSTED_MEMORY.name]: memories.take() }
  return imports
}

function problemOf (path: string): string | undefined {
  try {
    const expected = expectationOf(path)
    const found = runCase(path, expected)
    for (const key of ['exitCode', 'stdout', 'stderr'] as const) {
      if (expected[key] !== undefined && found[key] !== expected[key]) {
        return `${key} is ${JSON.stringify(found[key])}, expected ${JSON.stringify(expected[key])}\n${found.stderr}`
      }
    }
    return undefined
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown)
  }
}

const { values: { only }, positionals: [folder = DEFAULT_FOLDER] } = parseArgs({ allowPositionals: true, options: { only: { type: 'string', default: '' } } })
const cases = findCases(folder).filter((path) => path.includes(only))
if (cases.length === 0) {
  console.error(`${folder}: ${MISSING}`)
  process.exit(2)
}
let failed = 0
for (const path of cases) {
  const problem = problemOf(path)
  if (problem === undefined) continue
  failed++
  console.error(`failed: ${relative(folder, path)}: ${problem}`)
}
console.log(`${cases.length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
