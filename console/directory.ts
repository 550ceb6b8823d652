import { fileURLToPath } from 'node:url'

/** What `build.mjs` makes of the sources: the files that a coordinator serves. It is not there before the set-up. */
export const consoleDirectory: string = fileURLToPath(new URL('dist', import.meta.url))
