#!/usr/bin/env node
// The command `fairlead`: finds the command that was meant and runs it.
import { readFile } from 'node:fs/promises'
import process from 'node:process'
import { text as readAll } from 'node:stream/consumers'
import { nearest } from '../config/nearest.ts'
import type { Command } from './command.ts'
import { type CliIo, type ExitCode, UsageError } from './io.ts'
import { commands } from './list.ts'

const io: CliIo = {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  readText: (path) => (path === '-' ? readAll(process.stdin) : readFile(path, 'utf8')),
  env: process.env,
}

/** Commands with two words are looked for first. */
function find(words: readonly string[]): Command | undefined {
  return commands.find(({ name }) => name === words.slice(0, 2).join(' ')) ?? commands.find(({ name }) => name === words[0])
}

function overview(): string {
  const width = Math.max(...commands.map(({ name }) => name.length))
  return ['usage: fairlead COMMAND [options]', '', ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`), '', 'fairlead help COMMAND says more, with an example.'].join('\n')
}

async function main(args: readonly string[]): Promise<ExitCode> {
  const [first = 'help', ...rest] = args
  if (first === 'help' || first === '--help' || first === '-h') {
    const about = find(rest)
    io.out(about === undefined ? overview() : about.usage)
    return about === undefined && rest.length > 0 ? 2 : 0
  }
  if (first === '--version' || first === '-v') return main(['version'])
  const command = find(args)
  if (command === undefined) {
    const meant = nearest(args.join(' '), commands.map(({ name }) => name)) ?? nearest(first, commands.map(({ name }) => name))
    throw new UsageError(`no command '${first}'${meant === undefined ? '' : `, did you mean 'fairlead ${meant}'?`}\n\n${overview()}`)
  }
  const own = args.slice(command.name.split(' ').length)
  if (own.includes('--help') || own.includes('-h') && command.name !== 'explain') {
    io.out(command.usage)
    return 0
  }
  return command.run(own, io)
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  io.err(error instanceof UsageError ? error.message : `fairlead: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
