import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HypershardError, makeFolder, systemClock } from '@hypershard/common'
import { createDirectoryStore } from './directory-store.ts'
import { withFileErrors } from './file-errors.ts'
import type { ObjectStore } from './object-store.ts'
import { sweepStaging } from './sweep-staging.ts'

/** What a store's location may say behind the `?`. */
const parameters = ['endpoint', 'proxy', 'region', 'staging']

/**
 * Opens the object store at a location: a directory, or `s3://bucket/prefix` with `?region=`, `&endpoint=` for a server
 * other than Amazon's, `&proxy=` for an HTTP proxy on the way to it, and `&staging=` for the local directory of files on
 * their way in.
 * @throws HypershardError `invalid_config`, `storage_failed`
 * @example
 * ```ts
 * const local = await openObjectStore('/data/store')
 * const bucket = await openObjectStore('s3://papers/production?region=eu-central-1')
 * ```
 */
export async function openObjectStore(location: string): Promise<ObjectStore> {
  if (!location.startsWith('s3:')) return createDirectoryStore(location)
  const url = URL.parse(location)
  if (url === null || url.hostname === '') throw badLocation(location, 'it is not s3://bucket/prefix')
  const unknown = [...url.searchParams.keys()].find(name => !parameters.includes(name))
  if (unknown !== undefined)
    throw badLocation(location, `there is no \`${unknown}\`; there are ${parameters.join(', ')}`)
  const path = url.pathname.replace(/^\/|\/$/g, '')
  const stagingDirectory = url.searchParams.get('staging') ?? join(tmpdir(), 'hypershard-staging')
  makeFolder(stagingDirectory, `staging folder ${stagingDirectory}`)
  await withFileErrors(`opening the staging folder ${stagingDirectory}`, () =>
    sweepStaging(stagingDirectory, systemClock),
  )
  // Amazon's client takes as long to load as all else of this package: only who needs it waits for it.
  const { createS3Store } = await import('./s3-store.ts')
  return createS3Store({
    bucket: url.hostname,
    prefix: path === '' ? '' : `${path}/`,
    stagingDirectory,
    region: url.searchParams.get('region') ?? 'us-east-1',
    endpoint: url.searchParams.get('endpoint') ?? undefined,
    proxy: proxyIn(url, location),
  })
}

function proxyIn({ searchParams }: URL, location: string): string | undefined {
  const proxy = searchParams.get('proxy') ?? undefined
  if (proxy !== undefined && !/^https?:$/.test(URL.parse(proxy)?.protocol ?? '')) {
    throw badLocation(location, `proxy=${proxy} is not http://host:port`)
  }
  return proxy
}

function badLocation(location: string, why: string): HypershardError {
  return new HypershardError('invalid_config', `store \`${location}\`: ${why}`, { details: { location } })
}
