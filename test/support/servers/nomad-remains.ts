// What a Nomad agent leaves behind: tasks with their executors and log writers, which outlive an agent that is killed, and mounts.
// They are known by what they have under the agent's own directory, never by the name of a program.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Ends every process that has to do with a directory, and takes away what is mounted under it. For when its agent is gone. */
export function endRemains(directory: string): void {
  // A task that is just starting another process may be seen before it.
  for (let tries = 0; tries < 20; tries++) {
    const found = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== String(process.pid) && belongs(name, directory))
    if (found.length === 0) break
    for (const pid of found) end(Number(pid))
  }
  for (const mount of mountsUnder(directory)) spawnSync('umount', ['-l', mount])
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It is gone already.
  }
}

/** By its arguments (executors), its environment and working directory (tasks), or an open file (log writers). */
function belongs(pid: string, directory: string): boolean {
  const read = (file: string): string => orNothing(() => readFileSync(`/proc/${pid}/${file}`, 'latin1'))
  const link = (file: string): string => orNothing(() => readlinkSync(`/proc/${pid}/${file}`))
  const under = `${directory}/`
  if (read('cmdline').includes(under) || read('environ').includes(under) || `${link('cwd')}/`.startsWith(under)) return true
  return orNothing(() => readdirSync(`/proc/${pid}/fd`).join(' ')).split(' ').some((fd) => link(`fd/${fd}`).startsWith(under))
}

function orNothing(read: () => string): string {
  try {
    return read()
  } catch {
    // Gone meanwhile.
    return ''
  }
}

function mountsUnder(directory: string): readonly string[] {
  const mounts = readFileSync('/proc/mounts', 'latin1').split('\n').map((line) => line.split(' ')[1] ?? '')
  return mounts.filter((mount) => mount.startsWith(`${directory}/`))
}
