import type { Plugin } from 'vitest/config';

/** Loads `*.facts` as a string, as esbuild's text loader does in the bundle. */
export function factsPlugin(): Plugin {
  return {
    name: 'facts-as-text',
    transform: (text, id) => (id.endsWith('.facts') ? { code: `export default ${JSON.stringify(text)};`, map: null } : null),
  };
}
