/** What the official test suite asks of paths, links and directories, and what no path may reach. */
import assert from 'node:assert/strict'
import { Errno } from '../../../src/executor/wasi/errno.ts'
import { readFile } from '../../../src/executor/wasi/files.ts'
import { fileSystemOf } from '../../../src/executor/wasi/host.ts'
import { DATA, OTHER, PATH, RESULT, ROOT, Wasi } from '../../support/wasi-host.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const SECRET = { path: 'secret', bytes: bytes('secret') }

/** With folders `dir/nested` and a file in them, and `secret` beside. */
function tree (): Wasi {
  return new Wasi({ files: [{ path: 'dir/nested/file', bytes: bytes('content') }, SECRET] })
}

const unlink = (wasi: Wasi, path: string): unknown => wasi.call('path_unlink_file', ROOT, ...wasi.text(PATH, path))
const rmdir = (wasi: Wasi, path: string): unknown => wasi.call('path_remove_directory', ROOT, ...wasi.text(PATH, path))
const hardLink = (wasi: Wasi, from: string, to: string, flags = 0): unknown =>
  wasi.call('path_link', ROOT, flags, ...wasi.text(PATH, from), ROOT, ...wasi.text(OTHER, to))
const stat = (wasi: Wasi, path: string, follow = 0): unknown => wasi.call('path_filestat_get', ROOT, follow, ...wasi.text(PATH, path), DATA)

function readLink (wasi: Wasi, path: string, size = 100): string {
  assert.equal(wasi.call('path_readlink', ROOT, ...wasi.text(PATH, path), DATA, size, RESULT), 0)
  return new TextDecoder().decode(wasi.guest.bytes().slice(DATA, DATA + wasi.u32()))
}

/** Names and types that fd_readdir gives, from `cookie` on, into a buffer of `length`. */
function list (wasi: Wasi, fd: number, cookie = 0n, length = 4096): Array<[string, number]> {
  assert.equal(wasi.call('fd_readdir', fd, DATA, length, cookie, RESULT), 0)
  const used = wasi.u32()
  const view = wasi.guest.view()
  const found: Array<[string, number]> = []
  for (let at = DATA; at + 24 <= DATA + used;) {
    const end = at + 24 + view.getUint32(at + 16, true)
    if (end > DATA + used) break
    found.push([new TextDecoder().decode(wasi.guest.bytes().slice(at + 24, end)), view.getUint8(at + 20)])
    at = end
  }
  return found
}

