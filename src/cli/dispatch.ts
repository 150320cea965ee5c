// Finds the command that was meant and runs it.
import { nearest } from '../config/nearest.ts'
import { messageOf } from '../model/error.ts'
import type { Command } from './command.ts'
import { type CliIo, type ExitCode, UsageError } from './io.ts'
import { commands } from './list.ts'

/** Runs a command line. Mistakes of usage and failures are said on `io.err`; never throws. */
export async function dispatch(args: readonly string[], io: CliIo): Promise<ExitCode> {
  try {
    return await runCommand(args, io)
  } catch (error) {
    io.err(error instanceof UsageError ? error.message : `fairlead: ${messageOf(error)}`)
    return error instanceof UsageError ? 2 : 1
  }
}

async function runCommand(args: readonly string[], io: CliIo): Promise<ExitCode> {
  const [first = 'help', ...rest] = args
  if (first === 'help' || first === '--help' || first === '-h') return help(rest, io)
  if (first === '--version' || first === '-v') return runCommand(['version'], io)
  const command = find(args)
  if (command === undefined) throw unknown(args)
  const { run, usage } = await command.load()
  const own = args.slice(command.name.split(' ').length)
  if (!own.includes('--help') && !own.includes('-h')) return run(own, io)
  io.out(usage)
  return 0
}

async function help(words: readonly string[], io: CliIo): Promise<ExitCode> {
  const about = find(words)
  if (about === undefined && words.length > 0) throw unknown(words)
  io.out(about === undefined ? overview() : (await about.load()).usage)
  return 0
}

/** Commands with two words are looked for first; where there are some, a second word that is no option is meant for one of them. */
function find(words: readonly string[]): Command | undefined {
  const [first, second] = words
  const whole = commands.find(({ name }) => name === `${first} ${second}`)
  const isPair = second !== undefined && !second.startsWith('-') && commands.some(({ name }) => name.startsWith(`${first} `))
  return whole ?? (isPair ? undefined : commands.find(({ name }) => name === first))
}

function unknown(words: readonly string[]): UsageError {
  const names = commands.map(({ name }) => name)
  const [first = '', second = ''] = words
  const isPair = names.includes(first)
  const meant = nearest(`${first} ${second}`.trim(), names) ?? (isPair ? undefined : nearest(first, names))
  return new UsageError(`no command '${isPair ? `${first} ${second}` : first}'${meant === undefined ? '' : `, did you mean 'fairlead ${meant}'?`}\n\n${overview()}`)
}

function overview(): string {
  const width = Math.max(...commands.map(({ name }) => name.length))
  return ['usage: fairlead COMMAND [options]', '', ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`), '', 'fairlead help COMMAND says more, with an example.'].join('\n')
}
