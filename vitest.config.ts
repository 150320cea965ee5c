import { defineConfig } from 'vitest/config'

// `core`, `node` and `edge` need nothing but Node and its packages; `servers` drives real registries and stores (npm run servers brings them).
export default defineConfig({
  test: {
    passWithNoTests: true,
    projects: [
      { extends: true, test: { name: 'core', include: ['test/unit/**/*.test.ts'] } },
      { extends: true, test: { name: 'node', include: ['test/integration/**/*.test.ts'], testTimeout: 20_000 } },
      // The worker runs in workerd; the tests drive it from Node over sockets.
      { extends: true, test: { name: 'edge', include: ['test/edge/**/*.test.ts'], testTimeout: 20_000, hookTimeout: 60_000 } },
      { extends: true, test: { name: 'servers', include: ['test/servers/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000, fileParallelism: false } },
    ],
  },
})
