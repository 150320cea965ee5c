import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

// `core`, `node` and `edge` need nothing but Node and its packages; `servers` drives real registries and stores (npm run servers brings them).
export default defineConfig({
  test: {
    setupFiles: ['test/support/seed.ts'],
    // Generous, since a loaded machine is no defect: a test that hangs is still found.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // One core less than there are is Vitest's own, but of two that is one, and most tests wait most of their time.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Vitest's own limit is one second.
    expect: { poll: { timeout: 20_000 } },
    projects: [
      { extends: true, test: { name: 'core', include: ['test/unit/**/*.test.ts'] } },
      { extends: true, test: { name: 'node', include: ['test/integration/**/*.test.ts'] } },
      // The worker runs in workerd; the tests drive it from Node over sockets.
      { extends: true, test: { name: 'edge', include: ['test/edge/**/*.test.ts'] } },
      // After the others, one file at a time. A JVM starts in eight seconds alone, and in a minute beside builds; some drills write thousands of changes.
      { extends: true, test: { name: 'servers', include: ['test/servers/**/*.test.ts'], fileParallelism: false, sequence: { groupOrder: 1 }, testTimeout: 120_000, hookTimeout: 240_000 } },
    ],
  },
})
