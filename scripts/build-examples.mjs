// Rebuilds every module that ships from its source in examples/ and compares it with the committed one.
//   node scripts/build-examples.mjs            reports; exit code 1 when one differs or its source does not compile
//   node scripts/build-examples.mjs --write    also replaces what differs, and what definitions say about it
// examples/modules.json lists the modules with their commands. A toolchain that is not installed is no failure.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))
const shipped = join(root, 'task_definitions', 'wasm')
const BUILD_TIMEOUT_MS = 300_000

const { values: { write } } = parseArgs({ options: { write: { type: 'boolean', default: false } } })
const { toolchains, modules } = JSON.parse(readFileSync(join(root, 'examples', 'modules.json'), 'utf8'))

// The committed bytes come from the distribution's toolchains; another rustc in front of them would build others.
const env = { ...process.env, PATH: `/usr/bin:${process.env.PATH}` }

function shell (command, cwd = root) {
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], { cwd, env, encoding: 'utf8', timeout: BUILD_TIMEOUT_MS })
  return { ok: status === 0, stdout: stdout ?? '', stderr: stderr ?? '' }
}

/** What a toolchain says of its version, or undefined when it, or its WebAssembly target, is not installed. */
function versionOf ({ version, check }) {
  const answer = shell(version)
  return answer.ok && shell(check).ok ? answer.stdout.split('\n')[0].trim() : undefined
}

/** The bytes of a module built in a copy of its source folder, or the first line of what the compiler said. */
function build ({ module, folder, command, failsToLink = false }) {
  const temporary = mkdtempSync(join(tmpdir(), 'corebrum-example-'))
  try {
    cpSync(join(root, 'examples', folder), temporary, { recursive: true })
    const { ok, stderr } = shell(command, temporary)
    const built = join(temporary, module)
    // Emscripten without --no-entry reports that main is missing, after it has written a good module.
    if ((ok || failsToLink) && existsSync(built)) return { bytes: readFileSync(built) }
    return { failure: stderr.trim().split('\n').find((line) => /error/i.test(line)) ?? 'it wrote no module' }
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

/** Puts the bytes and the hash of factorial.wasm into the definitions that embed and pin it. */
function refreshDefinitions () {
  const bytes = readFileSync(join(shipped, 'factorial.wasm'))
  replaceIn('factorial_wasm.yaml', /(wasm_binary: )"[^"]*"/, `$1"${bytes.toString('base64')}"`)
  replaceIn('factorial_wasm_url.yaml', /(sha256: )"[^"]*"/, `$1"${createHash('sha256').update(bytes).digest('hex')}"`)
}

function replaceIn (name, pattern, replacement) {
  const path = join(shipped, name)
  const before = readFileSync(path, 'utf8')
  if (!pattern.test(before)) throw new Error(`${name} has no ${pattern} to replace`)
  const after = before.replace(pattern, replacement)
  if (after === before) return
  writeFileSync(path, after)
  console.log(`${name}: refreshed`)
}

const versions = new Map(Object.entries(toolchains).map(([name, toolchain]) => [name, versionOf(toolchain)]))
let failed = false

for (const entry of modules) {
  const { folder, into, module, toolchain } = entry
  const shown = into === undefined ? module : `${folder}/${module}`
  const { install, builtWith } = toolchains[toolchain]
  const version = versions.get(toolchain)
  if (version === undefined) {
    console.log(`${shown}: not built: ${toolchain} is missing (${install})`)
    continue
  }
  const { bytes, failure } = build(entry)
  if (failure !== undefined) {
    failed = true
    console.log(`${shown}: failed: ${failure}`)
    continue
  }
  const path = join(into === undefined ? shipped : join(root, into), module)
  const committed = existsSync(path) ? readFileSync(path) : Buffer.alloc(0)
  if (bytes.equals(committed)) {
    console.log(`${shown}: same (${bytes.length} bytes)`)
  } else if (write) {
    writeFileSync(path, bytes)
    console.log(`${shown}: written (${committed.length} -> ${bytes.length} bytes)`)
  } else {
    failed = true
    console.log(`${shown}: differs (${committed.length} bytes committed, ${bytes.length} built; ` +
      `committed with ${builtWith}, built with ${version})`)
  }
}
if (write) refreshDefinitions()
process.exitCode = failed ? 1 : 0
