// Files as a source of endpoints.
import type { Adapter } from './adapter.ts'
import { fileOptions } from './file-options.ts'

/** The file adapter. */
export const file: Adapter = {
  type: 'file',
  doc: 'Endpoints from files that a person or a script writes, looked at each second.',
  needs: ['files'],
  schema: fileOptions,
  ref: { example: 'file/words', options: {} },
  create() {
    throw new Error('the file adapter is being written')
  },
}
