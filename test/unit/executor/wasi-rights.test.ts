/** What the official test suite asks of descriptors, their rights and flags, of times, polls and standard streams. */
import assert from 'node:assert/strict'
import { Errno } from '../../../src/executor/wasi/errno.ts'
import { DIRECTORY_RIGHTS, FILE_RIGHTS, Right } from '../../../src/executor/wasi/rights.ts'
import { MAX_WASI_FILE_BYTES } from '../../../src/limits.ts'
import { DATA, PATH, RESULT, ROOT, Wasi } from '../../support/wasi-host.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const files = [{ path: 'f', bytes: bytes('0123456789') }, { path: 'd/g', bytes: bytes('g') }]

interface FdStat { type: number, flags: number, base: bigint, inheriting: bigint }

function fdStat (wasi: Wasi, fd: number): FdStat {
  assert.equal(wasi.call('fd_fdstat_get', fd, DATA), 0)
  const view = wasi.guest.view()
  return { type: view.getUint8(DATA), flags: view.getUint16(DATA + 2, true), base: view.getBigUint64(DATA + 8, true), inheriting: view.getBigUint64(DATA + 16, true) }
}

/** Access and modification times of a descriptor. */
function times (wasi: Wasi, fd: number): [bigint, bigint] {
  assert.equal(wasi.call('fd_filestat_get', fd, DATA), 0)
  return [wasi.guest.view().getBigUint64(DATA + 40, true), wasi.guest.view().getBigUint64(DATA + 48, true)]
}

const openWith = (wasi: Wasi, from: number, path: string, base: bigint, inheriting: bigint, { flags = 0, fdFlags = 0 } = {}): unknown =>
  wasi.call('path_open', from, 0, ...wasi.text(PATH, path), flags, base, inheriting, fdFlags, RESULT)

describe('WASI rights', () => {
  it('of a root are those of directories', () => {
    const wasi = new Wasi({ files })
    assert.deepEqual(fdStat(wasi, ROOT), { type: 3, flags: 0, base: DIRECTORY_RIGHTS, inheriting: DIRECTORY_RIGHTS | FILE_RIGHTS })
    assert.equal(DIRECTORY_RIGHTS & (Right.FD_READ | Right.FD_WRITE | Right.FD_SEEK | Right.FD_FILESTAT_SET_SIZE), 0n)
  })

  it('are no more than those of the descriptor that opens', () => {
    const wasi = new Wasi({ files })
    assert.equal(openWith(wasi, ROOT, 'd', DIRECTORY_RIGHTS, Right.FD_READ), 0)
    const limited = wasi.u32()
    assert.equal(openWith(wasi, limited, 'g', FILE_RIGHTS, FILE_RIGHTS), 0)
    const file = wasi.u32()
    assert.equal(fdStat(wasi, file).base, Right.FD_READ)
    assert.equal(wasi.read(file), 'g')
    assert.equal(wasi.write(file, 'x'), Errno.NOTCAPABLE)
    assert.equal(wasi.call('fd_filestat_set_size', file, 0n), Errno.NOTCAPABLE)
    assert.equal(wasi.call('fd_fdstat_set_rights', file, FILE_RIGHTS, 0n), Errno.NOTCAPABLE)
    assert.equal(wasi.call('fd_fdstat_set_rights', limited, DIRECTORY_RIGHTS, FILE_RIGHTS), Errno.NOTCAPABLE)
  })

  it('say who may truncate and create by a path', () => {
    const wasi = new Wasi({ files })
    const dropped = (right: bigint): void => { assert.equal(wasi.call('fd_fdstat_set_rights', ROOT, fdStat(wasi, ROOT).base & ~right, DIRECTORY_RIGHTS | FILE_RIGHTS), 0) }
    assert.equal(wasi.open('f', { truncate: true }), 0)
    dropped(Right.PATH_FILESTAT_SET_SIZE)
    assert.equal(wasi.open('f', { truncate: true }), Errno.NOTCAPABLE)
    dropped(Right.PATH_CREATE_FILE)
    assert.equal(wasi.open('new', { create: true }), Errno.NOTCAPABLE)
    assert.equal(wasi.open('f', { create: true }), 0)
    dropped(Right.PATH_OPEN)
    assert.equal(wasi.open('f'), Errno.NOTCAPABLE)
    for (const [right, name, ...args] of [
      [Right.PATH_CREATE_DIRECTORY, 'path_create_directory', ROOT, ...wasi.text(PATH, 'x')], [Right.PATH_UNLINK_FILE, 'path_unlink_file', ROOT, ...wasi.text(PATH, 'f')],
      [Right.PATH_REMOVE_DIRECTORY, 'path_remove_directory', ROOT, ...wasi.text(PATH, 'd')], [Right.PATH_SYMLINK, 'path_symlink', ...wasi.text(PATH, 'f'), ROOT, PATH, 1],
      [Right.PATH_READLINK, 'path_readlink', ROOT, PATH, 1, DATA, 1, RESULT], [Right.PATH_FILESTAT_GET, 'path_filestat_get', ROOT, 0, PATH, 1, DATA],
      [Right.PATH_FILESTAT_SET_TIMES, 'path_filestat_set_times', ROOT, 0, PATH, 1, 0n, 0n, 0], [Right.FD_READDIR, 'fd_readdir', ROOT, DATA, 10, 0n, RESULT],
      [Right.PATH_RENAME_SOURCE, 'path_rename', ROOT, PATH, 1, ROOT, PATH, 1], [Right.PATH_LINK_SOURCE, 'path_link', ROOT, 0, PATH, 1, ROOT, PATH, 1],
    ] as Array<[bigint, string, ...Array<number | bigint>]>) {
      dropped(right)
      assert.equal(wasi.call(name, ...args), Errno.NOTCAPABLE, name)
    }
  })

  it('of standard streams do not mix them up', () => {
    const wasi = new Wasi({ stdin: 'in' })
    for (const [fd, right] of [[0, Right.FD_READ], [1, Right.FD_WRITE], [2, Right.FD_WRITE]] as const) {
      const { type, base, inheriting } = fdStat(wasi, fd)
      assert.notEqual(type, 4)
      assert.equal(base & (Right.FD_READ | Right.FD_WRITE), right)
      assert.equal(base & (Right.FD_SEEK | Right.FD_TELL), 0n)
      assert.equal(inheriting, 0n)
      assert.equal(wasi.call('fd_prestat_get', fd, RESULT), Errno.BADF)
    }
    assert.equal(wasi.write(0, 'x'), Errno.NOTCAPABLE)
    assert.equal(wasi.call('fd_filestat_set_times', 1, 0n, 0n, 1), Errno.NOTCAPABLE)
  })
})

