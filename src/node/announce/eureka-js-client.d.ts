// What is used of eureka-js-client 4.5.0, which has no types of its own.
declare module 'eureka-js-client' {
  /** Options of a request, as the `request` package takes them. */
  interface RequestOptions {
    readonly baseUrl?: string
    readonly method?: string
    readonly uri: string
    readonly headers?: Readonly<Record<string, string>>
    readonly [option: string]: unknown
  }

  export class Eureka {
    constructor(config: object)
    readonly config: { readonly instance: Record<string, unknown> }
    register(callback: (error: unknown) => void): void
    deregister(callback: (error: unknown) => void): void
    eurekaRequest(options: RequestOptions, callback: (error: unknown, response: { readonly statusCode: number } | undefined, body: unknown) => void): void
  }
}
