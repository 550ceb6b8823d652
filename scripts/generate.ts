/** `npm run generate`: the protocol's TypeScript, docs/config.md and docs/metrics.md, from their sources. All are checked in. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { renderConfigPage } from './render-config-page.ts'
import { renderMetricsPage } from './render-metrics-page.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

execFileSync('node_modules/.bin/buf', ['generate'], { cwd: root, stdio: 'inherit' })
writeFileSync(new URL('../docs/config.md', import.meta.url), renderConfigPage())
writeFileSync(new URL('../docs/metrics.md', import.meta.url), renderMetricsPage())
console.log('generated proto/generated, docs/config.md and docs/metrics.md')
