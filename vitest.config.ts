import { defineConfig } from 'vitest/config';
import { factsPlugin } from './test/facts-plugin.ts';

export default defineConfig({
  plugins: [factsPlugin()],
  test: { include: ['test/**/*.test.ts'], exclude: ['test/system/**'], testTimeout: 30_000 },
});