describe('WASI descriptors', () => {
  it('are renumbered over others, which are then closed', () => {
    const wasi = new Wasi({ files, stdin: 'in' })
    const f = wasi.opened('f')
    const g = wasi.opened('d/g')
    assert.equal(wasi.call('fd_renumber', f, g), 0)
    assert.equal(wasi.read(g), '0123456789')
    assert.equal(wasi.call('fd_fdstat_get', f, DATA), Errno.BADF)
    assert.equal(wasi.call('fd_renumber', g, 200), Errno.BADF)
    assert.equal(wasi.call('fd_renumber', 200, g), Errno.BADF)
    assert.equal(wasi.call('fd_renumber', g, -1), Errno.BADF)
    assert.equal(wasi.call('fd_renumber', g, g), 0)
    assert.equal(wasi.call('fd_tell', g, RESULT), 0)
    const d = wasi.opened('d', { directory: true })
    assert.equal(wasi.call('fd_renumber', d, ROOT), 0)
    assert.equal(wasi.open('g'), 0)
    assert.equal(wasi.open('f'), Errno.NOENT)
    assert.equal(wasi.call('fd_renumber', 1, 0), 0)
    assert.equal(wasi.write(0, 'x'), 0)
    assert.equal(wasi.call('fd_close', ROOT), 0)
    assert.equal(wasi.open('g'), Errno.BADF)
  })

  it('that are given again are the lowest free ones', () => {
    const wasi = new Wasi({ files })
    const first = wasi.opened('f')
    const second = wasi.opened('f')
    assert.equal(wasi.call('fd_close', first), 0)
    assert.equal(wasi.opened('f'), first)
    assert.equal(second, first + 1)
  })

  it('name what is open from the start', () => {
    const wasi = new Wasi()
    assert.equal(wasi.call('fd_prestat_get', ROOT, RESULT), 0)
    assert.deepEqual([wasi.u32(), wasi.u32(RESULT + 4)], [0, 1])
    assert.equal(wasi.call('fd_prestat_dir_name', ROOT, DATA, 0), Errno.NAMETOOLONG)
    assert.equal(wasi.call('fd_prestat_dir_name', ROOT, DATA, 2), 0)
    assert.equal(wasi.guest.view().getUint8(DATA), 0x2f)
    assert.equal(wasi.call('fd_prestat_get', wasi.opened('.', { directory: true }), RESULT), Errno.BADF)
  })

  it('have flags, of which those that cannot be kept are refused', () => {
    const wasi = new Wasi({ files })
    for (const fdFlags of [2, 8, 16]) assert.equal(openWith(wasi, ROOT, 'f', FILE_RIGHTS, 0n, { fdFlags }), Errno.NOTSUP)
    const fd = wasi.opened('f', { append: true })
    assert.equal(fdStat(wasi, fd).flags, 1)
    assert.equal(wasi.call('fd_pwrite', fd, ...wasi.vector(...wasi.text(DATA, 'ab')), 0n, RESULT), 0)
    assert.equal(wasi.call('fd_fdstat_set_flags', fd, 4), 0)
    assert.equal(fdStat(wasi, fd).flags, 4)
    assert.equal(wasi.call('fd_fdstat_set_flags', fd, 2), Errno.NOTSUP)
    assert.equal(wasi.call('fd_fdstat_set_flags', fd, 32), Errno.INVAL)
    assert.equal(wasi.write(fd, 'X'), 0)
    assert.equal(wasi.read(wasi.opened('f')), 'X123456789ab')
  })

  it('grow, shrink and leave holes', () => {
    const wasi = new Wasi({ files })
    const fd = wasi.opened('f')
    assert.equal(wasi.call('fd_allocate', fd, 5n, 2n), 0)
    assert.equal(wasi.read(wasi.opened('f')).length, 10)
    assert.equal(wasi.call('fd_filestat_set_size', fd, 3n), 0)
    assert.equal(wasi.call('fd_filestat_set_size', fd, 5n), 0)
    assert.equal(wasi.read(wasi.opened('f')), '012\0\0')
    assert.equal(wasi.call('fd_seek', fd, 8n, 0, RESULT), 0)
    assert.equal(wasi.read(fd), '')
    assert.equal(wasi.write(fd, 'x'), 0)
    assert.equal(wasi.read(wasi.opened('f')), '012\0\0\0\0\0x')
    assert.equal(wasi.call('fd_pread', fd, ...wasi.vector(DATA, 8), 100n, RESULT), 0)
    assert.equal(wasi.u32(), 0)
    assert.equal(wasi.call('fd_seek', fd, 0n, 3, RESULT), Errno.INVAL)
    assert.equal(wasi.call('fd_seek', fd, 2n ** 62n, 0, RESULT), Errno.FBIG)
    assert.equal(wasi.call('fd_advise', fd, 0n, 0n, 6), Errno.INVAL)
    assert.equal(wasi.call('fd_advise', fd, -1n, 0n, 0), Errno.INVAL)
    assert.equal(wasi.call('fd_advise', fd, 0n, 10n, 3), 0)
    for (const name of ['fd_sync', 'fd_datasync']) assert.equal(wasi.call(name, fd), 0)
  })

  it('keep the bytes of a file that has no name any more, and no longer', () => {
    const wasi = new Wasi({ files: [{ path: 'given', bytes: new Uint8Array(MAX_WASI_FILE_BYTES / 2) }] })
    const unlink = (path: string): void => { assert.equal(wasi.call('path_unlink_file', ROOT, ...wasi.text(PATH, path)), 0) }
    const room = BigInt(MAX_WASI_FILE_BYTES / 2)
    for (let round = 0; round < 5; round++) {
      const temporary = wasi.opened('t', { create: true })
      assert.equal(wasi.call('fd_filestat_set_size', temporary, room), 0)
      unlink('t')
      assert.equal(wasi.call('fd_pwrite', temporary, ...wasi.vector(...wasi.text(DATA, 'x')), 0n, RESULT), 0)
      assert.equal(wasi.call('fd_filestat_set_size', wasi.opened('other', { create: true }), 1n), Errno.NOSPC)
      if (round % 2 === 0) assert.equal(wasi.call('fd_close', temporary), 0)
      else assert.equal(wasi.call('fd_renumber', wasi.opened('other'), temporary), 0)
    }
    assert.equal(wasi.open('given', { truncate: true }), 0)
    const all = wasi.opened('all', { create: true })
    assert.equal(wasi.call('fd_filestat_set_size', all, 2n * room), 0)
    unlink('given')
    assert.equal(wasi.call('fd_filestat_set_size', all, 2n * room + 1n), Errno.NOSPC)
  })

  it('have times, set one way each', () => {
    const wasi = new Wasi({ files })
    const fd = wasi.opened('f')
    assert.equal(wasi.call('fd_filestat_set_times', fd, 5n, 6n, 1), 0)
    const [accessed, modified] = times(wasi, fd)
    assert.equal(accessed, 5n)
    assert(modified > 1_600_000_000_000_000_000n)
    assert.equal(wasi.call('fd_filestat_set_times', fd, 7n, 6n, 4), 0)
    assert.deepEqual(times(wasi, fd), [5n, 6n])
    for (const flags of [3, 12, 15, 16]) assert.equal(wasi.call('fd_filestat_set_times', fd, 0n, 0n, flags), Errno.INVAL)
    assert.equal(wasi.call('path_filestat_set_times', ROOT, 0, ...wasi.text(PATH, 'f'), 8n, 9n, 5), 0)
    assert.deepEqual(times(wasi, fd), [8n, 9n])
    assert.equal(wasi.call('fd_filestat_set_times', fd, 0n, 0n, 10), 0)
    assert(times(wasi, fd).every((time) => time > 1_600_000_000_000_000_000n))
  })

  it('of one file have one inode, those of others have others', () => {
    const wasi = new Wasi({ files })
    const inode = (fd: number): bigint => {
      assert.equal(wasi.call('fd_filestat_get', fd, DATA), 0)
      return wasi.guest.view().getBigUint64(DATA + 8, true)
    }
    const [f, again, g] = [wasi.opened('f'), wasi.opened('f'), wasi.opened('d/g')]
    assert.equal(inode(f), inode(again))
    assert.equal(new Set([inode(f), inode(g), inode(ROOT)]).size, 3)
  })
})

