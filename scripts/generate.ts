/** `npm run generate`: the protocol's TypeScript and docs/config.md, from their sources. Both are checked in. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { renderConfigPage } from './render-config-page.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

execFileSync('node_modules/.bin/buf', ['generate'], { cwd: root, stdio: 'inherit' })
writeFileSync(new URL('../docs/config.md', import.meta.url), renderConfigPage())
console.log('generated proto/generated and docs/config.md')
