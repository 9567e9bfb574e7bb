/** wasi:filesystem on the in-memory root that the task grants; without it no directory is open. */
import { Errno, fail } from '../../wasi/errno.ts'
import type { FsNode } from '../../wasi/nodes.ts'
import { existing, linkPath, makeDirectory, makeLink, openPath, readLink, removeDirectory, renamePath, unlinkFile } from '../../wasi/path-operations.ts'
import type { Lifted } from '../values.ts'
import { Descriptor, DescriptorFlag, DirectoryEntries, NEW_TIME_TYPE, NODE_TYPE_TYPE, STAT_TYPE, metadataHash, newTimes, nodeType, offsetAt, pathAt, stat } from './descriptor.ts'
import { ERROR_CODE_TYPE, attempt, errorCode } from './error-codes.ts'
import { type Args, type HostFunction, type HostInterface, type WasiHost, atMost, none, some } from './interface.ts'
import { FileInput, FileOutput, STREAM_CHUNK_BYTES, StreamError, readPart } from './streams.ts'

const FOLLOW = 1
const ROOT_FLAGS = DescriptorFlag.READ | DescriptorFlag.MUTATE_DIRECTORY
/** Bits of `open-flags`. */
const OpenFlag = { CREATE: 1, DIRECTORY: 2, EXCLUSIVE: 4, TRUNCATE: 8 } as const
const DESCRIPTOR_FLAGS = 'flags { read, write, file-integrity-sync, data-integrity-sync, requested-write-sync, mutate-directory }'
const PATH_FLAGS = 'flags { symlink-follow }'
const HASH = 'record { lower: u64, upper: u64 }'

type Action = (descriptor: Descriptor, args: Args, host: WasiHost) => Lifted | undefined

/** A method of `descriptor` whose error is an error-code; its parameters follow the descriptor. */
function method (params: string, result: string, action: Action): HostFunction {
  return {
    type: `(borrow<descriptor>${params === '' ? '' : `, ${params}`}) -> result<${result}, ${ERROR_CODE_TYPE}>`,
    call: (host, args) => attempt(() => action(args.resource(0, Descriptor), args, host)),
  }
}

/** A method that gives nothing back but an error. */
function change (params: string, action: (...given: Parameters<Action>) => void): HostFunction {
  return method(params, '_', (...given) => {
    action(...given)
    return undefined
  })
}

const follows = (args: Args, index: number): boolean => (args.number(index) & FOLLOW) !== 0
/** What a path leads to, with path-flags in front of it. */
const found = ({ node }: Descriptor, args: Args): FsNode => existing(node, pathAt(args, 2), follows(args, 1))

const openAt: Action = (descriptor, args, { fs }) => {
  const openFlags = args.number(3)
  const flags = args.number(4)
  const create = (openFlags & OpenFlag.CREATE) !== 0
  const truncate = (openFlags & OpenFlag.TRUNCATE) !== 0
  const write = (flags & DescriptorFlag.WRITE) !== 0
  const top = create || truncate || write || (flags & DescriptorFlag.MUTATE_DIRECTORY) !== 0 ? descriptor.changing() : descriptor.node
  const node = openPath(fs, top, pathAt(args, 2), {
    follow: follows(args, 1),
    create,
    directory: (openFlags & OpenFlag.DIRECTORY) !== 0,
    exclusive: (openFlags & OpenFlag.EXCLUSIVE) !== 0,
    truncate,
    write,
    mayCreate: true,
    mayTruncate: true,
  })
  const allowed = node.kind === 'directory' ? descriptor.flags & ROOT_FLAGS : flags & ~DescriptorFlag.MUTATE_DIRECTORY
  return new Descriptor(fs, node, allowed)
}

const readDirectory: Action = ({ node }) => (node.kind === 'directory' ? new DirectoryEntries(node) : fail(Errno.NOTDIR))

const read: Action = (descriptor, args, { fs }) => {
  const file = descriptor.file(DescriptorFlag.READ)
  const offset = offsetAt(args, 2)
  const part = readPart(fs, file, offset, atMost(args.u64(1), STREAM_CHUNK_BYTES))
  return [part, offset + part.length >= file.length]
}

const write: Action = (descriptor, args, { fs }) => {
  const bytes = args.bytes(1)
  fs.write(descriptor.file(DescriptorFlag.WRITE), offsetAt(args, 2), bytes)
  return BigInt(bytes.length)
}

