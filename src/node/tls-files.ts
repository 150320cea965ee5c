// The files of certificates: what they hold, what is made of them and made anew when they change, and whether what is in them is whole.
import { X509Certificate } from 'node:crypto'
import { statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { messageOf } from '../model/error.ts'
import type { Platform } from '../model/platform.ts'
import type { UpstreamTlsConfig } from '../model/service-config.ts'
import { readNamed } from './tls-context.ts'

/** Milliseconds between two looks at the files. */
export const RELOAD_MS = 1000

/**
 * What is made of files of certificates, made anew when they change. Files that cannot be used leave the last in place: a renewal writes one
 * file after the other, and between the two nothing fits. They are tried again at each look, since what kept them from being read need
 * not be in them. Each change is logged once, taken or not.
 */
export class Reloaded<T> {
  private readonly what: string
  private readonly files: readonly string[]
  private readonly make: () => T
  private readonly platform: Pick<Platform, 'log'>
  private made: T
  /** Of the files as they were last looked at. */
  private stamp: string
  /** What is in them now is not what the value is made of. */
  private refused = false

  /** `what` names them in the log. Throws when the files cannot be used. */
  constructor(what: string, files: readonly string[], make: () => T, platform: Pick<Platform, 'log'>) {
    this.what = what
    this.files = files
    this.make = make
    this.platform = platform
    this.stamp = stampOf(files)
    this.made = make()
  }

  get value(): T {
    return this.made
  }

  /** Looks at the files. True when the value is a new one. */
  look(): boolean {
    const stamp = stampOf(this.files)
    const isChanged = stamp !== this.stamp
    if (!isChanged && !this.refused) return false
    this.stamp = stamp
    try {
      this.made = this.make()
      this.refused = false
      this.platform.log('info', `${this.what} reloaded`, { files: this.files })
    } catch (error) {
      this.refused = true
      if (isChanged) this.platform.log('error', `changed ${this.what} cannot be used, the running ones stay`, { files: this.files, error: messageOf(error) })
    }
    return !this.refused
  }
}

/** What the files of a configuration hold, as options of a connection. Rejects when one cannot be read. */
export async function readTls({ ca, cert, key }: UpstreamTlsConfig): Promise<{ readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer }> {
  const [authority, certificate, secret] = await Promise.all([ca, cert, key].map((file) => (file === undefined ? undefined : readFile(file))))
  return { ...(authority === undefined ? {} : { ca: authority }), ...(certificate === undefined ? {} : { cert: certificate }), ...(secret === undefined ? {} : { key: secret }) }
}

/** Changes when one of the files does. */
function stampOf(files: readonly string[]): string {
  return files.map(stampOfFile).join('\n')
}

function stampOfFile(file: string): string {
  try {
    // Of the time of its status too: who loses the right to read it is to be told before a restart needs it.
    const { ino, size, mtimeMs, ctimeMs } = statSync(file)
    return `${file}:${ino}:${size}:${mtimeMs}:${ctimeMs}`
  } catch (error) {
    return `${file}:${messageOf(error)}`
  }
}

/**
 * Reads a file of CAs. Throws unless each of them is whole: one that is empty, broken or half written must never fall back to the
 * system's roots, nor take the place of one that works. OpenSSL passes over what it cannot read, without a word.
 */
export function readCa(path: string): Buffer {
  const pem = readNamed(path)
  const text = pem.toString('latin1')
  const begun = text.match(/-----BEGIN CERTIFICATE-----/g) ?? []
  const whole = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (begun.length === 0) throw new Error(`${path} holds no certificate in PEM`)
  if (whole.length < begun.length) throw new Error(`${path} ends or breaks off within a certificate`)
  for (const [i, certificate] of whole.entries()) parseCertificate(certificate, `certificate ${i + 1} of ${path}`)
  return pem
}

function parseCertificate(pem: string, what: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (error) {
    throw new Error(`${what} does not parse: ${messageOf(error)}`, { cause: error })
  }
}
