// An access record for tests: a plain GET that went well.
import type { AccessRecord } from '../../src/model/access.ts'
import { START } from './fake-platform.ts'

export function accessRecord(fields: Partial<AccessRecord> = {}): AccessRecord {
  return {
    startedAt: START + 42,
    duration: 1.5,
    listener: 'web',
    client: '10.0.0.7',
    method: 'GET',
    host: 'words.example.com',
    target: '/one?x=1',
    status: 200,
    reason: '',
    route: 'words',
    service: 'words/v1',
    endpoint: '10.1.0.1:8080',
    attempts: 1,
    bytesIn: 0,
    bytesOut: 47,
    revision: 3,
    table: '7bd2411d2ed2',
    requestId: 'abc-1',
    upgrade: '',
    userAgent: 'curl/8',
    ...fields,
  }
}
