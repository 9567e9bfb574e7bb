/** Rights, file types and flags of WASI preview 1, by the names of its interface definition. */

const right = (bit: number): bigint => 1n << BigInt(bit)

export const Right = {
  FD_DATASYNC: right(0),
  FD_READ: right(1),
  FD_SEEK: right(2),
  FD_FDSTAT_SET_FLAGS: right(3),
  FD_SYNC: right(4),
  FD_TELL: right(5),
  FD_WRITE: right(6),
  FD_ADVISE: right(7),
  FD_ALLOCATE: right(8),
  PATH_CREATE_DIRECTORY: right(9),
  PATH_CREATE_FILE: right(10),
  PATH_LINK_SOURCE: right(11),
  PATH_LINK_TARGET: right(12),
  PATH_OPEN: right(13),
  FD_READDIR: right(14),
  PATH_READLINK: right(15),
  PATH_RENAME_SOURCE: right(16),
  PATH_RENAME_TARGET: right(17),
  PATH_FILESTAT_GET: right(18),
  PATH_FILESTAT_SET_SIZE: right(19),
  PATH_FILESTAT_SET_TIMES: right(20),
  FD_FILESTAT_GET: right(21),
  FD_FILESTAT_SET_SIZE: right(22),
  FD_FILESTAT_SET_TIMES: right(23),
  PATH_SYMLINK: right(24),
  PATH_REMOVE_DIRECTORY: right(25),
  PATH_UNLINK_FILE: right(26),
  POLL_FD_READWRITE: right(27),
} as const

const all = (...rights: bigint[]): bigint => rights.reduce((sum, item) => sum | item, 0n)

export const FILE_RIGHTS = all(
  Right.FD_DATASYNC, Right.FD_READ, Right.FD_SEEK, Right.FD_FDSTAT_SET_FLAGS, Right.FD_SYNC, Right.FD_TELL, Right.FD_WRITE,
  Right.FD_ADVISE, Right.FD_ALLOCATE, Right.FD_FILESTAT_GET, Right.FD_FILESTAT_SET_SIZE, Right.FD_FILESTAT_SET_TIMES, Right.POLL_FD_READWRITE,
)

export const DIRECTORY_RIGHTS = all(
  Right.PATH_CREATE_DIRECTORY, Right.PATH_CREATE_FILE, Right.PATH_LINK_SOURCE, Right.PATH_LINK_TARGET, Right.PATH_OPEN, Right.FD_READDIR,
  Right.PATH_READLINK, Right.PATH_RENAME_SOURCE, Right.PATH_RENAME_TARGET, Right.PATH_FILESTAT_GET, Right.PATH_FILESTAT_SET_SIZE,
  Right.PATH_FILESTAT_SET_TIMES, Right.FD_FILESTAT_GET, Right.FD_FILESTAT_SET_TIMES, Right.PATH_SYMLINK, Right.PATH_REMOVE_DIRECTORY,
  Right.PATH_UNLINK_FILE, Right.FD_ADVISE, Right.FD_SYNC, Right.FD_DATASYNC,
)

export const STDIN_RIGHTS = all(Right.FD_READ, Right.FD_FDSTAT_SET_FLAGS, Right.FD_FILESTAT_GET, Right.POLL_FD_READWRITE)
export const STDOUT_RIGHTS = all(Right.FD_WRITE, Right.FD_FDSTAT_SET_FLAGS, Right.FD_FILESTAT_GET, Right.POLL_FD_READWRITE)

export const FileType = { UNKNOWN: 0, DIRECTORY: 3, REGULAR: 4, SYMLINK: 7 } as const

/** `fdflags`: the host cannot do what DSYNC, RSYNC and SYNC ask for, and never blocks anyway. */
export const FdFlag = { APPEND: 1, UNSUPPORTED: 0b11010, ALL: 0b11111 } as const

/** `oflags` of path_open. */
export const OpenFlag = { CREAT: 1, DIRECTORY: 2, EXCL: 4, TRUNC: 8 } as const
