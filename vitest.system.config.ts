import { defineConfig } from 'vitest/config';
import { factsPlugin } from './test/facts-plugin.ts';

export default defineConfig({
  plugins: [factsPlugin()],
  // One file at a time: each has a little host of its own, and comparing two looks at it needs a machine that is not busy.
  test: { include: ['test/system/**/*.test.ts'], fileParallelism: false, testTimeout: 60_000, hookTimeout: 60_000 },
});
