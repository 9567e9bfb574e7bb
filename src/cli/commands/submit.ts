/** `corebrum submit`: runs a task and prints its outputs. */
import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { InvalidArgumentError, Option, type Command } from 'commander'
import { createControlClient, isDaemonAbsent, type SubmitRequest } from '../../control/client.ts'
import { controlSocketPath } from '../../control/socket-path.ts'
import { resolveDataDir } from '../../config/data-dir.ts'
import { CorebrumError } from '../../errors.ts'
import { MAX_BLOB_BYTES, MAX_DEFINITION_BYTES, MAX_WAIT_SECONDS } from '../../limits.ts'
import type { ExitCode } from '../exit.ts'
import { addNodeFlags, configSources } from '../flags.ts'
import type { FileInput } from '../../task/file-input.ts'
import { addAgreementFlags, agreementOf, type AgreementFlags } from '../agreement-flags.ts'
import { readBytesFile, readTextFile, readValue } from '../input.ts'
import { namedPath, type NamedPath } from '../named-paths.ts'
import { checkOutputFiles } from '../output-files.ts'
import { flushed, print, say } from '../output.ts'
import { addPolicyFlags, policyOf } from '../policy-flags.ts'
import { createProgress } from '../progress.ts'
import { follow, type FollowOptions } from '../submit/follow.ts'
import type { MapFlags } from '../submit/map-command.ts'
import { checkNodeFlags, warnOfNodeFlags } from '../submit/node-flags.ts'
import type { TaskSource } from '../submit/source.ts'
import { daemonSource } from '../submit/through-daemon.ts'

interface SubmitFlags extends MapFlags, AgreementFlags {
  fileInput?: NamedPath[]
  outputFile?: NamedPath[]
  timeout?: number
  json?: boolean
}

/** What says something of one task alone. */
const SINGLE = ['fileInput', 'outputFile', 'timeout', 'json', 'replicas', 'quorum']
/** What a map took over when it was made. */
const FIXED = ['file', 'inputs', 'set', 'reduce', 'failFast', 'cache', 'priority', 'retries', 'deadline', 'require', 'on']
/** What says something of a map alone. */
const MAP_ONLY = [['reduce', '--reduce'], ['output', '--output'], ['unordered', '--unordered'], ['failFast', '--fail-fast']] as const

const EXAMPLES = `
Examples:
  corebrum submit --file task_definitions/wasm/factorial_wasm.yaml --input '{"number": 5}'
  corebrum submit --file task.yaml --set number=5 --set name=Ada
  corebrum submit --file task.yaml --input @inputs.json --detach
  corebrum submit --file resize.yaml --file-input image=photo.png --output-file image=small.png
  corebrum submit --file task.yaml --replicas 3 --quorum 2
  corebrum submit --file task.yaml --map @inputs.ndjson --output results.ndjson
  corebrum submit --file task.yaml --map number=1..1000 --reduce sum.yaml
  corebrum submit --resume 3f0c2a1e-0b1d-4c5e-8f6a-0123456789ab

Without a daemon the task runs in the mesh if there is one, else on this machine, and ends with this command.
A definition with tasks is a pipeline; one with execution_mode: recurring runs again and again, until Ctrl-C or \`cancel\`.
Exit codes: 0 done, 1 the task failed, 2 bad usage or definition, 3 no daemon, 4 waited too long, 5 cancelled.`

export function addSubmit (program: Command): void {
  const command = program.command('submit').alias('submit-and-wait')
    .description('run a task, wait for it, and print its outputs as JSON')
    .option('-f, --file <file>', 'the task definition, YAML or JSON; - for standard input')
    .option('--input, --inputs <json>', 'the inputs as one JSON object; @FILE reads a file, - standard input')
    .option('--set <name=value>', 'one input; its type is taken from the definition; repeatable',
      (value: string, earlier: string[] = []) => [...earlier, value])
    .option('--file-input <name=path>', 'one input, or a file for the program\'s root, from a file; - for standard input; repeatable', namedPath)
    .option('--output-file <name=path>', 'write one output to a file instead of printing it; - for standard output; repeatable', namedPath)
    .option('--timeout <seconds>', 'how long to wait for the result; a task that a daemon submitted goes on', seconds)
    .addOption(new Option('--detach', 'print the id of the task or job and do not wait; needs a daemon').conflicts(['local', 'timeout', 'json', 'outputFile']))
    .option('--json', 'print the whole task: id, state, worker, timings, outputs')
    .addOption(new Option('--local', 'run in a sandbox of this process, without daemon and mesh').conflicts(['peer', 'listen']))
    .option('-q, --quiet', 'neither progress nor log on stderr; the id is printed all the same')
    .optionsGroup('Map:')
    .addOption(new Option('--map <inputs>', 'run it once for each input, and print a line of JSON for each: @FILE with an object on each line, -, a JSON array, or a range such as 1..1000 or number=1..1000..5').conflicts(SINGLE))
    .addOption(new Option('--resume <job>', 'go on with a map that was interrupted, by the id that was printed as "map ID"; prints all its results').conflicts([...SINGLE, ...FIXED]))
    .addOption(new Option('--reduce <file>', 'the definition of a final task, which gets the list of all outputs'))
    .addOption(new Option('--output <file>', 'write the results there instead of printing them'))
    .addOption(new Option('--unordered', 'results as they come, instead of in the order of the inputs'))
    .addOption(new Option('--fail-fast', 'the first input that fails ends all'))
    .addHelpText('after', EXAMPLES)
  command.optionsGroup('Where, how often, and on how many peers it runs:')
  addNodeFlags(addPolicyFlags(addAgreementFlags(command)), 'Node that is used without a daemon:').action(async (flags: SubmitFlags) => {
    const code = await submit(flags)
    await flushed()
    // The own node may still hold sockets and timers; the daemon's connection is closed already.
    process.exit(code)
  })
}

