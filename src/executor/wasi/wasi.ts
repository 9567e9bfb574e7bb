/**
 * The WASI preview 1 host (wasi_snapshot_preview1 and wasi_unstable): everything lives in memory and ends with the call.
 * There are no files of the host and no sockets; clocks and random numbers are those of the guest's `ambient`.
 */
import type { HostFunction, ImportProvider } from '../abi/adapter.ts'
import type { Guest } from '../abi/guest.ts'
import { givesOneResult } from '../abi/host-table.ts'
import { Errno, WasiError } from './errno.ts'
import { fdFunctions } from './fd.ts'
import { type WasiFunctions, createHost } from './host.ts'
import { pathFunctions } from './paths.ts'
import { systemFunctions } from './system.ts'

const MODULES = new Set(['wasi_snapshot_preview1', 'wasi_unstable'])
/** Made when the first import of a call is bound. */
const functionsOf = new WeakMap<Guest, WasiFunctions>()
/** The names are the same for every guest. */
const NAMES = new Set([
  ...['args_get', 'args_sizes_get', 'environ_get', 'environ_sizes_get', 'clock_res_get', 'clock_time_get', 'random_get', 'sched_yield'],
  ...['proc_exit', 'proc_raise', 'poll_oneoff', 'sock_accept', 'sock_recv', 'sock_send', 'sock_shutdown'],
  ...['fd_advise', 'fd_allocate', 'fd_close', 'fd_datasync', 'fd_sync', 'fd_fdstat_get', 'fd_fdstat_set_flags', 'fd_fdstat_set_rights'],
  ...['fd_filestat_get', 'fd_filestat_set_size', 'fd_filestat_set_times', 'fd_pread', 'fd_pwrite', 'fd_prestat_get', 'fd_prestat_dir_name'],
  ...['fd_read', 'fd_write', 'fd_readdir', 'fd_renumber', 'fd_seek', 'fd_tell'],
  ...['path_create_directory', 'path_filestat_get', 'path_filestat_set_times', 'path_link', 'path_open', 'path_readlink'],
  ...['path_remove_directory', 'path_rename', 'path_symlink', 'path_unlink_file'],
])

export function isWasiModule (module: string): boolean {
  return MODULES.has(module)
}

export const provideWasi: ImportProvider = (item) =>
  MODULES.has(item.module) && NAMES.has(item.name) && givesOneResult(item) ? (guest) => hostFunction(guest, item.name) : undefined

function hostFunction (guest: Guest, name: string): HostFunction {
  const functions = functionsOf.get(guest) ?? createFunctions(guest)
  const target = functions[name]
  return (...args) => {
    try {
      target?.(...args)
      return Errno.SUCCESS
    } catch (thrown) {
      if (thrown instanceof WasiError) return thrown.errno
      throw thrown
    }
  }
}

function createFunctions (guest: Guest): WasiFunctions {
  const host = createHost(guest)
  const functions = { ...systemFunctions(host), ...fdFunctions(host), ...pathFunctions(host) }
  functionsOf.set(guest, functions)
  return functions
}