describe('WASI polls', () => {
  /** Subscriptions at 256: `[userdata, type, clock or descriptor, timeout, flags]`. */
  function poll (wasi: Wasi, ...subscriptions: Array<[bigint, number, number, bigint?, number?]>): Array<{ userdata: bigint, errno: number, type: number }> {
    const view = wasi.guest.view()
    subscriptions.forEach(([userdata, type, target, timeout = 0n, flags = 0], index) => {
      const at = 256 + 48 * index
      view.setBigUint64(at, userdata, true)
      view.setUint8(at + 8, type)
      view.setUint32(at + 16, target, true)
      view.setBigUint64(at + 24, timeout, true)
      view.setUint16(at + 40, flags, true)
    })
    assert.equal(wasi.call('poll_oneoff', 256, DATA, subscriptions.length, RESULT), 0)
    return Array.from({ length: wasi.u32() }, (_, index) => {
      const at = DATA + 32 * index
      return { userdata: view.getBigUint64(at, true), errno: view.getUint16(at + 8, true), type: view.getUint8(at + 10) }
    })
  }

  it('say that descriptors are ready before any clock', () => {
    const wasi = new Wasi({ stdin: 'in', files })
    const file = wasi.opened('f')
    assert.deepEqual(poll(wasi, [9n, 0, 1, 10n ** 18n], [1n, 1, 0], [2n, 2, 1], [3n, 2, 2], [4n, 1, file], [5n, 1, 77]), [
      { userdata: 1n, errno: 0, type: 1 }, { userdata: 2n, errno: 0, type: 2 }, { userdata: 3n, errno: 0, type: 2 }, { userdata: 4n, errno: 0, type: 1 },
      { userdata: 5n, errno: Errno.BADF, type: 1 },
    ])
  })

  it('wait for the first clock, and not for one that has passed', () => {
    const slept: bigint[] = []
    const ambient = { wallClockNs: () => 1000n, monotonicNs: () => 500n, sleep: (ns: bigint) => { slept.push(ns) }, random () {}, randomUnit: () => 0 }
    const wasi = new Wasi({ ambient })
    assert.deepEqual(poll(wasi, [1n, 0, 1, 70n], [2n, 0, 0, 1050n, 1], [3n, 0, 1, 50n]).map(({ userdata }) => userdata), [2n, 3n])
    assert.deepEqual(poll(wasi, [1n, 0, 1, 400n, 1], [2n, 0, 1, 1n]).map(({ userdata }) => userdata), [1n])
    assert.deepEqual(slept, [50n, 0n])
  })

  it('take no more than they must', () => {
    const wasi = new Wasi()
    assert.equal(wasi.call('poll_oneoff', 256, DATA, 4097, RESULT), Errno.INVAL)
    assert.equal(wasi.call('poll_oneoff', 131_000, DATA, 4096, RESULT), Errno.FAULT)
    assert.equal(wasi.call('poll_oneoff', 256, 131_060, 1, RESULT), Errno.FAULT)
  })
})