describe('WASI paths', () => {
  it('may wander, but not above where they start', () => {
    const wasi = tree()
    for (const path of ['dir/nested/file', './dir/nested/file', 'dir/.//nested/../../dir/nested/../nested///./file']) assert.equal(wasi.read(wasi.opened(path)), 'content')
    for (const path of ['/dir/nested/file', '/', '..', '../', '../secret', 'dir/nested/../../../dir/nested/file', 'dir/../..', './../x']) {
      for (const create of [false, true]) assert.equal(wasi.open(path, { create }), Errno.PERM, path)
      assert.equal(stat(wasi, path), Errno.PERM, path)
      assert.equal(wasi.make(path), Errno.PERM, path)
      assert.equal(unlink(wasi, path), Errno.PERM, path)
      assert.equal(rmdir(wasi, path), Errno.PERM, path)
      assert.equal(wasi.rename('secret', path), Errno.PERM, path)
      assert.equal(wasi.rename(path, 'x'), Errno.PERM, path)
      assert.equal(hardLink(wasi, 'secret', path), Errno.PERM, path)
      assert.equal(hardLink(wasi, path, 'x'), Errno.PERM, path)
      assert.equal(wasi.link('secret', path), Errno.PERM, path)
      assert.equal(wasi.call('path_readlink', ROOT, ...wasi.text(PATH, path), DATA, 10, RESULT), Errno.PERM, path)
    }
    for (const path of ['', 'none', 'none/x', 'dir/none/file']) assert.equal(wasi.open(path), Errno.NOENT, path)
    assert.equal(wasi.open('secret/x'), Errno.NOTDIR)
    assert.equal(wasi.open('x\0'), Errno.INVAL)
  })

  it('stay below the descriptor that they go through', () => {
    const wasi = tree()
    const from = wasi.opened('dir', { directory: true })
    assert.equal(wasi.read(wasi.opened('nested/file', { from })), 'content')
    assert.equal(wasi.open('../secret', { from }), Errno.PERM)
    assert.equal(wasi.call('path_symlink', ...wasi.text(OTHER, '../secret'), from, ...wasi.text(PATH, 'out')), 0)
    assert.equal(wasi.open('out', { from }), Errno.PERM)
    assert.equal(wasi.read(wasi.opened('dir/out')), 'secret')
    assert.equal(wasi.rename('dir', 'moved'), 0)
    assert.equal(wasi.read(wasi.opened('nested/file', { from })), 'content')
    assert.equal(wasi.open('../secret', { from }), Errno.PERM)
  })

  it('that end with a slash name directories', () => {
    const wasi = tree()
    for (const path of ['dir/', 'dir/nested///']) assert.equal(wasi.open(path, { directory: true }), 0, path)
    for (const path of ['secret/', 'dir/nested/file///']) assert.equal(wasi.open(path), Errno.NOTDIR, path)
    assert.equal(wasi.open('new/', { create: true }), Errno.ISDIR)
    assert.equal(wasi.make('new/'), 0)
    assert.equal(wasi.rename('new/', 'other/'), 0)
    assert.equal(wasi.rename('secret', 'other2/'), Errno.NOTDIR)
    assert.equal(wasi.rename('secret/', 'other2'), Errno.NOTDIR)
    assert.equal(unlink(wasi, 'secret/'), Errno.NOTDIR)
    assert.equal(rmdir(wasi, 'secret'), Errno.NOTDIR)
    assert.equal(rmdir(wasi, 'other/'), 0)
    assert.equal(hardLink(wasi, 'secret', 'linked/'), Errno.NOENT)
    assert.equal(hardLink(wasi, 'secret/', 'linked'), Errno.NOTDIR)
    assert.equal(wasi.link('secret', 'linked/'), Errno.NOENT)
  })

  it('without a root lead nowhere', () => {
    const wasi = new Wasi({ fileSystem: false, files: [SECRET] })
    for (const path of ['secret', '.', '/', '..']) assert.equal(wasi.open(path), Errno.BADF)
    assert.equal(wasi.call('fd_prestat_get', ROOT, RESULT), Errno.BADF)
    assert.equal(wasi.make('x'), Errno.BADF)
    for (const fd of [0, 1, 2]) assert.equal(wasi.open('secret', { from: fd }), Errno.NOTCAPABLE)
  })
})

