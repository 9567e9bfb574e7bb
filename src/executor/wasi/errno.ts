/** Error numbers of WASI preview 1 (`errno` in wasi_snapshot_preview1.witx). */
export const Errno = {
  SUCCESS: 0,
  ACCES: 2,
  AGAIN: 6,
  BADF: 8,
  BUSY: 10,
  EXIST: 20,
  FAULT: 21,
  FBIG: 22,
  ILSEQ: 25,
  INVAL: 28,
  IO: 29,
  ISDIR: 31,
  LOOP: 32,
  MFILE: 33,
  NAMETOOLONG: 37,
  NOENT: 44,
  NOSPC: 51,
  NOSYS: 52,
  NOTDIR: 54,
  NOTEMPTY: 55,
  NOTSOCK: 57,
  NOTSUP: 58,
  PERM: 63,
  SPIPE: 70,
  NOTCAPABLE: 76,
} as const

/** Ends a host function with an error number; the module sees it as the function's result. */
export class WasiError extends Error {
  readonly errno: number

  constructor (errno: number) {
    super(`errno ${errno}`)
    this.errno = errno
  }
}

export function fail (errno: number): never {
  throw new WasiError(errno)
}
