// The portable core as a library: what `import … from 'fairlead'` gives.
export type { RequestHead, ResponseHead, Source } from './model/request.ts'
export { HeaderList } from './model/headers.ts'
