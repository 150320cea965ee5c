// Every exporter of metrics and every format of the access log. A new one is one file and one line here.
import { accessClf } from './access-clf.ts'
import type { AccessFormat } from './access-format.ts'
import { accessJson } from './access-json.ts'
import type { Exporter } from './exporter.ts'
import { prometheus } from './prometheus.ts'

export const exporters: readonly Exporter[] = [prometheus]

export const accessFormats: readonly AccessFormat[] = [accessJson, accessClf]
