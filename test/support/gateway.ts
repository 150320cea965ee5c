// The one seam between the socket tests and the gateway under test: a configuration text goes in, a running gateway comes out.
// FAIRLEAD_TEST_GATEWAY names a module whose `startGateway` is used instead, so that the same tests can be run against another gateway for comparison.

export interface TestGateway {
  /** Port of a listener; the first one without a name. */
  port(listener?: string): number
  /** Drains and stops; resolves when nothing is left open. */
  stop(): Promise<void>
}

/** Starts a gateway in this process from YAML, with ports chosen by the system where the text says 0. */
export async function startGateway(configText: string): Promise<TestGateway> {
  const other = process.env['FAIRLEAD_TEST_GATEWAY']
  if (other === undefined) throw new Error('The data plane is not there yet.')
  const module = (await import(other)) as { startGateway: typeof startGateway }
  return module.startGateway(configText)
}

/** False while there is nothing to test. */
export const gatewayAvailable = process.env['FAIRLEAD_TEST_GATEWAY'] !== undefined
