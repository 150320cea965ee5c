// `tests`: requests that must end at a route.
import { Complaint } from '../complaint.ts'
import { readMethod } from '../match-text.ts'
import { readInstant } from '../quantities.ts'
import { headerValues } from './header-rules.ts'
import { maybe, oneOrMany, plain, section, text } from './values.ts'

export const routeTest = section({
  request: text((line) => {
    const parts = /^(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s+)?(\S+)$/.exec(line)
    if (parts === null) throw new Complaint(`'${line}' is not METHOD URL`, 'write GET words.example.com/one')
    return { method: readMethod(parts[1] ?? 'GET'), url: parts[2] as string }
  }).meta({ description: 'Method and URL; without a scheme it has that of the listener.', samples: ['GET words.example.com/one'] }),
  headers: headerValues.prefault({}).meta({ description: 'Headers of the request.', samples: [{ 'x-user': 'tester-1' }] }),
  from: plain.apply(maybe).meta({ description: 'Who calls: an address, or a name from `callers`.', samples: ['10.0.0.7', 'simon'] }),
  listener: plain.apply(maybe).meta({ description: 'Listener on which the request arrives. Default: one on the port of the URL, else the first whose TLS fits its scheme, else the first.' }),
  at: text(readInstant).apply(maybe).meta({ description: 'When, for routes with `when`. Default: the moment of the check.', samples: ['2026-11-23T08:00:00Z'] }),
  expect: oneOrMany(plain).meta({ description: 'Where it may end: `service`, `service/subset`, `redirect`, `respond:404`, `route:NAME`, `none`. Each destination that a split can choose must be named.', samples: [['words/v1', 'words/v2'], 'none'] }),
}).transform(({ request, ...rest }) => ({ ...request, ...rest }))