describe('WASI symbolic links', () => {
  it('never lead out of the root', () => {
    const wasi = tree()
    for (const target of ['/', '/etc/passwd', '/dir']) assert.equal(wasi.link(target, 'absolute'), Errno.PERM, target)
    const targets = ['..', '../..', '../../etc/passwd', 'dir/../../secret', './../x', 'dir/nested/../../../../../..']
    targets.forEach((target, index) => {
      assert.equal(wasi.link(target, `out${index}`), 0)
      assert.equal(readLink(wasi, `out${index}`), target)
      for (const path of [`out${index}`, `out${index}/`, `out${index}/secret`, `dir/../out${index}/x`]) {
        assert.equal(wasi.open(path), Errno.PERM, `${target} by ${path}`)
        assert.equal(stat(wasi, path, 1), Errno.PERM, `${target} by ${path}`)
      }
      assert.equal(wasi.make(`out${index}/made`), Errno.PERM)
      assert.equal(wasi.rename('secret', `out${index}/moved`), Errno.PERM)
    })
    wasi.link('out0', 'far')
    wasi.link('far', 'dir/farther')
    assert.equal(wasi.open('dir/farther/x'), Errno.NOENT)
    assert.equal(wasi.open('far/x'), Errno.PERM)
  })

  it('are resolved where they lie, below the root', () => {
    const wasi = tree()
    wasi.link('nested/file', 'dir/file')
    wasi.link('../secret', 'dir/up')
    wasi.link('dir', 'again')
    assert.equal(wasi.read(wasi.opened('again/file')), 'content')
    assert.equal(wasi.read(wasi.opened('again/up')), 'secret')
    assert.equal(wasi.read(wasi.opened('again/nested/../up')), 'secret')
    const fs = fileSystemOf(wasi.guest)
    assert(fs !== undefined)
    assert.deepEqual(readFile(fs, 'again/up'), SECRET.bytes)
    assert.equal(readFile(fs, 'again'), undefined)
    wasi.link('..', 'out')
    assert.equal(readFile(fs, 'out/secret'), undefined)
  })

  it('are not followed unless that is asked for', () => {
    const wasi = tree()
    wasi.link('dir', 'to-dir')
    wasi.link('secret', 'to-file')
    wasi.link('none', 'dangling')
    assert.equal(wasi.open('to-dir', { follow: false, directory: true }), Errno.NOTDIR)
    assert.equal(wasi.open('to-file', { follow: false }), Errno.LOOP)
    assert.equal(wasi.open('to-file', { directory: true }), Errno.NOTDIR)
    assert.equal(wasi.open('dangling'), Errno.NOENT)
    assert.equal(wasi.open('dangling', { follow: false }), Errno.LOOP)
    assert.equal(wasi.open('dangling', { create: true, exclusive: true, follow: false }), Errno.EXIST)
    assert.equal(stat(wasi, 'dangling'), 0)
    assert.equal(wasi.guest.view().getUint8(DATA + 16), 7)
    assert.equal(stat(wasi, 'dangling', 1), Errno.NOENT)
    assert.equal(stat(wasi, 'to-file', 1), 0)
    assert.equal(wasi.guest.view().getUint8(DATA + 16), 4)
    assert.equal(readLink(wasi, 'to-file', 3), 'sec')
    assert.equal(readLink(wasi, 'to-file', 0), '')
    assert.equal(wasi.call('path_readlink', ROOT, ...wasi.text(PATH, 'secret'), DATA, 10, RESULT), Errno.INVAL)
    assert.equal(unlink(wasi, 'to-dir'), 0)
    assert.equal(wasi.open('dir', { directory: true }), 0)
  })

  it('in circles and chains end', () => {
    const wasi = tree()
    wasi.link('self', 'self')
    wasi.link('self/x', 'longer')
    for (const path of ['self', 'self/x', 'longer']) assert.equal(wasi.open(path), Errno.LOOP, path)
    wasi.link('secret', 'chain0')
    for (let index = 1; index < 40; index++) wasi.link(`chain${index - 1}`, `chain${index}`)
    assert.equal(wasi.read(wasi.opened('chain20')), 'secret')
    assert.equal(wasi.open('chain39'), Errno.LOOP)
    wasi.link(`${'./'.repeat(300)}dir/${'../dir/'.repeat(150)}`, 'wandering')
    assert.equal(wasi.open('wandering', { directory: true }), 0)
  })
})

