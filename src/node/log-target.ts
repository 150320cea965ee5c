// Where log bytes go: a file that may be rotated under us, or stdout. No write ever blocks the event loop, nor a thread of
// the pool for long: a thread stuck in a full pipe keeps the process from exiting.
import { close, constants, fstat, open, stat, write } from 'node:fs'
import type { Stats } from 'node:fs'
import { Socket } from 'node:net'
import { promisify } from 'node:util'

export interface LogTarget {
  /** True when several processes write to the same reader, so that only short writes stay whole. */
  readonly isShared: boolean
  /** Writes some of the bytes and says how many; 0 when the reader is not keeping up. Rejects when the bytes cannot be written. */
  write(bytes: Uint8Array): Promise<number>
  /** Goes to the path again when it is another file by now, or in any case when `force` is set. */
  reopen(force: boolean): Promise<void>
  close(): Promise<void>
}

const openFile = promisify(open)
const closeFile = promisify(close)
const statFile = promisify(stat)
const statDescriptor: (fd: number) => Promise<Stats> = promisify(fstat)

const STDOUT = 1
/** Windows has no such flag. */
const NONBLOCK = constants.O_NONBLOCK ?? 0
const APPEND = constants.O_WRONLY | constants.O_APPEND | NONBLOCK

/** Opens `stdout` or a path, which is created when it is missing. Rejects with the system's error. */
export async function openLogTarget(to: string): Promise<LogTarget> {
  if (to !== 'stdout') return fileTarget(to)
  const stats = await statDescriptor(STDOUT)
  if (stats.isSocket()) return socketTarget(STDOUT)
  return descriptorTarget(stats.isFIFO() ? await reopenPipe(STDOUT) : STDOUT, !stats.isFile())
}

/**
 * Our own open description of the pipe behind a descriptor, so that not blocking concerns no other process that has the same
 * pipe. Linux only; elsewhere the descriptor itself.
 */
async function reopenPipe(fd: number): Promise<number> {
  return openFile(`/proc/self/fd/${fd}`, APPEND).catch(() => fd)
}

function descriptorTarget(fd: number, isShared: boolean): LogTarget {
  return {
    isShared,
    write: (bytes) => writeSome(fd, bytes),
    reopen: async () => undefined,
    close: async () => (fd === STDOUT ? undefined : closeFile(fd)),
  }
}

async function fileTarget(path: string): Promise<LogTarget> {
  let fd = await openFile(path, APPEND | constants.O_CREAT, 0o640)
  return {
    isShared: !(await statDescriptor(fd)).isFile(),
    write: (bytes) => writeSome(fd, bytes),
    async reopen(force) {
      if (!force && (await isSameFile(path, fd))) return
      // The new one first: when that fails, the old one still takes lines.
      const old = fd
      fd = await openFile(path, APPEND | constants.O_CREAT, 0o640)
      await closeFile(old)
    },
    close: () => closeFile(fd),
  }
}

async function isSameFile(path: string, fd: number): Promise<boolean> {
  const [there, here] = await Promise.all([statFile(path).catch(() => undefined), statDescriptor(fd)])
  return there !== undefined && there.ino === here.ino && there.dev === here.dev
}

function writeSome(fd: number, bytes: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fd, bytes, 0, bytes.length, null, (error, written) => {
      if (error === null) resolve(written)
      else if (error.code === 'EAGAIN') resolve(0)
      else reject(error)
    })
  })
}

/** A socket (systemd's journal) cannot be opened again; libuv writes to it without blocking. */
function socketTarget(fd: number): LogTarget {
  const socket = new Socket({ fd, readable: false, writable: true })
  // Each write reports its own failure; without a listener the event would end the process.
  socket.on('error', () => undefined)
  return {
    isShared: true,
    write: (bytes) =>
      new Promise((resolve, reject) => {
        socket.write(bytes, (error) => (error === null || error === undefined ? resolve(bytes.length) : reject(error)))
      }),
    reopen: async () => undefined,
    close: async () => void socket.destroy(),
  }
}
