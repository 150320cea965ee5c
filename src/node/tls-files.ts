// The files of certificates: when to look at them, whether they have changed, and whether what is in them is whole.
import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { messageOf } from '../model/error.ts'

/** Milliseconds between two looks at the files. */
export const RELOAD_MS = 1000

/** Changes when one of the files does. */
export function stampOf(files: readonly string[]): string {
  return files.map(stampOfFile).join('\n')
}

function stampOfFile(file: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(file)
    return `${file}:${ino}:${size}:${mtimeMs}`
  } catch (error) {
    return `${file}:${messageOf(error)}`
  }
}

/**
 * Reads a file of CAs. Throws unless each of them is whole: one that is empty, broken or half written must never fall back to the
 * system's roots, nor take the place of one that works. OpenSSL passes over what it cannot read, without a word.
 */
export function readCa(path: string): Buffer {
  const pem = readFileSync(path)
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
