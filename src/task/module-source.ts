/** Where a definition says that its module comes from, and the hash that it pins the module to. */
import { MAX_MODULE_BYTES, MAX_NAME_CHARS, MAX_URL_CHARS } from '../limits.ts'
import { cidOfBytes, cidOfSha256, readCid } from './module-cid.ts'
import { fromBase64, isMapping } from './values.ts'
import type { ModuleSource } from './definition.ts'
import type { Section } from './section.ts'

const MAGIC = [0x00, 0x61, 0x73, 0x6d]
const MAX_PATH_CHARS = 4096
const SOURCE_FIELDS = ['type', 'url', 'file', 'path', 'cid', 'sha256', 'auth_token', 'function_name', 'entry_point', 'memory_pages'] as const
const TYPES = 'url, file, cid'

interface Candidate { key: string, section: Section, beside: Section | undefined, read: () => ModuleSource | undefined }

/** Reads the module's source and pin from compute_logic, or from the root where there is none. */
export async function readModule (root: Section, logic: Section, wasm: Section | undefined): Promise<{ source?: ModuleSource, cid?: string }> {
  const { report } = root
  const holders = logic === root ? [root] : [logic, root]
  const found: Candidate[] = []
  for (const section of holders) {
    if (section.raw('wasm_binary') !== undefined) found.push({ key: 'wasm_binary', section, beside: undefined, read: () => embedded(section) })
    for (const key of ['wasm_source', 'code_source']) {
      const beside = section.raw(key) === undefined ? undefined : section.section(key)
      if (section.raw(key) !== undefined) found.push({ key, section, beside, read: () => beside && referenced(beside) })
    }
  }
  if (wasm !== undefined) found.push({ key: 'wasm', section: wasm, beside: wasm, read: () => referenced(wasm) })
  const [first, second] = found
  if (second !== undefined && first !== undefined) {
    report.mistake(second.section === wasm ? wasm.path : second.section.at(second.key), `a second source of the module, beside ${first.key} - keep one`)
  }
  const unreadable = wasm === undefined && isMapping(root.raw('source')) && root.section('source')?.raw('wasm') !== undefined
  const source = first !== undefined ? first.read() : unreadable ? undefined : named(holders, logic)
  const cid = await pin([...(first?.beside === undefined ? [] : [first.beside]), ...holders], source)
  return { source, cid }
}

function embedded (section: Section): ModuleSource | undefined {
  const value = section.raw('wasm_binary')
  const at = section.at('wasm_binary')
  const allowed = 'base64 of a .wasm file'
  if (typeof value !== 'string' && !(value instanceof Uint8Array)) {
    section.report.found(at, value, allowed)
    return undefined
  }
  const bytes = typeof value === 'string' ? fromBase64(value) : new Uint8Array(value)
  if (bytes === undefined) {
    section.report.found(at, value, allowed, 'make it with: base64 -w0 module.wasm')
    return undefined
  }
  if (MAGIC.every((byte, i) => bytes[i] === byte)) return { kind: 'bytes', bytes }
  const start = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
  section.report.mistake(at, `found ${bytes.length} bytes${bytes.length === 0 ? '' : ` that begin with ${start}`}, allowed: ${allowed}, which begins with 00 61 73 6d`)
  return undefined
}

function referenced (section: Section): ModuleSource | undefined {
  section.expect(SOURCE_FIELDS)
  const { report } = section
  if (section.raw('auth_token') !== undefined) report.warn(section.at('auth_token'), 'not supported, ignored: the URL is fetched without it')
  const given = section.raw('type')
  if (given !== undefined && (typeof given !== 'string' || !['url', 'file', 'cid'].includes(given.toLowerCase()))) {
    report.found(section.at('type'), given, TYPES)
    return undefined
  }
  const type = typeof given === 'string' ? given.toLowerCase() : ['url', 'file', 'path', 'cid'].find((key) => section.raw(key) !== undefined)
  if (type === 'url') return url(section)
  if (type === 'file' || type === 'path') return file(section, section.raw('file') === undefined ? 'path' : 'file')
  if (type === 'cid') return cid(section)
  section.missing('url', `one of ${TYPES}`)
  return undefined
}

