// Every kind of registry. To add one: write its file, put it here, run the shared suite (see README.md).
import type { Adapter } from './adapter.ts'
import { consul } from './consul.ts'
import { curator } from './curator.ts'
import { eureka } from './eureka.ts'
import { file } from './file.ts'
import { k8s } from './k8s.ts'
import { marathon } from './marathon.ts'
import { nomad } from './nomad.ts'
import { serverset } from './serverset.ts'
import { srv } from './srv.ts'

/** The adapters, in the order in which the reference lists them. */
export const adapters: readonly Adapter[] = [consul, nomad, marathon, eureka, k8s, serverset, curator, file, srv]