const METHODS: HostInterface = {
  'read-via-stream': method('u64', 'input-stream', (descriptor, args, { fs }) => new FileInput(fs, descriptor.file(DescriptorFlag.READ), offsetAt(args, 1))),
  'write-via-stream': method('u64', 'output-stream', (descriptor, args, { fs }) => new FileOutput(fs, descriptor.file(DescriptorFlag.WRITE), offsetAt(args, 1))),
  'append-via-stream': method('', 'output-stream', (descriptor, _args, { fs }) => new FileOutput(fs, descriptor.file(DescriptorFlag.WRITE), undefined)),
  'advise': change('u64, u64, enum { normal, sequential, random, will-need, dont-need, no-reuse }', (descriptor) => { if (descriptor.node.kind === 'directory') fail(Errno.BADF) }),
  'sync-data': change('', () => {}),
  'sync': change('', () => {}),
  'get-flags': method('', DESCRIPTOR_FLAGS, (descriptor) => descriptor.flags),
  'get-type': method('', NODE_TYPE_TYPE, (descriptor) => nodeType(descriptor.node)),
  'set-size': change('u64', (descriptor, args, { fs }) => { fs.resize(descriptor.file(DescriptorFlag.WRITE), offsetAt(args, 1)) }),
  'set-times': change(`${NEW_TIME_TYPE}, ${NEW_TIME_TYPE}`, (descriptor, args, { fs }) => {
    const { accessed, modified, flags } = newTimes(args, 1)
    fs.setTimes(descriptor.node, accessed, modified, flags)
  }),
  'read': method('u64, u64', 'tuple<list<u8>, bool>', read),
  'write': method('list<u8>, u64', 'u64', write),
  'read-directory': method('', 'directory-entry-stream', readDirectory),
  'create-directory-at': change('string', (descriptor, args, { fs }) => { makeDirectory(fs, descriptor.changing(), pathAt(args, 1)) }),
  'stat': method('', STAT_TYPE, (descriptor) => stat(descriptor.node)),
  'stat-at': method(`${PATH_FLAGS}, string`, STAT_TYPE, (descriptor, args) => stat(found(descriptor, args))),
  'set-times-at': change(`${PATH_FLAGS}, string, ${NEW_TIME_TYPE}, ${NEW_TIME_TYPE}`, (descriptor, args, { fs }) => {
    const { accessed, modified, flags } = newTimes(args, 3)
    descriptor.changing()
    fs.setTimes(found(descriptor, args), accessed, modified, flags)
  }),
  'link-at': change(`${PATH_FLAGS}, string, borrow<descriptor>, string`, (descriptor, args) => {
    if (follows(args, 1)) fail(Errno.INVAL)
    linkPath(descriptor.changing(), pathAt(args, 2), args.resource(3, Descriptor).changing(), pathAt(args, 4))
  }),
  'open-at': method(`${PATH_FLAGS}, string, flags { create, directory, exclusive, truncate }, ${DESCRIPTOR_FLAGS}`, 'descriptor', openAt),
  'readlink-at': method('string', 'string', (descriptor, args) => readLink(descriptor.node, pathAt(args, 1))),
  'remove-directory-at': change('string', (descriptor, args, { fs }) => { removeDirectory(fs, descriptor.changing(), pathAt(args, 1)) }),
  'rename-at': change('string, borrow<descriptor>, string', (descriptor, args, { fs }) => {
    renamePath(fs, descriptor.changing(), pathAt(args, 1), args.resource(2, Descriptor).changing(), pathAt(args, 3))
  }),
  'symlink-at': change('string, string', (descriptor, args, { fs }) => { makeLink(fs, pathAt(args, 1), descriptor.changing(), pathAt(args, 2)) }),
  'unlink-file-at': change('string', (descriptor, args, { fs }) => { unlinkFile(fs, descriptor.changing(), pathAt(args, 1)) }),
  'metadata-hash': method('', HASH, (descriptor) => metadataHash(descriptor.node)),
  'metadata-hash-at': method(`${PATH_FLAGS}, string`, HASH, (descriptor, args) => metadataHash(found(descriptor, args))),
}

export const filesystemTypes: HostInterface = {
  ...Object.fromEntries(Object.entries(METHODS).map(([name, item]) => [`[method]descriptor.${name}`, item])),
  '[method]descriptor.is-same-object': {
    type: '(borrow<descriptor>, borrow<descriptor>) -> bool',
    call: (_host, args) => args.resource(0, Descriptor).node === args.resource(1, Descriptor).node,
  },
  '[method]directory-entry-stream.read-directory-entry': {
    type: `(borrow<directory-entry-stream>) -> result<option<record { type: ${NODE_TYPE_TYPE}, name: string }>, ${ERROR_CODE_TYPE}>`,
    call: (_host, args) => attempt(() => {
      const [name, node] = args.resource(0, DirectoryEntries).next() ?? []
      return name === undefined || node === undefined ? none : some([nodeType(node), name])
    }),
  },
  'filesystem-error-code': {
    type: `(borrow<error>) -> option<${ERROR_CODE_TYPE}>`,
    call: (_host, args) => some(errorCode(args.resource(0, StreamError).errno)),
  },
}

export const filesystemPreopens: HostInterface = {
  'get-directories': {
    type: '() -> list<tuple<descriptor, string>>',
    call: ({ guest, fs }) => (guest.fileSystem ? [[new Descriptor(fs, fs.root, ROOT_FLAGS), '/']] : []),
  },
}
