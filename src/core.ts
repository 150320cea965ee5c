// The portable core as a library: what `import … from 'fairlead'` gives.
export type { RequestHead, ResponseHead, Source } from './model/request.ts'
export { HeaderList } from './model/headers.ts'
export type { Decision, DecideContext, Table } from './model/route.ts'
export { compileTable } from './route/compile.ts'
export { decide } from './route/decide.ts'
export { TableError } from './route/table-error.ts'
export { type Explanation, explain } from './route/explain.ts'
export { type Finding, auditTable } from './route/audit.ts'
