/** `JSON`, on the host's own values. */
import { CorebrumError } from '../../../errors.ts'
import { fromJson, toJson } from '../json.ts'
import type { Catalogue } from './imports.ts'
import { hostError, spec } from './host-function.ts'
import type { BindgenHost } from './host.ts'
import { type HostValue, hostValueOf, taskValueOf } from './host-values.ts'

/** Throws HostThrow for text that is no JSON. */
function parse (_host: BindgenHost, [text]: HostValue[]): HostValue {
  return throwing(() => hostValueOf(fromJson(String(text), 'the text')))
}

/** Throws HostThrow for what is no JSON value: too deep, or a function. */
function stringify (host: BindgenHost, [value]: HostValue[]): HostValue {
  return value === undefined ? undefined : throwing(() => toJson(taskValueOf(value, host.bytesOf)))
}

function throwing<T> (work: () => T): T {
  try {
    return work()
  } catch (thrown) {
    if (thrown instanceof CorebrumError && thrown.code === 'ERR_RESULT_TYPE') throw hostError(thrown.message)
    throw thrown
  }
}

export const JSON_VALUES: Catalogue = {
  parse: [spec('text', 'ref', parse)],
  stringify: [spec('ref', 'ref', stringify)],
  'bindgen:jsonparse': [spec('text', 'ref', parse)],
  'bindgen:jsonserialize': [spec('ref', 'text', stringify)],
}
