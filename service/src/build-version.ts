import { readFileSync } from 'node:fs'

const packageFile = new URL('../package.json', import.meta.url)

/** Of this package, which all workspaces share. */
export const version: string = JSON.parse(readFileSync(packageFile, 'utf8')).version
