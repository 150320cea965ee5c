// A TLS context of a certificate and its key, in files. What is wrong with them is said of which file: OpenSSL names neither the file
// nor what it looked for, and whoever rotates secrets has several.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import { messageOf } from '../model/error.ts'

/** What a file holds. Throws with its name when it cannot be read. */
export function readNamed(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new Error(`${file} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

/** The context of these options; `cert` and `key` name the files from which they came. Throws with what is wrong with which of them. */
export function secureContext(options: SecureContextOptions & { readonly cert?: Buffer; readonly key?: Buffer }, { cert = '', key = '' }: { readonly cert?: string | undefined; readonly key?: string | undefined }): SecureContext {
  try {
    return createSecureContext(options)
  } catch (error) {
    if (options.cert === undefined || options.key === undefined) throw error
    const certificate = made(() => new X509Certificate(options.cert ?? ''), `${cert} holds no certificate in PEM that can be read`)
    const secret = made(() => createPrivateKey(options.key ?? ''), `${key} holds no private key in PEM that can be read`)
    if (!certificate.checkPrivateKey(secret)) throw new Error(`${key} is not the key of the certificate in ${cert}`, { cause: error })
    throw new Error(`${cert} with ${key}: ${messageOf(error)}`, { cause: error })
  }
}

function made<T>(make: () => T, fault: string): T {
  try {
    return make()
  } catch (error) {
    throw new Error(`${fault} (${messageOf(error)})`, { cause: error })
  }
}
