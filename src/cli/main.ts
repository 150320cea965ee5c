#!/usr/bin/env node
// The command `fairlead`, in its terminal.
import { readFile } from 'node:fs/promises'
import process from 'node:process'
import { text as readAll } from 'node:stream/consumers'
import { dispatch } from './dispatch.ts'
import type { CliIo } from './io.ts'
import { tooOld } from './node-version.ts'
import { visible } from '../model/visible.ts'

// Who reads the output may stop (`| head`): that is no defect, and a gateway that logs into a pipe goes on.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}

const io: CliIo = {
  out: (line) => void process.stdout.write(`${visible(line)}\n`),
  err: (line) => void process.stderr.write(`${visible(line)}\n`),
  readText: (path) => (path === '-' ? readAll(process.stdin) : readFile(path, 'utf8')),
  env: process.env,
}

const unfit = tooOld(process.versions.node)
if (unfit === undefined) process.exitCode = await dispatch(process.argv.slice(2), io)
else {
  io.err(unfit)
  process.exitCode = 1
}
