/** `npm run generate`: the protocol's TypeScript, docs/config.md, docs/metrics.md, the dashboards and the Python client, from their sources. All are checked in. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { renderDashboards } from '../deploy/grafana/src/dashboards.ts'
import { renderConfigPage } from './render-config-page.ts'
import { renderMetricsPage } from './render-metrics-page.ts'
import { renderPythonClient } from './render-python-client.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

execFileSync('node_modules/.bin/buf', ['generate'], { cwd: root, stdio: 'inherit' })
writeFileSync(new URL('../docs/config.md', import.meta.url), renderConfigPage())
writeFileSync(new URL('../docs/metrics.md', import.meta.url), renderMetricsPage())
for (const [file, text] of renderPythonClient()) {
  writeFileSync(new URL(`../clients/python/src/hypershard/${file}`, import.meta.url), text)
}
for (const [file, text] of renderDashboards()) {
  writeFileSync(new URL(`../deploy/grafana/${file}`, import.meta.url), text)
}
console.log('generated proto/generated, docs/config.md, docs/metrics.md, deploy/grafana/*.json and the Python client')
