import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type Meter, only, type Reading } from '@hypershard/common'
import { stateMetrics } from './metrics.ts'

/** Settings that name a file with a certificate; a process has one of them, both or none. */
const certificateSettings = ['HYPERSHARD_TLS_CERT', 'HYPERSHARD_HTTP_TLS_CERT'] as const

export interface StateSources {
  readonly config: Readonly<Record<string, unknown>>
  readonly requireReady: () => Promise<void>
}

/** Has a process tell whether it is ready, and until when its certificates last; both are looked at when somebody asks. */
export function readState(meter: Meter, { config, requireReady }: StateSources): void {
  meter.read(stateMetrics.ready, async () =>
    only(
      await requireReady().then(
        () => 1,
        () => 0,
      ),
    ),
  )
  meter.read(stateMetrics.certificateExpires, () => readExpiries(config))
}

async function readExpiries(config: Readonly<Record<string, unknown>>): Promise<Reading<'setting'>[]> {
  const named = certificateSettings.flatMap(setting => {
    const path = config[setting]
    return typeof path === 'string' ? [{ setting, path }] : []
  })
  return Promise.all(
    named.map(async ({ setting, path }) => {
      // Of a file with several the first is the process's own.
      const certificate = new X509Certificate(await readFile(path))
      return { labels: { setting }, value: certificate.validToDate.getTime() / 1_000 }
    }),
  )
}