describe('WASI directories', () => {
  it('list themselves, their parent, and what they hold, in pieces too', () => {
    const wasi = tree()
    wasi.link('dir', 'link')
    const all: Array<[string, number]> = [['.', 3], ['..', 3], ['dir', 3], ['link', 7], ['secret', 4]]
    assert.deepEqual(list(wasi, ROOT), all)
    for (let cookie = 0; cookie <= all.length; cookie++) assert.deepEqual(list(wasi, ROOT, BigInt(cookie)), all.slice(cookie))
    assert.deepEqual(list(wasi, ROOT, 0n, 24 + 1 + 24 + 2 + 24 + 2), all.slice(0, 2))
    assert.equal(wasi.u32(), 24 + 1 + 24 + 2 + 24 + 2)
    assert.deepEqual(list(wasi, ROOT, 2n ** 64n - 1n), [])
    assert.equal(wasi.call('fd_readdir', ROOT, DATA, -1, 0n, RESULT), Errno.FAULT)
    assert.equal(wasi.call('fd_readdir', wasi.opened('secret'), DATA, 100, 0n, RESULT), Errno.NOTCAPABLE)
  })

  it('are no files', () => {
    const wasi = tree()
    const vector = wasi.vector(DATA, 8)
    for (const [name, ...args] of [
      ['fd_read', ...vector, RESULT], ['fd_write', ...vector, RESULT], ['fd_pread', ...vector, 0n, RESULT], ['fd_pwrite', ...vector, 0n, RESULT], ['fd_seek', 0n, 0, RESULT],
      ['fd_seek', 0n, 1, RESULT], ['fd_seek', 0n, 2, RESULT], ['fd_tell', RESULT], ['fd_allocate', 0n, 1n], ['fd_advise', 0n, 0n, 0],
    ] as Array<[string, ...Array<number | bigint>]>) assert.equal(wasi.call(name, ROOT, ...args), Errno.BADF, name)
    assert.equal(wasi.call('fd_filestat_set_size', ROOT, 0n), Errno.NOTCAPABLE)
    for (const options of [{ create: true }, { truncate: true }]) assert.equal(wasi.open('dir', options), Errno.ISDIR)
    assert.equal(wasi.open('dir', { create: true, directory: true }), Errno.INVAL)
  })

  it('go only when they are empty, and stay open for who holds them', () => {
    const wasi = tree()
    const held = wasi.opened('dir/nested', { directory: true })
    assert.equal(rmdir(wasi, 'dir/nested'), Errno.NOTEMPTY)
    assert.equal(unlink(wasi, 'dir/nested'), Errno.ISDIR)
    const file = wasi.opened('dir/nested/file')
    assert.equal(unlink(wasi, 'dir/nested/file'), 0)
    assert.equal(rmdir(wasi, '.'), Errno.INVAL)
    assert.equal(rmdir(wasi, 'dir/nested'), 0)
    assert.equal(rmdir(wasi, 'dir/nested'), Errno.NOENT)
    assert.equal(wasi.read(file), 'content')
    assert.deepEqual(list(wasi, held), [['.', 3], ['..', 3]])
  })

  it('are renamed with what they hold, over empty ones, never into themselves', () => {
    const wasi = tree()
    wasi.make('empty')
    assert.equal(wasi.rename('dir', 'empty'), 0)
    assert.equal(wasi.read(wasi.opened('empty/nested/file')), 'content')
    assert.equal(wasi.rename('empty', 'empty/nested/deeper'), Errno.INVAL)
    assert.equal(wasi.rename('empty', 'empty'), 0)
    wasi.make('other')
    const other = wasi.opened('other', { directory: true })
    assert.equal(wasi.call('path_rename', ROOT, ...wasi.text(PATH, 'empty'), other, ...wasi.text(OTHER, '.')), Errno.INVAL)
    assert.equal(wasi.rename('empty', 'other/..'), Errno.INVAL)
    assert.deepEqual(list(wasi, other), [['.', 3], ['..', 3]])
    assert.equal(wasi.rename('empty/nested', 'nested'), 0)
    assert.deepEqual(list(wasi, wasi.opened('nested', { directory: true })), [['.', 3], ['..', 3], ['file', 4]])
  })

  it('link files, never directories', () => {
    const wasi = tree()
    assert.equal(hardLink(wasi, 'dir', 'x'), Errno.PERM)
    assert.equal(hardLink(wasi, 'none', 'x'), Errno.NOENT)
    assert.equal(hardLink(wasi, 'secret', 'dir'), Errno.EXIST)
    assert.equal(hardLink(wasi, 'secret', 'x', 1), Errno.INVAL)
    assert.equal(hardLink(wasi, 'secret', 'x'), 0)
    assert.equal(stat(wasi, 'x'), 0)
    assert.equal(wasi.guest.view().getBigUint64(DATA + 24, true), 2n)
    assert.equal(unlink(wasi, 'secret'), 0)
    assert.equal(wasi.read(wasi.opened('x')), 'secret')
    wasi.link('none', 'dangling')
    assert.equal(hardLink(wasi, 'dangling', 'y'), 0)
    assert.equal(readLink(wasi, 'y'), 'none')
  })
})
