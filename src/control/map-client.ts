/** Maps of the daemon, as a command uses them. */
import { isMapping, type Value } from '../task/values.ts'
import type { ControlClient } from './client.ts'
import { numberField, textField, textsField, viewField } from './fields.ts'
import type { MapSubmissionText } from './map-submission.ts'
import type { View } from './views.ts'

export interface InputsMark {
  bytes: number
  crc: number
}

/** What a map is asked to give. */
export interface ResultsOptions {
  ordered: boolean
  signal: AbortSignal
}

/** Maps, wherever they are; what fails rejects with the error of whoever has them. */
export interface MapSource {
  create (request: MapSubmissionText, signal: AbortSignal): Promise<{ id: string, warnings: string[] }>
  /** Goes on with a paused map; what of its inputs is there, and undefined once that is all, or the map has ended. */
  proceed (id: string): Promise<InputsMark | undefined>
  /** Gives it the inputs behind those that are there; resolves with the number of all. */
  addInputs (id: string, chunks: AsyncIterable<Uint8Array>, mark: InputsMark, signal: AbortSignal): Promise<number>
  results (id: string, options: ResultsOptions): AsyncIterable<Uint8Array>
  /** How it stands, again and again, to its pause or end. */
  follow (id: string, signal: AbortSignal): AsyncIterable<View>
  pause (id: string): Promise<void>
  cancel (id: string): Promise<void>
  /** All of an ended map was taken. */
  handedOver (id: string): void
  close (): Promise<void>
}

export function createMapClient (client: ControlClient): MapSource {
  const path = (id: string, rest: string): string => `/v1/maps/${encodeURIComponent(id)}${rest}`
  return {
    async create (request, signal) {
      const answer = await client.postJson('/v1/maps', bodyOf(request), signal)
      return { id: textField(answer, 'id') ?? '', warnings: textsField(answer, 'warnings') }
    },
    async proceed (id) {
      const inputs = viewField(await client.post(path(id, '/proceed')), 'inputs')
      return inputs === undefined || inputs.sealed === true ? undefined : { bytes: numberField(inputs, 'bytes') ?? 0, crc: numberField(inputs, 'crc') ?? 0 }
    },
    async addInputs (id, chunks, { bytes, crc }, signal) {
      return numberField(await client.upload(path(id, `/inputs?bytes=${bytes}&crc=${crc}`), chunks, signal), 'items') ?? 0
    },
    results: (id, { ordered, signal }) => client.read(path(id, `/results?order=${ordered ? 'index' : 'arrival'}`), signal),
    follow: (id, signal) => client.lines(path(id, '/events'), signal),
    async pause (id) {
      await client.post(path(id, '/pause'))
    },
    async cancel (id) {
      await client.post(`/v1/tasks/${encodeURIComponent(id)}/cancel`)
    },
    handedOver () {},
    async close () {},
  }
}

/** Without what was not given. */
function bodyOf (object: object): View {
  const view: View = {}
  for (const [key, value] of Object.entries(object) as Array<[string, Value | undefined]>) {
    if (value !== undefined) view[key] = isMapping(value) ? bodyOf(value) : value
  }
  return view
}