async function submit (flags: SubmitFlags): Promise<ExitCode> {
  if (flags.resume === undefined && flags.file === undefined) throw new CorebrumError('ERR_USAGE', 'name the definition of the task with --file')
  if (flags.map !== undefined || flags.resume !== undefined) {
    const { submitMap } = await import('../submit/map-command.ts')
    return await submitMap(flags)
  }
  for (const [key, flag] of MAP_ONLY) {
    if (flags[key] !== undefined) throw new CorebrumError('ERR_USAGE', `${flag} goes with --map or --resume${key === 'output' ? '; --output-file NAME=PATH writes an output of one task to a file' : ''}`)
  }
  checkOutputFiles(flags.outputFile ?? [], { json: flags.json === true })
  await checkNodeFlags(flags)
  const request = await readRequest(flags)
  const progress = createProgress({ stream: process.stderr, quiet: flags.quiet })
  const options = { progress, json: flags.json === true, quiet: flags.quiet === true, outputFiles: flags.outputFile, timeoutMs: flags.timeout === undefined ? undefined : flags.timeout * 1000 }
  const dataDir = resolveDataDir(flags.dataDir)
  if (flags.local === true) return await submitAlone(request, flags, options)
  const client = createControlClient({ dataDir })
  if (flags.detach === true) {
    const { id, warnings } = await client.detach(request)
    for (const warning of warnings) say(`warning: ${warning}`)
    print(id)
    return 0
  }
  if (existsSync(controlSocketPath(dataDir))) {
    try {
      return await finish(daemonSource(client, request, { onAccepted: () => { warnOfNodeFlags(flags) } }), options)
    } catch (error) {
      // The socket of a daemon that was killed stays behind.
      if (!isDaemonAbsent(error)) throw error
    }
  }
  return await submitAlone(request, flags, options)
}

async function submitAlone (request: SubmitRequest, flags: SubmitFlags, options: FollowOptions): Promise<ExitCode> {
  const { ownNodeSource } = await import('../submit/own-node.ts')
  return await finish(ownNodeSource(request, configSources(flags), { local: flags.local === true }), options)
}

async function finish (source: TaskSource, options: FollowOptions): Promise<ExitCode> {
  try {
    return await follow(source, options)
  } finally {
    await source.close()
  }
}

async function readRequest (flags: SubmitFlags): Promise<SubmitRequest> {
  const { file = '-', inputs, set, fileInput = [], outputFile } = flags
  if ([file, inputs, ...fileInput.map(({ path }) => path)].filter((path) => path === '-').length > 1) {
    throw new CorebrumError('ERR_USAGE', 'only one of --file, --input and --file-input can be read from standard input; put the others in files')
  }
  const definition = await readTextFile(file, '--file', MAX_DEFINITION_BYTES)
  const given = inputs === undefined ? undefined : await readValue(inputs, '--input', MAX_DEFINITION_BYTES)
  return {
    definition,
    fileName: file === '-' ? 'standard input' : file,
    baseDir: file === '-' ? process.cwd() : dirname(resolve(file)),
    inputs: given?.text,
    inputsName: given?.name,
    set,
    policy: policyOf(flags),
    ...agreementOf(flags),
    ...(flags.cache ? {} : { noCache: true }),
    ...(fileInput.length === 0 ? {} : { files: await readFiles(fileInput) }),
    ...(outputFile === undefined ? {} : { outputFiles: outputFile.map(({ name }) => name) }),
  }
}

async function readFiles (named: NamedPath[]): Promise<FileInput[]> {
  const files: FileInput[] = []
  for (const { name, path } of named) files.push({ name, bytes: await readBytesFile(path, `--file-input ${name}`, MAX_BLOB_BYTES) })
  return files
}

function seconds (text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value > 0 && value <= MAX_WAIT_SECONDS)) throw new InvalidArgumentError(`It must be a number of seconds, more than 0 and at most ${MAX_WAIT_SECONDS}.`)
  return value
}
