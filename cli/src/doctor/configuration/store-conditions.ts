import { stat } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import { HypershardError } from '@hypershard/common'
import { type Check, type Finding, ok, problem, unchecked } from '../check.ts'
import { clockFinding } from '../cluster/clocks-agree.ts'
import type { StoreProbeAnswer } from './probe-store-thread.ts'
import type { Configuration, Environment } from './read-configuration.ts'

const mustMend =
  'use a store that honours `If-None-Match: *` on PutObject and reads what was just written; acknowledged writes would be lost on this one'

/** The object store is there, and really creates an object for one writer alone: it writes some and deletes them. */
export const storeConditions: Check<Configuration> = {
  name: 'object store',
  look: async ({ settings, environment }, signal) => {
    const location = settings.HYPERSHARD_STORE
    if (typeof location !== 'string') return []
    if (!location.startsWith('s3:') && !(await isThere(location))) {
      const says = `${location} is not there yet; the first process makes it`
      return [unchecked(says, 'make it, writable for the processes, and look again')]
    }
    return findingsOf(location, await probe(location, environment, signal))
  },
}

function findingsOf(location: string, { failure, broken, fileSkewMs }: StoreProbeAnswer): Finding[] {
  if (failure !== undefined) return [problem(failure, 'mend what it names; nothing works without the store')]
  const clock = fileSkewMs === undefined ? [] : [clockFinding('the disk of the object store', fileSkewMs)]
  if (broken.length === 0) return [ok(`${location} creates each object once, and shows it at once`), ...clock]
  return [...broken.map(what => problem(`${location}: ${what}`, mustMend)), ...clock]
}

/** In a thread, which can be ended: a client of S3 tries for minutes on end. */
async function probe(location: string, environment: Environment, signal: AbortSignal): Promise<StoreProbeAnswer> {
  const thread = new Worker(new URL('./probe-store-thread.ts', import.meta.url), {
    workerData: location,
    env: { ...environment },
  })
  const answer = Promise.withResolvers<StoreProbeAnswer>()
  thread.once('message', answer.resolve)
  thread.once('error', answer.reject)
  const late = () => answer.reject(new HypershardError('deadline_exceeded', `${location} did not answer in time`))
  signal.addEventListener('abort', late, { once: true })
  try {
    return await answer.promise
  } finally {
    signal.removeEventListener('abort', late)
    await thread.terminate()
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
