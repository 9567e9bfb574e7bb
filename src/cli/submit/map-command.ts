/** `corebrum submit --map` and `--resume`: from flags to a map that runs in the daemon, or in a node of the command's own. */
import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { createControlClient, isDaemonAbsent } from '../../control/client.ts'
import { createMapClient, type MapSource } from '../../control/map-client.ts'
import type { MapSubmissionText } from '../../control/map-submission.ts'
import { controlSocketPath } from '../../control/socket-path.ts'
import { resolveDataDir } from '../../config/data-dir.ts'
import { CorebrumError } from '../../errors.ts'
import { MAX_DEFINITION_BYTES } from '../../limits.ts'
import type { AgreementFlags } from '../agreement-flags.ts'
import type { ExitCode } from '../exit.ts'
import { configSources, type NodeFlags } from '../flags.ts'
import { readTextFile, readValue } from '../input.ts'
import { policyOf, type PolicyFlags } from '../policy-flags.ts'
import { mapInputs } from './map-inputs.ts'
import { checkNodeFlags, warnOfNodeFlags } from './node-flags.ts'
import { createMapOutput } from './map-output.ts'
import { createMapProgress } from './map-progress.ts'
import { runMap } from './map-run.ts'

export interface MapFlags extends NodeFlags, PolicyFlags, Pick<AgreementFlags, 'cache'> {
  file?: string
  inputs?: string
  set?: string[]
  map?: string
  resume?: string
  reduce?: string
  output?: string
  unordered?: boolean
  failFast?: boolean
  detach?: boolean
  local?: boolean
  quiet?: boolean
}

/** Rejects as the other submits do. */
export async function submitMap (flags: MapFlags): Promise<ExitCode> {
  if ([flags.file, flags.inputs, flags.map, flags.reduce].filter((path) => path === '-').length > 1) {
    throw new CorebrumError('ERR_USAGE', 'only one of --file, --input, --map and --reduce can be read from standard input; put the others in files')
  }
  const request = flags.resume === undefined ? await readRequest(flags) : undefined
  const inputName = async (): Promise<string> => {
    if (request === undefined) throw new CorebrumError('ERR_USAGE', '--map: name the input when a map goes on, as in --map number=1..1000')
    const { rangeInput } = await import('../../control/map-submission.ts')
    return await rangeInput(request)
  }
  await checkNodeFlags(flags)
  const inputs = flags.map === undefined ? undefined : await mapInputs(flags.map, inputName)
  const check = async (): Promise<void> => {
    if (request === undefined || inputs === undefined) return
    const { checkMapInputs } = await import('../../control/map-submission.ts')
    await checkMapInputs(request, await inputs.samples())
  }
  const source = await mapSource(flags)
  try {
    return await runMap(source, {
      map: request ?? flags.resume ?? '',
      chunks: inputs?.chunks,
      check,
      given: flags.map,
      ordered: flags.unordered !== true,
      detach: flags.detach === true,
      progress: createMapProgress({ quiet: flags.quiet === true || flags.detach === true }),
      output: createMapOutput(flags.output, { reading: flags.map?.startsWith('@') === true ? flags.map.slice(1) : undefined }),
    })
  } finally {
    await source.close()
  }
}

/** The daemon, when there is one. */
async function mapSource (flags: MapFlags): Promise<MapSource> {
  const dataDir = resolveDataDir(flags.dataDir)
  const client = createControlClient({ dataDir })
  if (flags.detach === true) return createMapClient(client)
  if (flags.local !== true && existsSync(controlSocketPath(dataDir))) {
    try {
      await client.get('/v1/node')
      warnOfNodeFlags(flags)
      return createMapClient(client)
    } catch (error) {
      // The socket of a daemon that was killed stays behind.
      if (!isDaemonAbsent(error)) throw error
    }
  }
  const { ownNodeMaps } = await import('./map-own-node.ts')
  return ownNodeMaps(configSources(flags), { local: flags.local === true })
}

async function readRequest (flags: MapFlags): Promise<MapSubmissionText> {
  const { file = '-', inputs, set, reduce, failFast, cache } = flags
  const given = inputs === undefined ? undefined : await readValue(inputs, '--input', MAX_DEFINITION_BYTES)
  const policy = policyOf(flags)
  return {
    ...await readDefinition(file, '--file'),
    ...(given === undefined ? {} : { inputs: given.text, inputsName: given.name }),
    ...(set === undefined ? {} : { set }),
    ...(reduce === undefined ? {} : { reduce: await readDefinition(reduce, '--reduce') }),
    ...(failFast === undefined ? {} : { failFast }),
    ...(cache ? {} : { noCache: true }),
    ...(policy === undefined ? {} : { policy }),
  }
}

async function readDefinition (file: string, flag: string): Promise<{ definition: string, fileName: string, baseDir: string }> {
  return {
    definition: await readTextFile(file, flag, MAX_DEFINITION_BYTES),
    fileName: file === '-' ? 'standard input' : file,
    baseDir: file === '-' ? process.cwd() : dirname(resolve(file)),
  }
}