function url (section: Section): ModuleSource | undefined {
  if (section.raw('url') === undefined) section.missing('url', 'an http or https URL')
  const text = section.text('url', MAX_URL_CHARS)
  if (text === undefined) return undefined
  const refuse = (allowed: string, advice?: string): undefined => {
    section.report.found(section.at('url'), text, allowed, advice)
    return undefined
  }
  if (!URL.canParse(text)) return refuse('an http or https URL', 'a file is named by type: file and path')
  const parsed = new URL(text)
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') return refuse('an http or https URL', parsed.protocol === 'file:' ? 'use type: file and path' : undefined)
  if (parsed.username !== '' || parsed.password !== '') return refuse('a URL without user name and password', 'the URL is told to other peers')
  if (parsed.href.length > MAX_URL_CHARS) return refuse(`a URL of at most ${MAX_URL_CHARS} characters once it is percent-encoded`)
  return { kind: 'url', url: parsed.href }
}

function file (section: Section, key: string): ModuleSource | undefined {
  if (section.raw(key) === undefined) section.missing('path', 'the path of a .wasm file, relative to the folder of the definition')
  const path = section.text(key, MAX_PATH_CHARS)
  return path === undefined ? undefined : { kind: 'file', path }
}

function cid (section: Section): ModuleSource | undefined {
  if (section.raw('cid') === undefined) section.missing('cid', 'the CID of a module, bafkrei…')
  const text = section.text('cid', MAX_NAME_CHARS)
  const reading = text === undefined ? undefined : readCid(text)
  return reading?.ok === true ? { kind: 'cid', cid: reading.cid } : undefined // a bad CID is reported with the pins
}

/** `wasm_module: NAME`: a name and no path, because it is looked up beside the definition and in the store. */
function named (holders: Section[], logic: Section): ModuleSource | undefined {
  const holder = holders.find((section) => section.raw('wasm_module') !== undefined)
  if (holder === undefined) {
    logic.missing('wasm_source', 'one of wasm_binary, wasm_source, code_source, wasm_module, or source.wasm at the root', 'say where the module is')
    return undefined
  }
  const name = holder.text('wasm_module', MAX_NAME_CHARS)
  if (name === undefined) return undefined
  if (/[/\\]/.test(name) || name === '.' || name === '..') {
    holder.report.found(holder.at('wasm_module'), name, 'a name without slashes', 'a path is given by wasm_source: {type: file, path}')
    return undefined
  }
  return { kind: 'name', name: name.replace(/\.wasm$/i, '') }
}

async function pin (sections: Section[], source: ModuleSource | undefined): Promise<string | undefined> {
  let pinned = source?.kind === 'cid' ? source.cid : undefined
  for (const section of sections) {
    for (const key of ['cid', 'sha256']) {
      const text = section.label(key, MAX_NAME_CHARS)
      if (text === undefined) continue
      const cid = key === 'cid' ? pinnedCid(section, text) : pinnedHash(section, text)
      if (cid !== undefined && pinned !== undefined && cid !== pinned) section.report.mistake(section.at(key), `found ${cid}, but the other hash here is ${pinned} - keep the right one`)
      pinned ??= cid
    }
  }
  if (source?.kind !== 'bytes') return pinned
  if (source.bytes.length > MAX_MODULE_BYTES) return pinned
  const actual = await cidOfBytes(new Uint8Array(source.bytes))
  const section = sections.find((holder) => holder.raw('cid') !== undefined || holder.raw('sha256') !== undefined)
  if (pinned !== undefined && pinned !== actual && section !== undefined) {
    section.report.mistake(section.at(section.raw('cid') === undefined ? 'sha256' : 'cid'), `found the hash of ${pinned}, but the embedded module is ${actual} - one of the two is out of date`)
  }
  return pinned
}

function pinnedCid (section: Section, text: string): string | undefined {
  const reading = readCid(text)
  if (reading.ok) return reading.cid
  section.report.mistake(section.at('cid'), `found ${JSON.stringify(text)}, ${reading.problem}, allowed: a CIDv1 with codec raw and hash sha2-256, bafkrei… - "corebrum inspect MODULE.wasm" shows it`)
  return undefined
}

function pinnedHash (section: Section, text: string): string | undefined {
  const cid = cidOfSha256(text)
  if (cid === undefined) section.report.found(section.at('sha256'), text, '64 hexadecimal digits', 'as sha256sum prints them')
  return cid
}
